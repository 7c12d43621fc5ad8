/**
 * Makes time stand still until a test moves it: a clock whose sleepers wake in one order, the same
 * on every runtime.
 *
 * Between two wakes everything that can run without time passing has run. So one seed gives one
 * trace, as long as nothing in the simulated world waits for the real one (WebCrypto and sockets
 * do).
 *
 * @module
 */

import type { Clock } from "../../src/runtime.ts";

/** One machine's clock: the same timeline as every other, with a wall clock of its own. */
export interface SimulatedMachineClock {
  readonly clock: Clock;
  /** Sets how far the wall clock is ahead (or, below 0, behind), in milliseconds. */
  setWallOffset(offsetMs: number): void;
  /** Hangs the machine: none of its sleepers wakes, while time passes for all others. */
  pause(): void;
  /** Wakes, in order, whoever should have woken meanwhile. */
  resume(): void;
}

/** The timeline, and the clock of the first machine on it. */
export interface SimulatedClock extends SimulatedMachineClock {
  /** A further machine on the same timeline. */
  machine(options?: { readonly wallOffsetMs?: number }): SimulatedMachineClock;
  /**
   * Lets time pass and wakes whoever is due, one after the other.
   *
   * @throws {Error} when a loop at one moment does not end (a retry that does not wait)
   */
  advance(ms: number): Promise<void>;
  /**
   * Lets time pass from one sleeper to the next until the predicate holds.
   *
   * @param limitMs at most so much simulated time
   * @throws {Error} when the predicate does not hold by then, or nobody sleeps any more
   */
  runUntil(predicate: () => boolean, limitMs: number): Promise<void>;
  /** Runs everything that can run without time passing. */
  settle(): Promise<void>;
  /** How many sleepers wait: 0 after a clean stop. */
  sleeperCount(): number;
}

/** Whose sleepers do not wake while it hangs. */
interface Machine {
  isPaused: boolean;
}

/** Who waits for a moment. A class, not closures: there are millions of them in a long run. */
class Sleeper {
  readonly dueMs: number;
  readonly machine: Machine;
  readonly #resolve: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #leave: (sleeper: Sleeper) => void;

  constructor(nap: {
    readonly dueMs: number;
    readonly machine: Machine;
    readonly resolve: () => void;
    readonly signal: AbortSignal | undefined;
    /** Is told that it does not wait any more, because its signal aborted. */
    readonly leave: (sleeper: Sleeper) => void;
  }) {
    this.dueMs = nap.dueMs;
    this.machine = nap.machine;
    this.#resolve = nap.resolve;
    this.#signal = nap.signal;
    this.#leave = nap.leave;
    this.#signal?.addEventListener("abort", this, { once: true });
  }

  wake(): void {
    this.#signal?.removeEventListener("abort", this);
    this.#resolve();
  }

  /** The signal aborts. */
  handleEvent(): void {
    this.#leave(this);
    this.wake();
  }
}

/** More wakes than this at one moment is a loop that does not wait. */
const MOST_WAKES_AT_ONE_MOMENT = 100_000;

/** As in the system's clock: a longer timeout would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Makes a timeline that begins at `startMs`, milliseconds since the Unix epoch. */
export function createSimulatedClock(options: { readonly startMs: number }): SimulatedClock {
  const timeline = new Timeline(options.startMs);
  return {
    ...createMachine(timeline, 0),
    machine: (machine = {}) => createMachine(timeline, machine.wallOffsetMs ?? 0),
    advance: (ms) => timeline.advance(ms),
    runUntil: (predicate, limitMs) => timeline.runUntil(predicate, limitMs),
    settle: drain,
    sleeperCount: () => timeline.sleeperCount,
  };
}

function createMachine(timeline: Timeline, startWallOffsetMs: number): SimulatedMachineClock {
  let wallOffsetMs = startWallOffsetMs;
  const machine = { isPaused: false };
  return {
    clock: {
      nowMs: () => timeline.startMs + timeline.elapsedMs + wallOffsetMs,
      monotonicMs: () => timeline.elapsedMs,
      sleep: (ms, signal) => timeline.sleep({ ms, machine }, signal),
    },
    setWallOffset: (offsetMs) => {
      wallOffsetMs = offsetMs;
    },
    pause: () => {
      machine.isPaused = true;
    },
    resume: () => {
      machine.isPaused = false;
    },
  };
}

class Timeline {
  readonly startMs: number;
  elapsedMs = 0;
  /** The one that wakes first stands last. */
  readonly #sleepers: Sleeper[] = [];
  #wakesAtThisMoment = 0;
  readonly #leave = (sleeper: Sleeper): void => {
    this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
  };

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  get sleeperCount(): number {
    return this.#sleepers.length;
  }

  sleep(
    { ms, machine }: { readonly ms: number; readonly machine: Machine },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const dueMs = this.elapsedMs + Math.min(Math.max(ms, 0) || 0, LONGEST_TIMEOUT_MS);
      const sleeper = new Sleeper({ dueMs, machine, resolve, signal, leave: this.#leave });
      this.#sleepers.splice(this.#place(sleeper), 0, sleeper);
    });
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.elapsedMs + ms;
    await drain();
    while (await this.#wakeNext(endMs));
    this.#moveTo(endMs);
    await drain();
  }

  async runUntil(predicate: () => boolean, limitMs: number): Promise<void> {
    const endMs = this.elapsedMs + limitMs;
    await drain();
    while (!predicate()) {
      if (await this.#wakeNext(endMs)) continue;
      const sleepers = `${this.#sleepers.length} sleep(s)`;
      throw new Error(`Still not so after ${limitMs} simulated ms: ${sleepers} on`);
    }
  }

  async #wakeNext(endMs: number): Promise<boolean> {
    let at = this.#sleepers.length - 1;
    while (at >= 0 && this.#sleepers[at]?.machine.isPaused) at--;
    const sleeper = this.#sleepers[at];
    if (sleeper === undefined || sleeper.dueMs > endMs) return false;
    this.#sleepers.splice(at, 1);
    this.#moveTo(Math.max(sleeper.dueMs, this.elapsedMs));
    if (++this.#wakesAtThisMoment > MOST_WAKES_AT_ONE_MOMENT) {
      throw new Error(`A loop does not wait: ${MOST_WAKES_AT_ONE_MOMENT} wakes at one moment`);
    }
    sleeper.wake();
    await drain();
    return true;
  }

  #moveTo(elapsedMs: number): void {
    if (elapsedMs > this.elapsedMs) this.#wakesAtThisMoment = 0;
    this.elapsedMs = elapsedMs;
  }

  /** Where a sleeper belongs; among those due together, the one that came first wakes first. */
  #place(sleeper: Sleeper): number {
    let low = 0;
    let high = this.#sleepers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sleepers[middle]?.dueMs ?? 0) > sleeper.dueMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * A turn of the real event loop: the queue of microtasks is empty before it comes, however long the
 * chains of promises are. Captured here, so that a test that replaces timers does not hang this.
 */
const realMacrotask: (callback: () => void) => unknown =
  (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate ??
    globalThis.setTimeout;

function drain(): Promise<void> {
  return new Promise((resolve) => void realMacrotask(() => resolve()));
}
