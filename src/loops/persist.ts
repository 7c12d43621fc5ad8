/**
 * Tries until it succeeds: every failure of the world is announced and waited out, for ever.
 *
 * @module
 */

import { isKinsumerError, KinsumerError } from "../errors.ts";
import { backoffMs, firstDelayMs, MAX_RETRY_DELAY_MS } from "../rules/pacing.ts";
import type { LoopContext } from "./context.ts";

const BASE_DELAY_MS = 100;

/** What is tried, for whom, and until when. */
export interface Persistence {
  readonly operation: string;
  readonly shardId?: string | undefined;
  readonly signal: AbortSignal;
  /** The longest wait between two tries, in milliseconds: at most, and by default, 10 s. */
  readonly maxDelayMs?: number | undefined;
}

/**
 * Repeats a call until it succeeds, waiting longer after each failure, up to a bound.
 *
 * @returns `undefined` when the signal aborted first
 */
export async function persist<Result>(
  context: Pick<LoopContext, "announcer" | "clock" | "random">,
  what: Persistence,
  call: () => Promise<Result>,
): Promise<Result | undefined> {
  for (let failures = 1; !what.signal.aborted; failures++) {
    try {
      return await call();
    } catch (cause) {
      if (what.signal.aborted) return undefined;
      await pause(context, what, toError(cause, what), failures);
    }
  }
  return undefined;
}

/** Announces a failure, and waits: longer with each in a row. */
export async function pause(
  context: Pick<LoopContext, "announcer" | "clock" | "random">,
  { operation, shardId, signal, maxDelayMs = MAX_RETRY_DELAY_MS }: Persistence,
  error: KinsumerError,
  failures: number,
): Promise<void> {
  const chance = context.random.next();
  const baseMs = firstDelayMs(error, BASE_DELAY_MS);
  const maxMs = Math.min(MAX_RETRY_DELAY_MS, maxDelayMs);
  const delayMs = Math.round(backoffMs({ failures, baseMs, maxMs, chance }));
  context.announcer.retried(error, { operation, shardId, failures, delayMs });
  if (!error.retryable) context.announcer.announce({ type: "failed", shardId, error });
  await context.clock.sleep(delayMs, signal);
}

/** Any failure as a {@link KinsumerError}: what a port of the user's own throws may be anything. */
export function toError(
  cause: unknown,
  { operation, shardId }: Pick<Persistence, "operation" | "shardId">,
): KinsumerError {
  if (isKinsumerError(cause)) return cause;
  return new KinsumerError("RequestRejected", `Cannot complete ${operation}: unexpected failure`, {
    cause,
    operation,
    shardId,
    retryable: true,
  });
}
