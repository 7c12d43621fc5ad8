/**
 * Waits until a client is caught up.
 *
 * @module
 */

import type { Clock } from "../runtime.ts";
import type { Membership } from "./membership.ts";

/** When a consumer counts as caught up. */
export interface CaughtUpOptions {
  /**
   * How far behind the tip of each shard the last read may be: 0 to 86,400,000 milliseconds.
   * @default {1000}
   */
  readonly lagMs?: number | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_LAG_MS = 1_000;
const MAX_LAG_MS = 86_400_000;
/** How often it is looked, in memory, whether all is caught up. */
const LOOK_INTERVAL_MS = 25;

/** The client that is waited for. */
export interface CatchingUp {
  readonly clock: Clock;
  readonly member: Membership | undefined;
  readonly isStopping: boolean;
}

/**
 * Checks how far behind a shard may be.
 *
 * @throws {RangeError} when that is not allowed
 */
export function caughtUpLagMs({ lagMs = DEFAULT_LAG_MS }: CaughtUpOptions): number {
  if (typeof lagMs === "number" && lagMs >= 0 && lagMs <= MAX_LAG_MS) return lagMs;
  throw new RangeError(
    `Cannot wait to catch up: lagMs must be a number from 0 to ${MAX_LAG_MS}, got ${lagMs}`,
  );
}

/**
 * Waits until every shard is read to its tip, and all that was read is processed. Shards that were
 * closed when the waiting began count when they are finished.
 *
 * @returns false when the client stopped first
 */
export async function waitUntilCaughtUp(
  client: CatchingUp,
  lagMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const giveUp = new AbortController();
  const closedIds = client.member?.closedShardIds(giveUp.signal);
  let known: ReadonlySet<string> | undefined;
  closedIds?.then((ids) => known = ids);
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (client.isStopping) return false;
      if (known !== undefined && client.member?.isCaughtUp(lagMs, known)) return true;
      await client.clock.sleep(LOOK_INTERVAL_MS, signal);
    }
  } finally {
    giveUp.abort();
  }
}
