/**
 * Plays one seed; a world that breaks down is a violation like any other.
 *
 * @module
 */

import { type PlayResult, playScenario } from "../../testing/simulation/play.ts";
import { drawScenario } from "../../testing/simulation/draw_scenario.ts";
import type { Scenario } from "../../testing/simulation/scenario.ts";

/** Plays a seed, or a changed scenario of it. */
export async function playSafely(
  seed: number,
  scenario: Scenario = drawScenario(seed),
): Promise<PlayResult> {
  try {
    return await playScenario(scenario);
  } catch (error) {
    const what = `the world broke down: ${error instanceof Error ? error.message : String(error)}`;
    return {
      seed,
      violations: [{ promise: "P8", what, atMs: 0 }],
      traceHash: "broken",
      trace: [],
      produced: 0,
      duplicates: 0,
      recoveryMs: 0,
    };
  }
}
