/**
 * A scenario's verdict: what was counted, what was demanded, and what of it did not hold.
 *
 * @module
 */

import type { Account } from "./ledger.ts";
import type { Scene } from "./scene.ts";

/** What a scenario came to. */
export interface Result extends Account {
  readonly name: string;
  readonly ok: boolean;
  /** Why it is not `ok`; empty when it is. */
  readonly failures: readonly string[];
  /** What was measured beside: each with its unit. */
  readonly measured: Readonly<Record<string, number>>;
  /** Which of the Go protocol's habits explains what was seen. */
  readonly goExplains: string;
}

/** Collects what a scenario demands and measures. */
export class Verdict {
  readonly #failures: string[] = [];
  readonly #measured: Record<string, number> = {};

  /** Demands that something held. */
  demand(what: string, holds: boolean): void {
    if (!holds) this.#failures.push(what);
  }

  /** Notes a number, and demands that it is within its bound where one is given. */
  measure(name: string, value: number, atMost?: number): void {
    const rounded = Math.round(value);
    this.#measured[name] = rounded;
    if (atMost !== undefined) this.demand(`${name} is ${rounded}, over ${atMost}`, value <= atMost);
  }

  /** The verdict, once everything has come to rest. */
  result(scene: Scene, facts: { readonly name: string; readonly goExplains: string }): Result {
    const account = scene.ledger.account();
    this.demand(`${account.lost} lost`, account.lost === 0);
    const unexplained = account.duplicates - account.explained;
    this.demand(`${unexplained} came twice without a kill`, unexplained === 0);
    for (const error of scene.errors.slice(0, 3)) this.demand(error, false);
    return {
      ...facts,
      ...account,
      ok: this.#failures.length === 0,
      failures: this.#failures,
      measured: this.#measured,
    };
  }
}
