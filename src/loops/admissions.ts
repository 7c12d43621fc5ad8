/**
 * Admits reads: each takes a part of the budget before it is made, and waits while there is none.
 *
 * @module
 */

import { mayReadAhead, mustWaitForFirst } from "../rules/read_ahead.ts";
import type { ByteBudget } from "./byte_budget.ts";
import type { Channel } from "./channel.ts";

/** A part of the budget, taken before a read whose size is not known yet. */
export interface Admission {
  readonly byteLength: number;
}

/** What admitting asks of the queue that it guards. */
export interface AdmittingQueue {
  /** Records that may wait. */
  readonly bufferSize: number;
  /** Records that wait. */
  readonly waitingCount: number;
  /** Shards that have a way to the user. */
  readonly channelCount: number;
  /** Whether shards are served apart. */
  readonly hasTaker: boolean;
  readonly isClosed: boolean;
}

interface AwaitedAdmission {
  readonly byteLength: number;
  readonly channel: Channel | undefined;
  readonly admit: () => void;
}

/** Admits the reads of one queue. */
export class Admissions {
  readonly #budget: ByteBudget;
  readonly #queue: AdmittingQueue;
  readonly #unsubscribe: () => void;
  readonly #waiting: AwaitedAdmission[] = [];
  #heldBytes = 0;

  constructor(budget: ByteBudget, queue: AdmittingQueue) {
    this.#budget = budget;
    this.#queue = queue;
    this.#unsubscribe = budget.subscribe(() => this.admitWaiting());
  }

  /** Bytes of the budget that are taken here. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Waits until the budget has room for a read of about `byteLength` bytes.
   *
   * @returns `undefined` when `signal` aborted first
   */
  admit(
    byteLength: number,
    signal: AbortSignal,
    channel: Channel | undefined,
  ): Promise<Admission | undefined> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(undefined);
      const give = (admission: Admission | undefined) => {
        signal.removeEventListener("abort", abort);
        resolve(admission);
      };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        give(undefined);
        this.admitWaiting();
      };
      const waiting = { byteLength, channel, admit: () => give({ byteLength }) };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", abort, { once: true });
      this.admitWaiting();
    });
  }

  /** Takes so many bytes of the budget. */
  hold(byteLength: number): void {
    this.#heldBytes += byteLength;
    this.#budget.take(byteLength);
  }

  /** Gives so many bytes back. */
  free(byteLength: number): void {
    this.#heldBytes -= byteLength;
    this.#budget.free(byteLength);
    if (this.#queue.isClosed) this.admitWaiting();
  }

  /** Looks again who may read. */
  admitWaiting(): void {
    if (this.#waiting.length === 0) return;
    const queue = this.#queue;
    for (let index = 0; index < this.#waiting.length && queue.waitingCount < queue.bufferSize;) {
      const awaited = this.#waiting[index]!;
      const { byteLength, admit } = awaited;
      if (this.#mustWait(awaited)) {
        index++;
        continue;
      }
      // Who holds nothing reads, whatever the others hold: nobody is starved by a slow neighbour.
      if (this.#heldBytes > 0 && !this.#budget.hasRoomFor(byteLength)) return;
      this.#waiting.splice(index, 1);
      this.hold(byteLength);
      admit();
    }
  }

  /** Hears of what others give back no more. */
  close(): void {
    this.#unsubscribe();
  }

  /** Shards that are served apart have a share each; one that is paused, or far ahead, reads nothing. */
  #mustWait({ byteLength, channel }: AwaitedAdmission): boolean {
    const { bufferSize, channelCount, hasTaker } = this.#queue;
    if (channel === undefined) return false;
    const { maxBytes } = this.#budget;
    const shardCount = Math.max(1, this.#budget.shardCount);
    const { aheadCount } = channel.progress;
    if (mustWaitForFirst({ aheadCount, shardCount, maxBytes })) return true;
    if (!hasTaker) return false;
    return channel.isHeld || !mayReadAhead({
      heldBytes: channel.heldBytes,
      heldCount: channel.heldCount,
      expectedBytes: byteLength,
      shardCount,
      maxBytes,
      ownShardCount: Math.max(1, channelCount),
      maxCount: bufferSize,
    });
  }
}
