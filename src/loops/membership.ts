/**
 * Says what the consumer needs of its membership in the fleet, whichever kind it is: for good
 * (`member`) or for one run (`visitor`).
 *
 * @module
 */

import type { ShardConsumer } from "./consume_shard.ts";

/** A client's membership of the fleet. */
export interface Membership {
  /** The shards that this client reads now. */
  readonly consumers: readonly ShardConsumer[];
  /** Whether this client leads the fleet. */
  readonly isLeader: boolean;
  /** Joins the fleet: resolves once the client is registered, and goes on from there. */
  join(signal: AbortSignal): Promise<void>;
  /**
   * Leaves the fleet: releases every shard and removes the client's row.
   *
   * @returns whether everything was written in time
   */
  leave(deadlineMs: number): Promise<boolean>;
  /** The shards that are closed now. */
  closedShardIds(signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Whether every shard of this client is read to its tip and processed. */
  isCaughtUp(withinMs: number, closedIds: ReadonlySet<string>): boolean;
}
