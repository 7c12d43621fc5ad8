declare const self: Worker;

export interface Order {
  readonly customer: string;
  readonly total: number;
}

/** Stands for work that keeps a processor busy. */
function score(order: Order): number {
  let hash = 0;
  for (let round = 0; round < 10_000; round++) {
    for (const char of order.customer) hash = (hash * 31 + char.charCodeAt(0)) % 1_000_003;
  }
  return hash % 100;
}

self.onmessage = ({ data: { order, id } }: MessageEvent<{ order: Order; id: number }>) => {
  self.postMessage({ id, score: score(order) });
};
