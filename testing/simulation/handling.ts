/**
 * Draws how a scenario's clients run handlers, and what goes wrong in those: they throw, hang,
 * outlive their time and their shard.
 *
 * @module
 */

import type { ProcessOptions } from "../../src/handling.ts";
import type { FailureAction } from "../../src/rules/failure_policy.ts";
import { createSeededRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** How a scenario's clients run handlers. */
export interface Handling {
  readonly by: "shard" | "partitionKey" | "nothing";
  readonly isBatch: boolean;
  readonly limit: number;
  readonly timeoutMs: number | undefined;
  readonly action: FailureAction;
  readonly attempts: number;
  /** How many partition keys there are. */
  readonly keyCount: number;
  /** The share of records at which handlers do not do as they should. */
  readonly faultShare: number;
}

/** What a handler does with a record at which it does not do as it should. */
export type HandlerFault =
  | { readonly fault: "throws"; readonly times: number }
  /** Until its signal aborts. */
  | { readonly fault: "hangs" }
  /** Whatever its signal says; then it resolves as if nothing had been. */
  | { readonly fault: "outlives"; readonly ms: number };

/** A call that fails waits no longer than this before the next. */
const MAX_DELAY_MS = 2_000;
const RESUME_AFTER_MS = 1_500;

/**
 * The scenario of a seed with clients that run handlers in place of a loop. Without clients of the
 * Go library, which acknowledge what they have not processed, and without visits: what they excuse
 * is checked elsewhere.
 */
export function withHandlers({ schedule: _, ...scenario }: Scenario): Scenario {
  const { options: { clientRecordMaxAgeMs } } = scenario;
  const random = createSeededRandom(scenario.seed + 0xc07);
  const actions = scenario.actions
    .filter(({ type }) => type !== "go-client" && type !== "visit")
    .map((action) => {
      if (action.type !== "cut" || !action.dynamodb) return action;
      // About as long as a lease: it ends while handlers run, and the row is still in one's own name.
      return { ...action, forMs: clientRecordMaxAgeMs * (0.8 + 0.5 * random.next()) };
    });
  const clientCount = Math.max(1, scenario.clientCount);
  return { ...scenario, clientCount, actions, handling: drawHandling(scenario.seed) };
}

function drawHandling(seed: number): Handling {
  const random = createSeededRandom(seed + 0x4a4d);
  const pick = <Value>(...values: readonly [Value, ...Value[]]): Value =>
    values[Math.floor(random.next() * values.length)] ?? values[0];
  const by = pick<Handling["by"]>("shard", "shard", "shard", "shard", "partitionKey", "nothing");
  return {
    by,
    isBatch: by !== "partitionKey" && pick(false, false, true),
    limit: pick(1, 3, 16),
    timeoutMs: pick(undefined, 300, 300, 1_500),
    action: pick<FailureAction>("stop", "pauseShard", "pauseShard", "skip", "deadLetter"),
    attempts: pick(1, 2, 2, 4, 1_000_000),
    keyCount: pick(2, 7, 40),
    faultShare: pick(0, 0.03, 0.1, 0.3),
  };
}

/** The options of `process()`, but for the dead letter's function. */
export function processOptions(handling: Handling): ProcessOptions {
  const { action, attempts, by, isBatch, limit, timeoutMs } = handling;
  return {
    batch: isBatch,
    ...(isBatch && { batchSize: 8 }),
    concurrency: { by, limit },
    ...(timeoutMs !== undefined && { timeoutMs }),
    onFailure: {
      action,
      attempts,
      firstDelayMs: 50,
      maxDelayMs: MAX_DELAY_MS,
      ...(action === "pauseShard" && { resumeAfterMs: RESUME_AFTER_MS }),
    },
  };
}

/** What goes wrong at a record: the same whoever handles it, and whenever. */
export function faultOf(
  { seed, handling }: Pick<Scenario, "seed" | "handling">,
  place: number,
): HandlerFault | undefined {
  const random = createSeededRandom(seed * 31 + place);
  if (random.next() >= (handling?.faultShare ?? 0)) return undefined;
  const which = random.next();
  const much = random.next();
  if (which < 0.3) return { fault: "throws", times: 1 + Math.floor(much * 3) };
  if (which < 0.5) return { fault: "throws", times: Infinity };
  if (which < 0.7) return { fault: "hangs" };
  return { fault: "outlives", ms: 200 + Math.floor(much * much * 12_000) };
}
