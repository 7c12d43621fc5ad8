/**
 * Decides which shards a client takes that is here for one run. It is given none by a leader; it
 * takes what is free, its fair share first and the rest when nobody else has.
 *
 * @module
 */

import type { Checkpoint, Shard } from "../model.ts";
import { isForeign } from "./checkpoint_validity.ts";
import { isClosed, readableShards } from "./lineage.ts";
import { wallAgeMs } from "./liveness.ts";

/** Who has a readable shard, as far as it matters to a client that is here for one run. */
export type Tenure =
  /** Nobody, or somebody who is dead. */
  | "free"
  /** Somebody who was seen beating. */
  | "held"
  /** Somebody who counts as living and was not seen beating: time will tell. */
  | "silent";

/** What is known of the row of a shard's owner. */
export interface OwnerFacts {
  readonly isLiving: boolean;
  readonly hasBeaten: boolean;
}

/**
 * Who has a shard.
 *
 * @param owner what is known of the owner that the row names; absent: it has no row among the clients
 */
export function tenureOf(
  checkpoint: Checkpoint | undefined,
  owner: OwnerFacts | undefined,
): Tenure {
  if (checkpoint?.ownerId === undefined || owner === undefined || !owner.isLiving) return "free";
  return owner.hasBeaten ? "held" : "silent";
}

/** What one look at the stream and at the checkpoints shows. */
export interface Survey {
  /** The shards that get no more records. */
  readonly closedIds: ReadonlySet<string>;
  /** Those that may be read now. */
  readonly readableIds: readonly string[];
}

/** Which shards are closed, and which may be read: a row of another stream finishes nothing. */
export function survey(
  shards: readonly Shard[],
  rows: ReadonlyMap<string, Checkpoint>,
): Survey {
  const idsOf = (some: readonly Shard[]) => some.map((shard) => shard.shardId);
  const isFinished = (shard: Shard) => {
    const row = rows.get(shard.shardId);
    return row?.isFinished === true && !isForeign(row, shard);
  };
  const finishedIds = new Set(idsOf(shards.filter(isFinished)));
  return {
    closedIds: new Set(idsOf(shards.filter(isClosed))),
    readableIds: idsOf(readableShards(shards, finishedIds)),
  };
}

/** How often a visit looks at the shards that it could not take yet. */
export const LOOK_INTERVAL_MS = 1_000;
/** How often it looks at those that others hold, if it stays. */
const HELD_INTERVAL_MS = 5_000;

/**
 * How long after one look the next is worth its requests.
 *
 * @param tenures of the shards that this client does not have, and is not through with
 * @param mayInherit whether it stays for as long as others may let theirs go
 */
export function lookIntervalMs(tenures: readonly Tenure[], mayInherit: boolean): number {
  if (tenures.some((tenure) => tenure !== "held")) return LOOK_INTERVAL_MS;
  return mayInherit && tenures.length > 0 ? HELD_INTERVAL_MS : Infinity;
}

/** The age of a row that nobody has written yet; so far below the largest number that it can grow. */
const OLDEST_MS = Number.MAX_VALUE / 4;

/**
 * In which order to take shards, where not all can be afforded: those first whose rows have waited
 * longest, so that runs that follow each other come to all in turn. Chance makes each wait up to
 * twice as long, so that those that come at the same time seldom want the same.
 *
 * @param rows what was read of the shards; one without a row has waited longest
 * @param wallNowMs by this host's clock: it decides an order, and nothing else
 * @param chance draws from 0 up to 1
 */
export function byWaiting(
  shardIds: readonly string[],
  rows: ReadonlyMap<string, Checkpoint>,
  { wallNowMs, chance }: { readonly wallNowMs: number; readonly chance: () => number },
): readonly string[] {
  return shardIds.map((shardId) => {
    const row = rows.get(shardId);
    const waitedMs = row === undefined ? OLDEST_MS : wallAgeMs(row.lastUpdate, wallNowMs);
    return { shardId, rank: Math.max(1, waitedMs) * 2 ** chance() };
  }).sort((a, b) => b.rank - a.rank).map(({ shardId }) => shardId);
}

/** What a look costs: the list of shards, the clients, the checkpoints. */
export const REQUESTS_PER_LOOK = 3;
/** What a shard costs at least: capture, iterator, read, release, and two to spare. */
export const REQUESTS_PER_SHARD = 6;
/** What leaving takes beside the shards: the client's own row, and two that may be repeated. */
const REQUESTS_TO_LEAVE = 3;
/** What leaving takes for each shard: its release, and a checkpoint that may be under way. */
const REQUESTS_TO_LEAVE_A_SHARD = 2;

/**
 * How many of the free shards to take now. At the first look no more than an equal share, so that
 * those that come at the same time get theirs; from the second on whatever is still free.
 */
export function takeCount(facts: {
  readonly freeCount: number;
  readonly readableCount: number;
  readonly ownedCount: number;
  /** Clients that count as living, this one included. */
  readonly clientCount: number;
  readonly isFirstLook: boolean;
  /** How many requests may still be made. */
  readonly requestsLeft: number;
}): number {
  const { freeCount, readableCount, ownedCount, clientCount, isFirstLook, requestsLeft } = facts;
  const share = isFirstLook ? Math.ceil(readableCount / clientCount) - ownedCount : freeCount;
  const spare = requestsLeft - requestsToLeave(ownedCount);
  const affordable = Math.floor(spare / REQUESTS_PER_SHARD);
  return Math.max(0, Math.min(freeCount, share, affordable));
}

/** How many requests must be kept for leaving in order. */
export function requestsToLeave(ownedCount: number): number {
  return REQUESTS_TO_LEAVE + REQUESTS_TO_LEAVE_A_SHARD * ownedCount;
}
