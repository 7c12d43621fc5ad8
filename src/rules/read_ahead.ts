/**
 * Decides whether a shard may be read further ahead of its handlers: each has a share of the
 * buffer, so that a slow one does not fill it for all.
 *
 * @module
 */

/** Whether a shard may be read ahead. One that has nothing waiting always may. */
export function mayReadAhead(facts: {
  /** What was read of this shard and is not processed. */
  readonly heldBytes: number;
  readonly heldCount: number;
  /** What the next read is taken to return. */
  readonly expectedBytes: number;
  /** How many shards share the bytes, those of others included: at least 1. */
  readonly shardCount: number;
  readonly maxBytes: number;
  /** How many shards share the places: at least 1. */
  readonly ownShardCount: number;
  readonly maxCount: number;
}): boolean {
  const { heldBytes, heldCount, expectedBytes } = facts;
  if (heldCount === 0) return true;
  return heldBytes + expectedBytes <= facts.maxBytes / facts.shardCount &&
    heldCount < facts.maxCount / facts.ownShardCount;
}
