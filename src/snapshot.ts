/**
 * What a client says of itself when it is asked: plain data, fit for JSON. The shapes only. They carry
 * no record data, partition keys, messages of errors, or credentials.
 *
 * @module
 */

import type { WaitingFor } from "./events.ts";
import type { ClientState, Health } from "./rules/health.ts";
import type { ShardState } from "./rules/shard_state.ts";

/** An error, without its message, which might carry data. */
export interface ErrorSnapshot {
  /** A Kinsumer error's code; another's class. */
  readonly code: string;
  /** The call that failed; null where it was none. */
  readonly operation: string | null;
  /** When: milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** One shard that this client reads, or is about to. */
export interface ShardSnapshot {
  /** The shard. */
  readonly shardId: string;
  /** What it is doing. */
  readonly state: ShardState;
  /** Whether this client owns it. */
  readonly isOwner: boolean;
  /** The last record that was read; null before the first. */
  readonly readSequenceNumber: string | null;
  /** The last record of the unbroken row of processed records; null: none since it was captured. */
  readonly processedSequenceNumber: string | null;
  /** What the checkpoint says; null: nothing. */
  readonly checkpointSequenceNumber: string | null;
  /** How long ago the checkpoint was written. */
  readonly checkpointAgeMs: number | null;
  /** How far behind the tip of the shard the last read was; null before the first. */
  readonly lagMs: number | null;
  /** Bytes of the budget that its records take, waiting or in hand. */
  readonly heldBytes: number;
  /** Records that wait to be handed over. */
  readonly waitingRecords: number;
  /** Records that are handed over and not acknowledged. */
  readonly inHandRecords: number;
  /** What it waits for now; null: for nothing, it is at the tip or about to be captured. */
  readonly waitingFor: WaitingFor | null;
  /** Set once it has stood still for longer than `stalledAfterMs`: for how long. */
  readonly stalledMs: number | null;
  /** Set while a handler's failure keeps it paused. */
  readonly paused: {
    readonly error: string;
    readonly sinceMs: number;
    /** When it goes on by itself; null: never. */
    readonly resumesAtMs: number | null;
  } | null;
  /** What went wrong last with this shard; `null` when nothing did. */
  readonly lastError: ErrorSnapshot | null;
}

/** The state of one client. Moments are milliseconds since the Unix epoch. */
export interface KinsumerSnapshot {
  /** When this was so. */
  readonly takenAtMs: number;
  /** What the client is doing. */
  readonly state: ClientState;
  /** The verdict, with its reasons. */
  readonly health: Health;
  /** Who it is. */
  readonly clientId: string;
  /** Its name for people. */
  readonly clientName: string;
  /** What it reads. */
  readonly streamName: string;
  /** The fleet that it belongs to. */
  readonly applicationName: string;
  /** Whether it leads the fleet. */
  readonly isLeader: boolean;
  /** How long ago the last heartbeat that landed was sent; null before the first. */
  readonly heartbeatAgeMs: number | null;
  /** For how long this client may still hand records over without another heartbeat. */
  readonly leaseRemainingMs: number;
  /** What is read and not handed over yet. */
  readonly buffer: {
    /** Bytes of the budget that this client takes. */
    readonly heldBytes: number;
    readonly maxBytes: number;
    readonly waitingRecords: number;
    readonly inHandRecords: number;
  };
  /** Sorted by shard ID. */
  readonly shards: readonly ShardSnapshot[];
  /** The last that went wrong, of the client or of a shard. */
  readonly lastError: ErrorSnapshot | null;
}
