/**
 * Those who wait for a record: they are served in the order in which they came, or end with an error.
 *
 * @module
 */

import type { Range } from "./channel.ts";

interface Puller {
  readonly isBatch: boolean;
  readonly resolve: (range: Range | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Those who wait for a record. */
export class Pullers {
  readonly #pullers: Puller[] = [];
  /** Errors that wait for somebody to come: each ends one pull. */
  readonly #raised: unknown[] = [];

  /** How many wait. */
  get count(): number {
    return this.#pullers.length;
  }

  /** Whether an error waits for somebody to come. */
  get hasRaised(): boolean {
    return this.#raised.length > 0;
  }

  /** Whether who waits longest takes the rest of a read; absent: nobody waits. */
  get wantsBatch(): boolean | undefined {
    return this.#pullers[0]?.isBatch;
  }

  /** Waits behind all others. */
  wait(isBatch: boolean): Promise<Range | undefined> {
    return new Promise((resolve, reject) => {
      this.#pullers.push({ isBatch, resolve, reject });
    });
  }

  /** Serves the one that waits longest. */
  serve(range: Range): void {
    this.#pullers.shift()?.resolve(range);
  }

  /** Ends one pull with an error: the one that waits longest, or the next to come. */
  raise(error: unknown): void {
    const puller = this.#pullers.shift();
    if (puller === undefined) this.#raised.push(error);
    else puller.reject(error);
  }

  /** The error that has waited longest for somebody to come. */
  takeRaised(): unknown {
    return this.#raised.shift();
  }

  /** Ends all that wait, with nothing. */
  end(): void {
    for (const { resolve } of this.#pullers.splice(0)) resolve(undefined);
  }

  /** Ends all that wait, with an error. */
  fail(error: unknown): void {
    for (const { reject } of this.#pullers.splice(0)) reject(error);
  }
}
