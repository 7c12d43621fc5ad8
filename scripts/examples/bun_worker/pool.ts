import type { Order } from "./score.ts";

export interface Pool {
  ask(order: Order): Promise<number>;
  close(): void;
}

/** Several workers of one program, asked in turn. */
export function createPool(program: URL, size: number): Pool {
  const waiting = new Map<number, (score: number) => void>();
  const workers = Array.from({ length: size }, () => new Worker(program));
  for (const worker of workers) {
    worker.onmessage = ({ data: { id, score } }: MessageEvent<{ id: number; score: number }>) => {
      waiting.get(id)?.(score);
      waiting.delete(id);
    };
  }
  let count = 0;
  return {
    ask(order) {
      const id = count++;
      workers[id % size]?.postMessage({ order, id });
      return new Promise((resolve) => waiting.set(id, resolve));
    },
    close: () => workers.forEach((worker) => worker.terminate()),
  };
}
