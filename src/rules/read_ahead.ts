/**
 * Decides whether a shard may be read further ahead of its handlers: each has a share of the
 * buffer, so that a slow one does not fill it for all, and that one record which is not done does not
 * keep the memory growing.
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

/** What it takes to remember that a record is processed while one before it is not, about: bytes. */
const REMEMBERED_BYTES = 200;
/** How much of its share of the buffer a shard may take for that, beside what it holds. */
const REMEMBERED_PART = 1 / 2;

/**
 * Whether a shard has run so far ahead of a record that is not processed that it must wait for that
 * one: what is done beyond it is remembered until then, and would take memory without end.
 */
export function mustWaitForFirst(facts: {
  /** Records that are processed ahead of one that is not. */
  readonly aheadCount: number;
  /** How many shards share the bytes: at least 1. */
  readonly shardCount: number;
  readonly maxBytes: number;
}): boolean {
  const { aheadCount, maxBytes, shardCount } = facts;
  return aheadCount * REMEMBERED_BYTES > (maxBytes / shardCount) * REMEMBERED_PART;
}
