/**
 * Sums up what became of one shard in a visit.
 *
 * @module
 */

import type { ShardConsumer } from "./consume_shard.ts";

/** What became of one shard in a visit. */
export interface VisitedShard {
  /** The shard. */
  readonly shardId: string;
  /** The last record that is processed, by this visit or before it; absent: none is. */
  readonly sequenceNumber: string | undefined;
  /** How far behind the tip the last read was; absent: it was not read. */
  readonly lagMs: number | undefined;
  /** `finished`: closed and processed to its end; `caughtUp`: read to its tip; else `behind`. */
  readonly state: "finished" | "caughtUp" | "behind";
}

/**
 * What became of a shard.
 *
 * @param facts.lagMs how far behind its tip it counts as caught up
 */
export function sumUp(
  consumer: ShardConsumer,
  facts: { readonly isClosed: boolean; readonly lagMs: number },
): VisitedShard {
  const { shardId, sequenceNumber, lagMs, state } = consumer;
  const isCaughtUp = consumer.wasCaughtUp(facts.lagMs) && !facts.isClosed;
  const became = state === "finished" ? "finished" : isCaughtUp ? "caughtUp" : "behind";
  return { shardId, sequenceNumber, lagMs, state: became };
}
