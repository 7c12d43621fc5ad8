/**
 * Tries a handler again that failed, and gives what fails for good to a dead letter: what of
 * `onFailure` of the whole library a run can do that takes one record after the other.
 *
 * @module
 */

import type { KinsumerRecord } from "../model.ts";
import { handlerDelayMs } from "../rules/failure_policy.ts";
import type { RunOnceContext, RunOnceHandler } from "../run_options.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";

/** Takes a record that its handler could not process, and what that threw last. */
export type DeadLetterAtEdge = (
  record: KinsumerRecord,
  error: unknown,
  context: RunOnceContext,
) => unknown;

/** How often a handler is tried, and what follows. */
export interface RetriedOptions {
  /** Calls of the handler in all, the first included: 1 to 1,000,000. @default {3} */
  readonly attempts?: number | undefined;
  /** Milliseconds before the second call, doubled with each further one: 1 to 3,600,000. @default {200} */
  readonly firstDelayMs?: number | undefined;
  /** The longest wait between two calls, in milliseconds: 1 to 3,600,000. @default {5000} */
  readonly maxDelayMs?: number | undefined;
  /**
   * Takes the record after the last call; it counts as processed once this resolved: one that does
   * nothing skips it. What it throws ends the run, as without it. @default none: what the last call threw ends the run
   */
  readonly deadLetter?: DeadLetterAtEdge | undefined;
  /** Time and chance. @default the runtime's own */
  readonly runtime?: Pick<Runtime, "clock" | "random"> | undefined;
}

/** Of a wait, the part that is left to chance. */
const JITTER = 0.5;

/**
 * Makes a handler that tries another again. It gives up early, without the dead letter, where the
 * shard is lost or too little of the run's time is left to wait: the record then comes again.
 *
 * @example
 * ```ts
 * import { retried, runOnce } from "@kinsumer/kinsumer/edge";
 *
 * const options = { streamName: "orders", applicationName: "billing", region: "eu-west-1" };
 * await runOnce(options, retried((record) => handle(record.json()), {
 *   attempts: 5,
 *   deadLetter: (record, error) => console.error("given up", record.id, error),
 * }));
 * ```
 *
 * @throws {RangeError} when an option's value is not allowed
 */
export function retried(handler: RunOnceHandler, options: RetriedOptions = {}): RunOnceHandler {
  const { attempts = 3, firstDelayMs = 200, maxDelayMs = 5_000, deadLetter } = options;
  const { clock, random } = options.runtime ?? systemRuntime();
  assertWithin("attempts", attempts, 1_000_000);
  assertWithin("firstDelayMs", firstDelayMs, 3_600_000);
  assertWithin("maxDelayMs", maxDelayMs, 3_600_000);
  const policy = { attempts, firstDelayMs, maxDelayMs, jitter: JITTER };
  return async (record, context) => {
    for (let failures = 1;; failures++) {
      try {
        return await handler(record, context);
      } catch (error) {
        if (context.signal.aborted) throw error;
        if (failures >= attempts) {
          if (deadLetter === undefined) throw error;
          await deadLetter(record, error, context);
          return;
        }
        const delayMs = handlerDelayMs({ failures, chance: random.next() }, policy);
        if (delayMs >= context.remainingMs()) throw error;
        await clock.sleep(delayMs, context.signal);
        if (context.signal.aborted) throw error;
      }
    }
  };
}

function assertWithin(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new RangeError(
    `Cannot retry: ${name} must be a whole number from 1 to ${max}, got ${String(value)}`,
  );
}
