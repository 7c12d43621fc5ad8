/**
 * What a consumer says of itself while it runs: typed events, log lines, and the original's
 * statistics. The shapes only.
 *
 * @module
 */

import type { KinsumerError } from "./errors.ts";
import type { SequenceNumber } from "./model.ts";

/** Why a client no longer owns a shard that it wants. */
export type LossReason =
  /** Its row in the checkpoints table is another's. */
  | "taken"
  /** The client could not beat within its time to live, and gave up its shards by itself. */
  | "lease-expired"
  /** The fleet took this client for dead and removed its row. */
  | "expelled";

/** What a shard waits for. */
export type WaitingFor =
  /** An answer of the stream, or one that leads further. */
  | "reading"
  /** Reads that the service asked to slow down. */
  | "throttled"
  /** Reads that fail for another reason, and are made again. */
  | "retrying"
  /** Room in the budget of bytes, which other shards have. */
  | "budget"
  /** You: records wait to be pulled, or are in your hands. */
  | "consumer"
  /** A handler of `process()`. */
  | "handler"
  /** The write of the checkpoint. */
  | "checkpoint"
  /** Another client: it lives, owns the shard, which is this one's to read, and lets it not go. */
  | "owner";

/** What is wrong with a checkpoint. */
export type CheckpointFlaw =
  /** Records after it may be gone: the stream does not keep them for so long. */
  | "trimmed"
  /** It is of another stream of the same name, or was never one of this shard. */
  | "foreign";

/** Something that happened. A closed union: more members may come, none changes its meaning. */
export type KinsumerEvent =
  | {
    /** `run()` is about to resolve. */
    readonly type: "started";
    readonly clientId: string;
  }
  | {
    /** `stop()` is about to resolve; `isClean` tells whether all was written in time. */
    readonly type: "stopped";
    readonly clientId: string;
    readonly isClean: boolean;
  }
  | {
    /** This client leads from now on. */
    readonly type: "leader-won";
    readonly clientId: string;
  }
  | {
    /** It leads no longer. */
    readonly type: "leader-lost";
    readonly clientId: string;
  }
  | {
    /** On the leader: a client is new. */
    readonly type: "client-joined";
    readonly otherClientId: string;
  }
  | {
    /** A client stopped: on the leader. Or it was dead, and this client, or run, removed its row. */
    readonly type: "client-left";
    readonly otherClientId: string;
    /** `stopped`: it left orderly; `dead`: it did not beat within its time to live. */
    readonly reason: "stopped" | "dead";
  }
  | {
    /** The leader shared the shards out anew. */
    readonly type: "rebalanced";
    readonly clientCount: number;
    readonly shardCount: number;
    /** How many shards go from one living client to another, or away from a dead one. */
    readonly moveCount: number;
  }
  | {
    /** This client owns a shard and begins to read. */
    readonly type: "shard-captured";
    readonly shardId: string;
    readonly position: string;
  }
  | {
    /** It gave the shard up, in order; `isClean` tells whether nothing was left in your hands. */
    readonly type: "shard-released";
    readonly shardId: string;
    readonly isClean: boolean;
  }
  | {
    /** A closed shard is processed to its end. */
    readonly type: "shard-finished";
    readonly shardId: string;
  }
  | {
    /** Another owns it or may own it: `taken`, `lease-expired` or `expelled`. */
    readonly type: "shard-lost";
    readonly shardId: string;
    readonly reason: LossReason;
  }
  | {
    /** A shard left the stream, by its retention, before it was processed to its end. */
    readonly type: "shard-expired";
    readonly shardId: string;
    /** The last record that was processed; absent: none was. */
    readonly sequenceNumber: string | undefined;
    readonly processedThroughMs: number | undefined;
  }
  | {
    /** A checkpoint leads nowhere: what lies between it and the next record is not there to be read. */
    readonly type: "checkpoint-invalid";
    readonly shardId: string;
    /** `trimmed`: records after it may be gone; `foreign`: it is of another stream of this name. */
    readonly reason: CheckpointFlaw;
    /** What `onInvalidCheckpoint` says: the shard is not read, read whole, or read from now on. */
    readonly policy: "fail" | "horizon" | "latest";
    /** The checkpoint. */
    readonly sequenceNumber: string | undefined;
    /** Through which moment all was processed: milliseconds since the Unix epoch. */
    readonly processedThroughMs: number | undefined;
    /** The oldest record that is left; absent: there is none, or, at the edge, nobody looked. */
    readonly nextSequenceNumber: string | undefined;
    readonly nextArrivalMs: number | undefined;
  }
  | {
    /** A checkpoint was written; one that has not moved is renewed now and then, without a line. */
    readonly type: "checkpointed";
    readonly shardId: string;
    readonly sequenceNumber: string | undefined;
  }
  | {
    /** Other applications read the stream than before; see the option `coordination`. */
    readonly type: "applications-changed";
    /** All of them, this one included, sorted. */
    readonly applications: readonly string[];
    /** What `throttleDelayMs` suits so many. */
    readonly suggestedDelayMs: number;
    /** What it is now. */
    readonly throttleDelayMs: number;
  }
  | {
    /** A table was to be protected so, and is not: it existed before, or the service knows no such thing. */
    readonly type: "table-unprotected";
    readonly tableName: string;
    readonly option: "deletionProtection" | "pointInTimeRecovery";
  }
  | {
    /** A call failed and is made again after `delayMs`. */
    readonly type: "retried";
    readonly operation: string;
    readonly shardId?: string | undefined;
    readonly failures: number;
    readonly delayMs: number;
    readonly error: KinsumerError;
  }
  | {
    /** The service does not take CBOR: records are read in JSON from now on. */
    readonly type: "wire-refused";
    readonly error: KinsumerError;
  }
  | {
    /** Something failed that the user has to act on; the consumer goes on trying where it can. */
    readonly type: "failed";
    readonly shardId?: string | undefined;
    readonly error: unknown;
  }
  | {
    /** A handler, or a dead letter's function, threw or took too long. */
    readonly type: "record-failed";
    readonly shardId: string;
    /** The first record's, where it was a batch. */
    readonly sequenceNumber: SequenceNumber;
    readonly recordCount: number;
    /** How often these records have failed in a row. */
    readonly failures: number;
    readonly error: unknown;
    /** What follows. */
    readonly next: "retry" | "bisect" | "stop" | "pauseShard" | "skip" | "deadLetter";
    /** Before a retry: milliseconds. */
    readonly delayMs?: number | undefined;
  }
  | {
    /** The policy lets the record go: it counts as processed, although it is not. */
    readonly type: "record-skipped";
    readonly shardId: string;
    readonly sequenceNumber: SequenceNumber;
    readonly error: unknown;
  }
  | {
    /** The dead letter's function has taken the record. */
    readonly type: "record-dead-lettered";
    readonly shardId: string;
    readonly sequenceNumber: SequenceNumber;
    readonly error: unknown;
  }
  | {
    /** The shard stands still at this record; the others go on. */
    readonly type: "shard-paused";
    readonly shardId: string;
    readonly sequenceNumber: SequenceNumber;
    readonly error: unknown;
    /** When it goes on by itself: milliseconds since the Unix epoch. Absent: never. */
    readonly resumesAtMs?: number | undefined;
  }
  | {
    /** It goes on. */
    readonly type: "shard-resumed";
    readonly shardId: string;
  }
  | {
    /** A shard that is behind, or that another client keeps, has not moved for `stalledAfterMs`. */
    readonly type: "shard-stalled";
    readonly shardId: string;
    /** What it waits for. */
    readonly waitingFor: WaitingFor;
    readonly stalledMs: number;
    /** How far behind the tip the last read was; absent before the first. */
    readonly lagMs: number | undefined;
    /** Whether its reading was begun anew: only where that repeats nothing. */
    readonly isRestarted: boolean;
    /** The client ID of who keeps it, where it waits for its owner. */
    readonly ownerId: string | undefined;
  };

/** Receives events. What it throws is ignored, and so is a promise of it that rejects. */
export type EventListener = (event: KinsumerEvent) => void;

/** Shaped like `console`. One line for each change of state; while idle, none. */
export interface Logger {
  /** What happens all the time. */
  debug(message: string, fields?: Record<string, unknown>): void;
  /** What changes: shards captured and released, the fleet. */
  info(message: string, fields?: Record<string, unknown>): void;
  /** What went wrong and is being retried. */
  warn(message: string, fields?: Record<string, unknown>): void;
  /** What needs somebody. */
  error(message: string, fields?: Record<string, unknown>): void;
}

/** The statistics of the Go library. What a method throws is ignored. */
export interface StatsReceiver {
  /** A checkpoint was written. */
  checkpoint(): void;
  /**
   * A record was handed to the consumer.
   *
   * @param event.insertedMs when the stream accepted it, in milliseconds since the Unix epoch
   * @param event.retrievedMs when it was read from the stream
   */
  eventToClient(
    event: { readonly insertedMs: number | undefined; readonly retrievedMs: number },
  ): void;
  /** A read returned `count` records. */
  eventsFromKinesis(
    read: {
      readonly count: number;
      readonly shardId: string;
      readonly lagMs: number | undefined;
    },
  ): void;
}
