/**
 * Bounds how long a client's departure takes: first it is let to end by itself, then hurried, then
 * cut short.
 *
 * @module
 */

import type { Clock } from "../runtime.ts";

/** How much of a stop's deadline is kept for the last writes, and the most that is: milliseconds. */
const LAST_WRITES_SHARE = 0.3;
const LAST_WRITES_MAX_MS = 2_000;
/** How much of that is kept for giving even the last writes up. */
const FAREWELL_MAX_MS = 100;

/** The steps of a departure. */
export interface DepartureSteps {
  /** Departs; resolves whether all was written. The signal aborts when even the last writes are given up. */
  readonly depart: (signal: AbortSignal) => Promise<boolean>;
  /** Stops waiting for what is in the user's hands. */
  readonly hurry: () => void;
  /** Gives up even the last writes. */
  readonly abandon: () => void;
}

/** A departure within a deadline. */
export class Departure {
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  constructor(clock: Clock, deadlineMs: number) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /** Resolves by the deadline, come what may, and tells whether everything was written. */
  async run({ depart, hurry, abandon }: DepartureSteps): Promise<boolean> {
    const deadlineMs = this.#deadlineMs;
    const lastWritesMs = Math.min(LAST_WRITES_MAX_MS, deadlineMs * LAST_WRITES_SHARE);
    const farewellMs = Math.min(FAREWELL_MAX_MS, lastWritesMs / 2);
    const done = new AbortController();
    const abandoning = new AbortController();
    let isClean = false;
    const departing = depart(abandoning.signal).then((isDeparted) => {
      isClean = isDeparted;
      done.abort();
    });
    const after = (ms: number) => this.#clock.sleep(ms, done.signal);
    after(deadlineMs - lastWritesMs).then(hurry);
    after(deadlineMs - farewellMs).then(() => {
      abandoning.abort();
      abandon();
    });
    await Promise.race([departing, after(deadlineMs)]);
    done.abort();
    return isClean;
  }
}
