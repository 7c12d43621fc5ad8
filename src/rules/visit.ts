/**
 * Decides which shards a client takes that is here for one run. It is given none by a leader; it
 * takes what is free, its fair share first and the rest when nobody else has.
 *
 * @module
 */

import type { Checkpoint } from "../model.ts";

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
