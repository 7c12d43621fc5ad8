/**
 * Measures the backends and prints what they took. A goal that is missed is told; only one that is
 * missed grossly is a failure, because a busy machine is slow too.
 *
 * @module
 */

import process from "node:process";
import type { LocalBackend } from "../../testing/local_options.ts";
import { drawTimes, judgeTimes, measureTimes } from "./times.ts";

const ROUNDS = 7;

/** @returns how many goals were not grossly missed, and how many were */
export async function reportTimes(
  backends: readonly LocalBackend[],
): Promise<{ readonly passed: number; readonly failed: number }> {
  const times = await measureTimes(backends, ROUNDS);
  const verdicts = judgeTimes(times);
  process.stdout.write(
    `${
      [`Median of ${ROUNDS} starts each`, ...drawTimes(times, verdicts)].join(
        "\n",
      )
    }\n`,
  );
  const failed = verdicts.filter(({ outcome }) => outcome === "grossly missed").length;
  return { passed: verdicts.length - failed, failed };
}
