/**
 * The nouns of the protocol, with their units. Decides, remembers and does nothing.
 *
 * @module
 */

/**
 * The place of a record in its shard: a decimal number of up to 56 digits, kept as a string.
 * Compare two of them as `BigInt`: as strings, or as numbers, they sort wrongly.
 */
export type SequenceNumber = string;

/** One shard of the stream, as ListShards describes it. */
export interface Shard {
  /** For example `shardId-000000000003`. */
  readonly shardId: string;
  /** The shard that was split or merged into this one; absent for a stream's first shards. */
  readonly parentShardId?: string | undefined;
  /** The second parent of a shard that a merge made. */
  readonly adjacentParentShardId?: string | undefined;
  /** Where its range of sequence numbers begins. */
  readonly startingSequenceNumber?: SequenceNumber | undefined;
  /** Present only when the shard is closed: no record will ever be added to it. */
  readonly endingSequenceNumber?: SequenceNumber | undefined;
}

/** A record as the stream returns it, before it is handed to anyone. */
export interface ReceivedRecord {
  /** Its place in the shard. */
  readonly sequenceNumber: SequenceNumber;
  /** May be absent: some producers write none. */
  readonly partitionKey?: string | undefined;
  /** The payload. An implementation may decode it when it is first read. */
  readonly data: Uint8Array;
  /** When the stream accepted the record: milliseconds since the Unix epoch, about right. */
  readonly approximateArrivalMs?: number | undefined;
  /** How the stream keeps it: `"KMS"`, `"NONE"`, or absent. */
  readonly encryptionType?: string | undefined;
}

/** A record in the hands of the consumer. */
export interface KinsumerRecord {
  /**
   * Identifies the record for good: `stream/shard/sequence number`. The same however often it is
   * delivered, to whichever client: what makes your work idempotent.
   */
  readonly id: string;
  /** The shard that it was read from. */
  readonly shardId: string;
  /** Its place in that shard. */
  readonly sequenceNumber: SequenceNumber;
  /** May be absent: some producers write none. */
  readonly partitionKey: string | undefined;
  /**
   * The payload, decoded when it is first read: a view of the answer that brought it. Copy it
   * (`slice()`) to keep it for long, or to transfer its buffer.
   */
  readonly data: Uint8Array;
  /** When the stream accepted the record: milliseconds since the Unix epoch, about right. */
  readonly approximateArrivalMs: number | undefined;
  /** `NONE` or `KMS`, where the service says so. */
  readonly encryptionType: string | undefined;
  /** How far behind the tip of the shard the read was that returned this record, in milliseconds. */
  readonly lagMs: number | undefined;
  /** Aborts when this client loses the shard: work that goes on after that may be done twice. */
  readonly signal: AbortSignal;
  /** The payload as UTF-8 text. */
  text(): string;
  /**
   * The payload as JSON.
   *
   * @throws {SyntaxError} when the payload is not JSON
   */
  json(): unknown;
  /**
   * Says that this record is processed. With `acknowledge: "manual"` nothing else does, and a record
   * that is not acknowledged stays open, whatever becomes of the loop; with `"auto"` it says so
   * early. Records may be acknowledged in any order: a checkpoint never passes one that is not.
   * Repeating it, or calling it after the shard was lost, does nothing.
   */
  ack(): void;
}

/** The records that one read of one shard returned, as far as they are not handed over yet. */
export interface RecordBatch {
  /** The shard that they were read from. */
  readonly shardId: string;
  /** In sequence-number order; at least one. */
  readonly records: readonly KinsumerRecord[];
  /** How far behind the tip of the shard the read was, in milliseconds. */
  readonly lagMs: number | undefined;
  /** Aborts when this client loses the shard. */
  readonly signal: AbortSignal;
  /** Acknowledges every record of the batch; see {@linkcode KinsumerRecord.ack}. */
  ack(): void;
}

/** Where to begin reading a shard. */
export type Position =
  | { readonly type: "TRIM_HORIZON" }
  | { readonly type: "LATEST" }
  | { readonly type: "AT_TIMESTAMP"; readonly timestampMs: number }
  | { readonly type: "AFTER_SEQUENCE_NUMBER"; readonly sequenceNumber: SequenceNumber }
  | { readonly type: "AT_SEQUENCE_NUMBER"; readonly sequenceNumber: SequenceNumber };

/** What a client's row says of it. */
export interface ClientRow {
  /** Who it is; the key of the row. */
  readonly clientId: string;
  /** Its name for people. */
  readonly clientName?: string | undefined;
  /**
   * When the client last beat, by its own clock: Unix nanoseconds. Nobody reads the time from it:
   * it counts as a token that changes with each beat.
   */
  readonly lastUpdate: string;
  /** After how long without a beat this client counts as dead. Absent in rows of the Go library. */
  readonly maxAgeMs?: number | undefined;
  /** The shards that the leader gave to this client. Absent in rows of the Go library. */
  readonly assignedShardIds?: readonly string[] | undefined;
  /** True once the client has begun to stop, or from the first if it is here for one run: it is given no shards. */
  readonly isLeaving?: boolean | undefined;
  /** How many clients this one leads, itself included, as its latest beat says; absent: it does not lead. */
  readonly ledClientCount?: number | undefined;
  /** The process: each that starts under this ID has another. Absent in rows of the Go library. */
  readonly incarnation?: string | undefined;
  /** For how long others have seen the row without a beat since `lastUpdate`, one after the other. */
  readonly witnessedMs?: number | undefined;
}

/** What the checkpoints table knows of one shard. */
export interface Checkpoint {
  /** The shard; the key of the row. */
  readonly shardId: string;
  /**
   * The last record that is processed; absent if none is. The sentinel `LATEST`, seeded by hand,
   * means: begin at the tip.
   */
  readonly sequenceNumber?: SequenceNumber | undefined;
  /**
   * Where reading begins while there is no sequence number, in milliseconds since the Unix epoch:
   * when a shard with the sentinel was first captured, so that what arrives from then on is read,
   * whoever owns the shard next; or a moment that the shard was put back to, 1 being the oldest
   * record.
   */
  readonly startAtMs?: number | undefined;
  /**
   * Everything that arrived up to this moment is processed, by the clocks of the stream and of the
   * owner: milliseconds since the Unix epoch. Absent in rows of the Go library.
   */
  readonly processedThroughMs?: number | undefined;
  /** When the row was last written, by the writer's clock: Unix nanoseconds. Changes with each write. */
  readonly lastUpdate: string;
  /** The client that owns the shard; absent when it is free. */
  readonly ownerId?: string | undefined;
  /** The owner's name for people. */
  readonly ownerName?: string | undefined;
  /** The process of the owner that captured the shard. Absent in rows of the Go library. */
  readonly ownerIncarnation?: string | undefined;
  /** The shard has ended, and all of it is processed. */
  readonly isFinished: boolean;
}

/** Who leads the fleet. */
export interface LeaderRow {
  /** Absent after the leader resigned. */
  readonly clientId?: string | undefined;
  /** Its name for people. */
  readonly clientName?: string | undefined;
  /** Changes each time the leader renews its lead. */
  readonly lastUpdate: string;
  /** After how long without a renewal the lead is free. Absent in rows of the Go library. */
  readonly maxAgeMs?: number | undefined;
}

/** The shards that may be read now: unfinished, and every listed parent finished. Sorted. */
export interface ShardCache {
  /** Their IDs. */
  readonly shardIds: readonly string[];
  /** Changes each time the leader writes them. */
  readonly lastUpdate: string;
}
