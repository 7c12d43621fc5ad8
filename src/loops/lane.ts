/**
 * One shard in the hands of its handlers: what is under way, what waits in hand, whether it is
 * paused.
 *
 * @module
 */

import type { PausedShard } from "../handling.ts";
import { KeyOrder } from "../rules/key_order.ts";
import type { Clock } from "../runtime.ts";
import type { Attempt } from "./attempt.ts";
import type { Channel, Range } from "./channel.ts";

/** Some records of a shard that are worked on, one call of a handler after the other. */
export class Task {
  readonly lane: Lane;
  readonly range: Range;
  readonly key: unknown;
  /** The call that runs now. */
  attempt: Attempt | undefined;
  /** Whether it counts among the handlers that run at once. */
  hasSlot = true;
  /** Whether its records are no longer its own: they were lost, let go, or given back. */
  isVoid = false;

  constructor(lane: Lane, range: Range, key: unknown) {
    this.lane = lane;
    this.range = range;
    this.key = key;
  }
}

/** One shard in the hands of its handlers. */
export class Lane {
  readonly channel: Channel;
  readonly tasks: Set<Task> = new Set();
  /** Records in hand that wait for their turn: only where the order is not the shard's. */
  order: KeyOrder<unknown, Range> = new KeyOrder();
  paused: PausedShard | undefined;
  /** What a call that ignores its signal holds up: handlers that still run, unheard. */
  strayCount = 0;
  /** Whether what was in hand when the shard was paused is dropped. */
  isDropped = false;
  isResumeWanted = false;
  readonly #clock: Clock;
  readonly #naps = new Set<AbortController>();
  #isClosed = false;

  constructor(channel: Channel, clock: Clock) {
    this.channel = channel;
    this.#clock = clock;
  }

  /** Whether a call may begin. */
  get mayBegin(): boolean {
    return !this.#isClosed && this.paused === undefined && this.channel.isOpen;
  }

  /** Whether the shard is let go, or lost. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Waits; ends at once when the shard is paused or closed. */
  async nap(ms: number): Promise<void> {
    if (this.#isClosed) return;
    const nap = new AbortController(); // one each: Node warns of many listeners to one signal
    this.#naps.add(nap);
    await this.#clock.sleep(ms, nap.signal);
    this.#naps.delete(nap);
  }

  /** Ends every wait. */
  wake(): void {
    for (const nap of this.#naps) nap.abort();
  }

  /** Puts back what is in hand and has not begun. */
  putBack(): void {
    for (const range of this.order.clear()) this.channel.giveBack(range);
  }

  /** Begins no more: what runs may end. */
  close(): void {
    this.#isClosed = true;
    this.paused = undefined;
    this.putBack();
    this.wake();
  }
}
