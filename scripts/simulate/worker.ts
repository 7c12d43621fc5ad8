/**
 * Plays a range of seeds and prints what became of them, a JSON line each. Started by main.ts.
 *
 * @module
 */

import { parseArgs } from "node:util";
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
  const result = await playSafely(seed);
  hash ^= mix(seed, result.traceHash);
  played++;
  if (result.violations.length > 0) {
    say({ type: "violated", seed, violations: result.violations.slice(0, 5) });
    if (values["stop-at-first"]) break;
  }
  if (played % PROGRESS_EVERY === 0) say({ type: "played", count: PROGRESS_EVERY });
}
say({ type: "played", count: played % PROGRESS_EVERY });
say({ type: "done", hash });

function say(line: WorkerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** One number from a seed and what came of it; the order of seeds does not matter. */
function mix(seed: number, traceHash: string): number {
  let mixed = seed | 0;
  for (const char of traceHash) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0x01000193);
  return mixed;
}
