/**
 * Plays a range of seeds and prints what became of them, a JSON line each. Started by main.ts.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { withHandlers } from "../../testing/simulation/handling.ts";
import { drawScenario } from "../../testing/simulation/draw_scenario.ts";
import { playSafely } from "./play_seed.ts";
import type { WorkerLine } from "./protocol.ts";

/** Seeds between two lines of progress. */
const PROGRESS_EVERY = 25;

const { values } = parseArgs({
  options: {
    from: { type: "string" },
    to: { type: "string" },
    "stop-at-first": { type: "boolean", default: false },
  },
});
const [from, to] = [Number(values.from), Number(values.to)];
let hash = 0;
let played = 0;
for (let seed = from; seed < to; seed++) {
  const isViolated = await play(seed);
  played++;
  if (isViolated && values["stop-at-first"]) break;
  if (played % PROGRESS_EVERY === 0) say({ type: "played", count: PROGRESS_EVERY });
}
say({ type: "played", count: played % PROGRESS_EVERY });
say({ type: "done", hash });

/** Plays a seed, and every fourth one again with handlers in place of loops. */
async function play(seed: number): Promise<boolean> {
  let isViolated = false;
  for (const hasHandlers of seed % 4 === 0 ? [false, true] : [false]) {
    const scenario = drawScenario(seed);
    const played = hasHandlers ? withHandlers(scenario) : scenario;
    const { traceHash, violations } = await playSafely(seed, played);
    hash ^= mix(hasHandlers ? ~seed : seed, traceHash);
    if (violations.length === 0) continue;
    isViolated = true;
    say({ type: "violated", seed, hasHandlers, violations: violations.slice(0, 5) });
  }
  return isViolated;
}

function say(line: WorkerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** One number from a seed and what came of it; the order of seeds does not matter. */
function mix(seed: number, traceHash: string): number {
  let mixed = seed | 0;
  for (const char of traceHash) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0x01000193);
  return mixed;
}
