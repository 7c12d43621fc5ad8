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
 * service names none, the shard must be listed as closed, and a second answer, from an iterator
 * made anew at the last record read, must again be empty and without lag.
 */
export function decideEnd(facts: {
  readonly hasChildShards: boolean;
  readonly isListedAsClosed: boolean;
  /** Whether this answer came from an iterator that was made to confirm the end. */
  readonly isConfirmation: boolean;
  readonly recordCount: number;
  readonly lagMs: number | undefined;
}): EndDecision {
  if (facts.hasChildShards) return "ended";
  if (!facts.isListedAsClosed) return "faulty";
  const isEmpty = facts.recordCount === 0 && (facts.lagMs ?? 0) === 0;
  return facts.isConfirmation && isEmpty ? "ended" : "confirm";
}
