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
