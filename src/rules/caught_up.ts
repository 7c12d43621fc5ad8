/**
 * Decides whether a shard is read to its tip.
 *
 * @module
 */

/** What the last read of a shard returned. */
export interface LastRead {
  readonly recordCount: number;
  /** The most that it could have returned. */
  readonly limit: number;
  /** How far behind the tip it was, in milliseconds; absent where the service does not say. */
  readonly lagMs: number | undefined;
}

/**
 * Whether the last read reached the tip, give or take so many milliseconds. A full answer never
 * does: there is a service that claims no lag although more is to come.
 *
 * @param lastRead absent before the first
 */
export function isAtTip(lastRead: LastRead | undefined, withinMs: number): boolean {
  if (lastRead === undefined || lastRead.recordCount >= lastRead.limit) return false;
  if (lastRead.lagMs === undefined) return lastRead.recordCount === 0;
  return lastRead.lagMs <= withinMs;
}
