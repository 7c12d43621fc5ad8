/**
 * Decides how fast: when the next read of a shard may start, and how long a retry waits.
 *
 * @module
 */

/** How long to wait before the next read: reads are counted from start to start. */
export function readDelayMs(facts: {
  /** When the last read started; absent before the first. */
  readonly lastReadAtMs: number | undefined;
  readonly nowMs: number;
  readonly throttleDelayMs: number;
}): number {
  if (facts.lastReadAtMs === undefined) return 0;
  return Math.max(0, facts.lastReadAtMs + facts.throttleDelayMs - facts.nowMs);
}

/** The longest wait between two tries, and the first where a try will hardly help by itself. */
export const MAX_RETRY_DELAY_MS = 10_000;
const CREDENTIALS_DELAY_MS = 1_000;

/**
 * The first wait after a failure. What the service may soon answer is tried soon; what somebody has
 * to mend is tried seldom; refused credentials lie between, because others may be there by then.
 *
 * @param baseMs the first wait after a failure that may pass by itself
 */
export function firstDelayMs(
  error: { readonly code: string; readonly retryable: boolean },
  baseMs: number,
): number {
  if (error.retryable) return baseMs;
  return error.code === "CredentialsRejected" ? CREDENTIALS_DELAY_MS : MAX_RETRY_DELAY_MS;
}

/**
 * How long to wait before a retry: doubled with each failure up to a bound, the upper half of it
 * left to chance, so that clients that failed together do not come back together.
 *
 * @param facts.failures how many attempts have failed in a row: at least 1
 * @param facts.chance from 0 (included) to 1 (excluded)
 */
export function backoffMs(facts: {
  readonly failures: number;
  readonly baseMs: number;
  readonly maxMs: number;
  readonly chance: number;
}): number {
  const doubled = facts.baseMs * 2 ** Math.min(facts.failures - 1, 30);
  const bound = Math.min(doubled, facts.maxMs);
  return bound / 2 + (bound / 2) * facts.chance;
}
