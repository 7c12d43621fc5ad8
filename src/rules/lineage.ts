/**
 * Decides which shards may be read: a child only after every parent that is still listed is
 * finished, so that the records of one key stay in order across a reshard.
 *
 * @module
 */

import type { Shard } from "../model.ts";

/** The shards whose records come before this shard's: one after a split, two after a merge. */
export function parentIds(shard: Shard): readonly string[] {
  return [shard.parentShardId, shard.adjacentParentShardId].filter((id) => id !== undefined);
}

/** A shard that is closed gets no more records; only a closed shard can be finished. */
export function isClosed(shard: Shard): boolean {
  return shard.endingSequenceNumber !== undefined;
}

/**
 * The shards that may be read now: not finished, and no listed parent unfinished. A parent that
 * the stream no longer lists has left nothing to read.
 */
export function readableShards(
  shards: readonly Shard[],
  finishedIds: ReadonlySet<string>,
): readonly Shard[] {
  const listedIds = new Set(shards.map((shard) => shard.shardId));
  const isDone = (id: string): boolean => finishedIds.has(id) || !listedIds.has(id);
  return shards.filter((shard) =>
    !finishedIds.has(shard.shardId) && parentIds(shard).every(isDone)
  );
}

/**
 * Whether a shard descends from one of these, by whatever of its lineage the stream still lists:
 * a parent counts although it is no longer listed itself.
 */
export function hasAncestor(
  shards: readonly Shard[],
  shardId: string,
  ancestorIds: ReadonlySet<string>,
): boolean {
  const byId = new Map(shards.map((shard) => [shard.shardId, shard]));
  const seen = new Set<string>();
  const left = [shardId];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const shard = byId.get(id);
    const parents = shard === undefined ? [] : parentIds(shard);
    if (parents.some((parent) => ancestorIds.has(parent))) return true;
    left.push(...parents);
  }
  return false;
}
