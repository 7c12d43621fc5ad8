/**
 * Decides what the leader publishes as the shard cache, and which checkpoint rows have outlived
 * their shard.
 *
 * @module
 */

import type { Checkpoint, Shard } from "../model.ts";
import { readableShards } from "./lineage.ts";

/** The IDs that the shard cache should list: the readable shards, sorted. */
export function shardCacheIds(
  shards: readonly Shard[],
  finishedIds: ReadonlySet<string>,
): readonly string[] {
  return readableShards(shards, finishedIds).map((shard) => shard.shardId).sort();
}

/** Whether two sorted lists of IDs say the same. */
export function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}

/**
 * The rows of shards that the stream no longer lists. Only a row that no living client owns, and
 * whose shard was missing from two lists in a row, may go: one faulty answer must not cost a checkpoint.
 */
export function outlivedCheckpoints(facts: {
  readonly checkpoints: readonly Checkpoint[];
  readonly listedIds: ReadonlySet<string>;
  readonly previouslyListedIds: ReadonlySet<string>;
  readonly livingIds: ReadonlySet<string>;
}): readonly Checkpoint[] {
  const { checkpoints, listedIds, previouslyListedIds, livingIds } = facts;
  if (listedIds.size === 0) return [];
  return checkpoints.filter(({ shardId, ownerId }) =>
    (ownerId === undefined || !livingIds.has(ownerId)) && !listedIds.has(shardId) &&
    !previouslyListedIds.has(shardId)
  );
}
