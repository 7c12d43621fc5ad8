/**
 * Watches how long handlers take: aborts those whose time is up, and tells of those that do not end
 * even then. One timer for all.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { Clock } from "../runtime.ts";
import type { Attempt } from "./attempt.ts";

/** How long a handler whose time is up gets to end. */
const GRACE_MS = 5_000;

/** Watches how long handlers take. */
export class Overseer {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onStuck: (attempt: Attempt) => void;
  /** In the order in which they began. */
  readonly #running = new Set<Attempt>();
  /** Those whose time is up. */
  readonly #late = new Set<Attempt>();
  readonly #stopping = new AbortController();

  constructor(
    clock: Clock,
    facts: { readonly timeoutMs: number; readonly onStuck: (attempt: Attempt) => void },
  ) {
    this.#clock = clock;
    this.#timeoutMs = facts.timeoutMs;
    this.#onStuck = facts.onStuck;
    if (this.#timeoutMs < Infinity) this.#watch();
  }

  watch(attempt: Attempt): void {
    if (this.#timeoutMs < Infinity) this.#running.add(attempt);
  }

  release(attempt: Attempt): void {
    this.#running.delete(attempt);
    this.#late.delete(attempt);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const nowMs = this.#clock.monotonicMs();
      for (const attempt of this.#due(this.#late, nowMs - GRACE_MS)) this.#onStuck(attempt);
      for (const attempt of this.#due(this.#running, nowMs)) {
        this.#late.add(attempt);
        attempt.abort(timeoutOf(attempt, this.#timeoutMs), true);
      }
      await this.#clock.sleep(this.#nextMs(nowMs) - nowMs, signal);
    }
  }

  /** Takes out those that began so long ago. */
  #due(attempts: Set<Attempt>, nowMs: number): readonly Attempt[] {
    const due: Attempt[] = [];
    for (const attempt of attempts) {
      if (attempt.startedAtMs + this.#timeoutMs > nowMs) break;
      due.push(attempt);
    }
    for (const attempt of due) attempts.delete(attempt);
    return due;
  }

  #nextMs(nowMs: number): number {
    const [running] = this.#running;
    const [late] = this.#late;
    return this.#timeoutMs + Math.min(
      nowMs,
      running?.startedAtMs ?? Infinity,
      (late?.startedAtMs ?? Infinity) + GRACE_MS,
    );
  }
}

function timeoutOf({ shardId, sequenceNumber }: Attempt, timeoutMs: number): KinsumerError {
  return new KinsumerError(
    "HandlerTimedOut",
    `Cannot process a record of shard "${shardId}": its handler took more than ${timeoutMs} ms`,
    { shardId, sequenceNumber, retryable: true },
  );
}
