/**
 * What a worker tells the main program.
 *
 * @module
 */

import type { Violation } from "../../testing/simulation/account.ts";

/** A seed in which a promise was not kept. */
export interface ViolatedSeed {
  readonly seed: number;
  /** Whether its clients ran handlers in place of loops. */
  readonly hasHandlers: boolean;
  readonly violations: readonly Violation[];
}

/** One line of a worker's output. */
export type WorkerLine =
  | { readonly type: "played"; readonly count: number }
  | ({ readonly type: "violated" } & ViolatedSeed)
  | { readonly type: "done"; readonly hash: number };
