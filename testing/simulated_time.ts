/**
 * Decides when a simulated world's time passes: while somebody waits for it, and nobody works.
 *
 * Time stands still until somebody waits: for a promise of a consumer's (`run()`, `next()`, `for
 * await`, `stop()`), or for a sleep on the user's clock. Then it jumps from one timer to the next.
 * While a record is being worked on it stands still again, unless the work itself sleeps on that
 * clock: so work takes no simulated time, however long a database takes to answer. That has a limit
 * in real time, because a record may also lie in the hands of somebody who waits for `stop()`.
 *
 * @module
 */

import type { Clock, Wait } from "../src/runtime.ts";
import type { SimulatedClock } from "./simulation/clock.ts";

/** After so much simulated time in which nobody got a record, who waits for one waits in vain. */
const REST_AFTER_MS = 600_000;

const nothing = (): number => 0;

/** Moves a simulated clock. */
export class TimeKeeper {
  /** Time for the user's own code: who sleeps on it is waited for. */
  readonly clock: Clock;
  readonly #timeline: SimulatedClock;
  readonly #patienceMs: number;
  readonly #waits = new Set<Wait>();
  readonly #handCounts = new Set<() => number>();
  #sleepCount = 0;
  #isMoving = false;
  #restAtMs = 0;
  /** Changes with every wait: what somebody holds is then no longer the same. */
  #waitCount = 0;
  /** What is held, and for how many real milliseconds that was waited for. */
  #held = { what: "", waitedMs: 0 };

  /** @param options.patienceMs how long work may take: real milliseconds */
  constructor(timeline: SimulatedClock, options: { readonly patienceMs: number }) {
    this.#timeline = timeline;
    this.#patienceMs = options.patienceMs;
    const { nowMs, monotonicMs } = timeline.clock;
    this.clock = { nowMs, monotonicMs, sleep: (ms, signal) => this.#sleep(ms, signal) };
  }

  /** The clock for a consumer: its timers alone make no time pass. */
  consumerClock(): Clock {
    const { clock } = this.#timeline;
    const sleep: Clock["sleep"] = (ms, signal) => {
      const slept = clock.sleep(ms, signal);
      this.#move();
      return slept;
    };
    return { ...clock, sleep };
  }

  /** Somebody waits. */
  readonly onWait = (wait: Wait): void => {
    const over = (): void => {
      this.#waits.delete(wait);
      this.touch();
    };
    this.#waits.add(wait);
    this.#handCounts.add(wait.inHandCount);
    this.#waitCount++;
    wait.until.then(over, over);
    this.touch();
  };

  /** Something has happened: who waits for a record may get one. */
  touch(): void {
    this.#passFor(REST_AFTER_MS);
  }

  /** Sleeps beside somebody's waiting. Lets no time pass by itself, but so much for the other. */
  readonly limit: Clock["sleep"] = (ms, signal) => {
    this.#passFor(ms + REST_AFTER_MS);
    return this.#timeline.clock.sleep(ms, signal);
  };

  #passFor(ms: number): void {
    this.#restAtMs = Math.max(this.#restAtMs, this.clock.monotonicMs() + ms);
    this.#move();
  }

  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const until = this.#timeline.clock.sleep(ms, signal);
    this.#sleepCount++;
    this.onWait({ until, isForRecords: false, inHandCount: nothing });
    await until;
    this.#sleepCount--;
  }

  async #move(): Promise<void> {
    if (this.#isMoving || !this.#isAwaited()) return;
    this.#isMoving = true;
    try {
      do {
        await this.#timeline.runUntil(() => !this.#mayPass(), Infinity);
        if (this.#isHeld()) await this.#wait();
      } while (this.#isAwaited());
    } finally {
      this.#isMoving = false;
    }
  }

  #mayPass(): boolean {
    return this.#isAwaited() && !this.#isHeld();
  }

  #isAwaited(): boolean {
    if (this.#waits.size === 0 || this.#timeline.sleeperCount() === 0) return false;
    if (this.clock.monotonicMs() < this.#restAtMs) return true;
    return [...this.#waits].some((wait) => !wait.isForRecords);
  }

  /** Whether work is under way that deserves some more patience. */
  #isHeld(): boolean {
    if (this.#sleepCount > 0) return false;
    let count = 0;
    for (const inHandCount of this.#handCounts) count += inHandCount();
    if (count === 0) return false;
    const what = `${count} ${this.#waitCount}`;
    if (this.#held.what !== what) this.#held = { what, waitedMs: 0 };
    return this.#held.waitedMs < this.#patienceMs;
  }

  async #wait(): Promise<void> {
    await realMillisecond();
    this.#held.waitedMs++;
  }
}

/** Captured here, so that a test that replaces timers does not hang this. */
const realTimeout: (callback: () => void, ms: number) => unknown = globalThis.setTimeout;

function realMillisecond(): Promise<void> {
  return new Promise((resolve) => void realTimeout(resolve, 1));
}
