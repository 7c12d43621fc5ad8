/**
 * Accounts for the records of the demo: what was put, what came, how often, in which order. Pure.
 *
 * @module
 */

import type { PutResult } from "../../testing/streams.ts";

/** The account. */
export interface Verdict {
  readonly produced: number;
  /** Different records that came. */
  readonly consumed: number;
  readonly lost: number;
  readonly twice: number;
  /** Records that came after a later one of their shard. */
  readonly outOfOrder: number;
}

/** Whether nothing is wrong. */
export function isGood({ lost, twice, outOfOrder }: Verdict): boolean {
  return lost === 0 && twice === 0 && outOfOrder === 0;
}

/** Keeps the account. */
export class Tally {
  readonly #put = new Set<string>();
  readonly #came = new Map<string, number>();
  readonly #lastByShard = new Map<string, bigint>();
  #outOfOrder = 0;

  produced(results: readonly PutResult[]): void {
    for (const result of results) this.#put.add(idOf(result));
  }

  consumed(record: PutResult): void {
    const id = idOf(record);
    this.#came.set(id, (this.#came.get(id) ?? 0) + 1);
    const last = this.#lastByShard.get(record.shardId) ?? -1n;
    const place = BigInt(record.sequenceNumber);
    if (place < last) this.#outOfOrder++;
    else this.#lastByShard.set(record.shardId, place);
  }

  get isComplete(): boolean {
    return this.verdict.lost === 0;
  }

  get verdict(): Verdict {
    const all = [...this.#put];
    const times = [...this.#came.values()];
    return {
      produced: this.#put.size,
      consumed: this.#came.size,
      lost: all.filter((id) => !this.#came.has(id)).length,
      twice: times.reduce((sum, count) => sum + count - 1, 0),
      outOfOrder: this.#outOfOrder,
    };
  }
}

function idOf({ shardId, sequenceNumber }: PutResult): string {
  return `${shardId}/${sequenceNumber}`;
}
