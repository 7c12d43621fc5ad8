/**
 * Keeps until when this client may act as an owner: its last landed beat, by its own monotonic
 * clock.
 *
 * @module
 */

import { isLeaseValid } from "../rules/liveness.ts";
import type { Clock } from "../runtime.ts";

/** Until when this client may act as an owner. */
export class Lease {
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  #beatenAtMs = Number.NEGATIVE_INFINITY;
  #lapseCount = 0;

  constructor(clock: Clock, maxAgeMs: number) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Whether no other client may take this one for dead yet. */
  get isValid(): boolean {
    return isLeaseValid(
      { beatenAtMs: this.#beatenAtMs, maxAgeMs: this.#maxAgeMs },
      this.#clock.monotonicMs(),
    );
  }

  /** How often the lease had ended before it was renewed. */
  get lapseCount(): number {
    return this.#lapseCount;
  }

  /** How long ago the last beat that landed was sent; absent where there is none. */
  get ageMs(): number | undefined {
    const ageMs = this.#clock.monotonicMs() - this.#beatenAtMs;
    return Number.isFinite(ageMs) ? ageMs : undefined;
  }

  /** Milliseconds until the lease ends; 0 when it has. */
  get remainingMs(): number {
    return Math.max(0, this.#beatenAtMs + this.#maxAgeMs - this.#clock.monotonicMs());
  }

  /** A beat that was sent at `beatenAtMs` has landed. */
  renew(beatenAtMs: number): void {
    if (!this.isValid) this.#lapseCount++;
    this.#beatenAtMs = Math.max(this.#beatenAtMs, beatenAtMs);
  }

  /** The fleet took this client for dead. */
  end(): void {
    this.#beatenAtMs = Number.NEGATIVE_INFINITY;
  }
}
