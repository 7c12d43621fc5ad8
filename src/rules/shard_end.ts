/**
 * Decides whether a shard has ended. An answer without a next iterator is not enough: such answers
 * come by mistake too, and a shard that is taken for ended too early loses its last records.
 *
 * @module
 */

/** What an answer without a next iterator means. */
export type EndDecision =
  /** Nothing is left to read. */
  | "ended"
  /** It may be so: ask again from where the reading stands, with a new iterator. */
  | "confirm"
  /** The shard is open: the answer was faulty. */
  | "faulty";

/**
 * What an answer without a next iterator means. Child shards in the answer settle it. Where the
 * service names none, the shard must be listed as closed, and the answers to an iterator made anew at
 * the last record read must again be empty to the end: once if they tell no lag, twice if they do
 * (some servers count lag at the end of a closed shard too).
 */
export function decideEnd(facts: {
  readonly hasChildShards: boolean;
  readonly isListedAsClosed: boolean;
  /** How many iterators were made to confirm the end since a record was read. */
  readonly confirmations: number;
  readonly recordCount: number;
  readonly lagMs: number | undefined;
}): EndDecision {
  if (facts.hasChildShards) return "ended";
  if (!facts.isListedAsClosed) return "faulty";
  if (facts.recordCount > 0) return "confirm";
  const needed = (facts.lagMs ?? 0) === 0 ? 1 : 2;
  return facts.confirmations >= needed ? "ended" : "confirm";
}
