/**
 * Decides what follows when a handler failed: another try and after how long, a split of the batch,
 * or what the user chose for a record that will not succeed.
 *
 * @module
 */

/** What may become of a record that its handler could not process. */
export type FailureAction = "stop" | "pauseShard" | "skip" | "deadLetter";

/** How often, and how soon, a failed handler is called again. */
export interface RetryPolicy {
  /** Calls in all, the first included; `Infinity`: for ever. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** The part of a delay that is left to chance: 0 to 1. */
  readonly jitter: number;
}

/** What follows a failure. */
export type AfterFailure =
  | { readonly next: "retry"; readonly delayMs: number }
  /** The batch has more than one record: find those that fail. */
  | { readonly next: "bisect" }
  | { readonly next: FailureAction };

/**
 * What follows a failure. A batch is tried as often as the policy says, then halved; a half is tried
 * once before it is halved again, and a single record as often as the policy says.
 *
 * @param facts.failures how often these records have failed together: at least 1
 * @param facts.isPart whether they are a part of a batch that was halved
 * @param facts.chance from 0 (included) to 1 (excluded)
 */
export function afterFailure(
  facts: {
    readonly failures: number;
    readonly recordCount: number;
    readonly isPart: boolean;
    readonly chance: number;
  },
  policy: RetryPolicy & { readonly action: FailureAction },
): AfterFailure {
  const { failures, recordCount, isPart, chance } = facts;
  if (recordCount > 1 && isPart) return { next: "bisect" };
  if (failures < policy.attempts) {
    return { next: "retry", delayMs: handlerDelayMs({ failures, chance }, policy) };
  }
  return { next: recordCount > 1 ? "bisect" : policy.action };
}

/**
 * What follows when a handler ignores its aborted signal: nothing of its shard may begin while it
 * runs, so no action that goes on with the shard is possible.
 */
export function afterStuck(action: FailureAction): "stop" | "pauseShard" {
  return action === "pauseShard" ? "pauseShard" : "stop";
}

/** How long a retry waits: doubled with each failure up to the maximum, less what chance takes off. */
export function handlerDelayMs(
  { failures, chance }: { readonly failures: number; readonly chance: number },
  { firstDelayMs, maxDelayMs, jitter }: RetryPolicy,
): number {
  const bound = Math.min(firstDelayMs * 2 ** Math.min(failures - 1, 30), maxDelayMs);
  return Math.round(bound * (1 - jitter * chance));
}
