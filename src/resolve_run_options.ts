/**
 * Finds what is wrong with the bounds of a run, and fills in the defaults.
 *
 * @module
 */

import type { RunOnceOptions } from "./run_options.ts";

/** What a run may take, with every default filled in. */
export interface RunLimits {
  readonly untilCaughtUp: boolean;
  readonly budgetMs: number;
  readonly lagMs: number;
  readonly maxRequests: number;
}

/**
 * Checks what bounds a run, and fills in the defaults.
 *
 * @throws {TypeError} when an option has the wrong type, or is not known
 * @throws {RangeError} when an option's value is not allowed
 */
export function resolveRunOptions(run: Omit<RunOnceOptions, "process">): RunLimits {
  const known = ["budgetMs", "untilCaughtUp", "lagMs", "maxRequests", "signal"];
  for (const name of Object.keys(run)) {
    if (!known.includes(name)) throw new TypeError(`Cannot run once: ${name} is not an option`);
  }
  const { untilCaughtUp = true } = run;
  if (typeof untilCaughtUp !== "boolean") {
    throw new TypeError(
      `Cannot run once: untilCaughtUp must be true or false, got ${typeof untilCaughtUp}`,
    );
  }
  return {
    untilCaughtUp,
    budgetMs: wholeNumber("budgetMs", run.budgetMs ?? 30_000, [500, 3_600_000]),
    lagMs: wholeNumber("lagMs", run.lagMs ?? 1_000, [0, 86_400_000]),
    maxRequests: wholeNumber("maxRequests", run.maxRequests ?? 1_000_000, [20, 1_000_000]),
  };
}

/**
 * Checks a number of a run.
 *
 * @throws {TypeError} when it is none
 * @throws {RangeError} when it is not whole, or outside of the bounds
 */
export function wholeNumber(
  name: string,
  value: unknown,
  [min, max]: readonly [min: number, max: number],
): number {
  const problem = `Cannot run once: ${name} must be a whole number from ${min} to ${max}, ` +
    `got ${String(value)}`;
  if (typeof value !== "number") throw new TypeError(problem);
  if (!Number.isInteger(value) || value < min || value > max) throw new RangeError(problem);
  return value;
}
