/**
 * Decides from which shards a shard descends, and which open shards lie side by side.
 *
 * @module
 */

import type { Shard } from "../../mod.ts";

function parentsOf({ parentShardId, adjacentParentShardId }: Shard): readonly string[] {
  return [parentShardId, adjacentParentShardId].filter((id) => id !== undefined);
}

/** The ancestors of each shard: parents, their parents, and so on. */
export function ancestorsOf(shards: readonly Shard[]): ReadonlyMap<string, readonly string[]> {
  const parents = new Map(shards.map((shard) => [shard.shardId, parentsOf(shard)]));
  const collect = (shardId: string, found: Set<string>): Set<string> => {
    for (const id of parents.get(shardId) ?? []) {
      if (!found.has(id)) collect(id, found.add(id));
    }
    return found;
  };
  return new Map(shards.map(({ shardId }) => [shardId, [...collect(shardId, new Set())]]));
}

/**
 * The open shards of a stream, from the lowest hash key to the highest. A stream's first shards are
 * numbered that way, and so are the two halves of a split; a merged shard stands where its first
 * parent stood.
 */
export function openShardsInKeyOrder(shards: readonly Shard[]): readonly string[] {
  const byId = [...shards].sort((a, b) => a.shardId < b.shardId ? -1 : 1);
  const line: string[] = [];
  for (const shard of byId) {
    const places = parentsOf(shard).map((id) => line.indexOf(id)).filter((place) => place >= 0);
    const place = places.length === 0 ? line.length : Math.min(...places) + 1;
    const siblings = byId.filter(({ shardId, parentShardId }) =>
      parentShardId !== undefined && parentShardId === shard.parentShardId &&
      line.includes(shardId)
    ).length;
    line.splice(place + siblings, 0, shard.shardId);
  }
  const openIds = new Set(byId.filter(isOpen).map(({ shardId }) => shardId));
  return line.filter((id) => openIds.has(id));
}

function isOpen(shard: Shard): boolean {
  return shard.endingSequenceNumber === undefined;
}
