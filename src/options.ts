/**
 * Documents what a consumer is made from: every option with its unit, range, default and effect.
 *
 * @module
 */

import type { Credentials, CredentialsProvider } from "./aws/credentials.ts";
import type { KinesisApi } from "./aws/kinesis.ts";
import type { EventListener, Logger, StatsReceiver } from "./events.ts";
import type { StartAt } from "./rules/position.ts";
import type { ContextExtractor } from "./rules/trace_context.ts";
import type { Runtime } from "./runtime.ts";
import type { CheckpointsTable } from "./tables/checkpoints_api.ts";
import type { ClientsTable } from "./tables/clients_api.ts";
import type { MetadataTable } from "./tables/metadata.ts";

/** What several Kinsumers of one process share. */
export interface SharedResources {
  /** The bytes of records that all of them may hold. */
  readonly maxBufferedBytes: number;
  /** Bytes that wait or are in somebody's hands now, over all of them. */
  readonly heldBytes: number;
}

/** What a {@link Kinsumer} is made from. Only a stream and the application's name are required. */
export interface KinsumerOptions {
  /** The stream to consume: 1 to 128 of `A-Z a-z 0-9 _ . -`. Required, unless `streamArn` is given. */
  readonly streamName?: string | undefined;
  /**
   * The stream's ARN instead of its name: for a stream of another account, which its resource
   * policy must allow. Requests then name the ARN, and its region is the default `region`; the
   * tables stay in your account.
   */
  readonly streamArn?: string | undefined;
  /**
   * Names the application: clients with the same name share the stream, applications with
   * different names each see all of it. Becomes the prefix of the three tables: 1 to 200 of
   * `A-Z a-z 0-9 _ . -`.
   */
  readonly applicationName: string;
  /** A name for people, written beside the ID in the tables. @default the client ID */
  readonly clientName?: string | undefined;
  /**
   * Identifies this client in the fleet; the lowest living ID leads. Two living processes must
   * never share one: the older then fails with `ClientIdInUse`. @default a random UUID
   */
  readonly clientId?: string | undefined;
  /** Where the stream and the tables are. @default the environment's `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `us-east-1` with endpoints or ports of your own */
  readonly region?: string | undefined;
  /**
   * Static credentials, or a function that returns some, like the AWS SDK's credential providers;
   * it is asked again before they expire and after the service calls them expired.
   * @default the environment's `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`
   */
  readonly credentials?: Credentials | CredentialsProvider | undefined;
  /** For a local server or a VPC endpoint. @default the environment's `AWS_ENDPOINT_URL_KINESIS`, else `AWS_ENDPOINT_URL`, else the region's public endpoint */
  readonly kinesisEndpoint?: string | undefined;
  /** For a local server or a VPC endpoint. @default the environment's `AWS_ENDPOINT_URL_DYNAMODB`, else `AWS_ENDPOINT_URL`, else the region's public endpoint */
  readonly dynamodbEndpoint?: string | undefined;

  /**
   * Where a shard without a checkpoint is read from: the oldest record still kept, the moment at
   * which the application first started, or a moment of yours (not in the future); or one of these,
   * `{ after: sequenceNumber }` or `{ at: sequenceNumber }` for each shard by its ID, and for the
   * `others` (`"horizon"` if you do not say). Shards that a reshard creates are always read whole,
   * and so are the descendants of a shard that you name. @default {"horizon"}
   */
  readonly startAt?: StartAt | undefined;
  /**
   * What becomes of a shard whose checkpoint leads nowhere, because the records after it were
   * trimmed away or the stream was deleted and made anew. `fail`: it is not read, and the error
   * reaches your loop; `horizon`: it is read from the oldest record that is left; `latest`: from now
   * on. An event names the gap in any case. @default {"fail"}
   */
  readonly onInvalidCheckpoint?: "fail" | "horizon" | "latest" | undefined;
  /**
   * `auto`: asking for the next record acknowledges the one before it. `manual`: a record counts
   * as processed once you called its `ack()`. @default {"auto"}
   */
  readonly acknowledge?: "auto" | "manual" | undefined;

  /**
   * Milliseconds from the start of one read of a shard to the start of the next: 200 to 60,000.
   * A shard allows five reads a second over *all* applications: for several, give each
   * `50 + 200 × applications`. Smaller means less delay, larger means fewer calls. @default {250}
   */
  readonly throttleDelayMs?: number | undefined;
  /**
   * The longest from the start of one read of an idle shard to the start of the next, in milliseconds:
   * 200 to 60,000. A shard whose reads find nothing, and that is not behind, is read less and less
   * often down to this; its next record may come so much later. Smaller than `throttleDelayMs`: idle
   * shards are read like busy ones. @default {1000}
   */
  readonly idleDelayMs?: number | undefined;
  /**
   * Milliseconds between two checkpoints of a shard that makes progress: 10 to 600,000. Bounds
   * what a crash makes others process again; each checkpoint is a write to DynamoDB. At least
   * one a minute is written.
   * @default {5000}
   */
  readonly commitIntervalMs?: number | undefined;
  /**
   * Milliseconds between two heartbeats of this client; with each it also learns which shards are
   * its own: 50 to 600,000. Smaller means faster hand-overs and more writes. @default {1500}
   */
  readonly shardCheckIntervalMs?: number | undefined;
  /**
   * Milliseconds between two looks of the leader at the stream's list of shards: at least
   * `shardCheckIntervalMs`, at most 3,600,000. Bounds how late a reshard is noticed.
   * @default {6000}, or `shardCheckIntervalMs` where that is more
   */
  readonly leaderActionIntervalMs?: number | undefined;
  /**
   * Milliseconds without a heartbeat after which the fleet takes this client for dead and gives
   * its shards to others: at least three times `shardCheckIntervalMs`, at most 3,600,000. A client
   * that cannot beat for so long stops handing records over. Smaller means faster fail-over, and
   * less patience with a slow network. @default five times `shardCheckIntervalMs`: 7500
   */
  readonly clientRecordMaxAgeMs?: number | undefined;
  /**
   * Milliseconds between two shard checks of the Go clients that share the tables: what their
   * `WithShardCheckFrequency` says, 200 to 3,600,000. They count each other as alive for five times
   * as long, so ours must too. Without Go clients it means nothing. @default {60000}, as in Go
   */
  readonly goShardCheckIntervalMs?: number | undefined;
  /**
   * Milliseconds for which a shard that moves to another client waits for its records in your
   * hands: 0 to 3,600,000. When they are not acknowledged by then, the shard moves all the same
   * and they are delivered again. @default {30000}
   */
  readonly drainTimeoutMs?: number | undefined;

  /**
   * Milliseconds after which a shard that is behind, or that another client keeps, and that does not
   * move counts as stalled: 1,000 to 86,400,000. The event `shard-stalled` tells what it waits for,
   * and a reading that hangs is begun anew. Longer than what your handlers may take, or each long one
   * is told. @default {60000}
   */
  readonly stalledAfterMs?: number | undefined;

  /**
   * How many records may wait to be handed over before reading pauses: 1 to 1,000,000. A read that
   * is under way may exceed it. @default {20000}
   */
  readonly bufferSize?: number | undefined;
  /**
   * How many bytes of records may wait or be in your hands, over all shards, before reading
   * pauses: 1 MiB to 4 GiB. Each shard's reads ask for its share, by the size of the records before.
   * Where records suddenly grow, reads that are under way, one a shard, may exceed it by what they
   * return: 10 MiB of payload each at the most, which counts as 14 MiB, as it comes in base64.
   * @default {67108864} (64 MiB)
   */
  readonly maxBufferedBytes?: number | undefined;
  /** The most records that one read may return: 1 to 10,000. @default {10000} */
  readonly readLimit?: number | undefined;
  /**
   * What records are read in. `cbor` spares the service's base64 and most of the parsing: a fraction
   * of the CPU. A service that does not take it is asked in JSON from then on, which the event
   * `wire-refused` tells. @default {"cbor"}
   */
  readonly wire?: "cbor" | "json" | undefined;
  /**
   * Milliseconds until an unanswered request is given up: 100 to 300,000. Requests to DynamoDB are
   * given up after a third of `clientRecordMaxAgeMs` where that is sooner, so that a heartbeat can
   * be tried again in time. @default {10000}
   */
  readonly requestTimeoutMs?: number | undefined;

  /**
   * What the tables' names begin with, before `clients`, `checkpoints` and `metadata`: 1 to 240 of
   * `A-Z a-z 0-9 _ . -`. Clients of one application must agree. @default `applicationName` and `_`
   */
  readonly tablePrefix?: string | undefined;
  /** Whole names of the tables, 3 to 255 of `A-Z a-z 0-9 _ . -`; those not given begin with the prefix. */
  readonly tableNames?: {
    readonly clients?: string | undefined;
    readonly checkpoints?: string | undefined;
    readonly metadata?: string | undefined;
  } | undefined;
  /** Tags of each table that `createRequiredTables()` makes: at most 50, AWS says what they may be. */
  readonly tableTags?: { readonly [key: string]: string } | undefined;
  /**
   * Whether the tables that `createRequiredTables()` makes are protected from deletion, by
   * `deleteTables()` too. @default {false}
   */
  readonly deletionProtection?: boolean | undefined;
  /** Whether `createRequiredTables()` turns point-in-time recovery of the tables on. @default {false} */
  readonly pointInTimeRecovery?: boolean | undefined;
  /** Provisioned capacity of each table that `createRequiredTables()` makes. @default on-demand */
  readonly tableCapacity?:
    | { readonly readUnits: number; readonly writeUnits: number }
    | undefined;
  /** Milliseconds between two looks at a table that is being created or deleted: 10 to 60,000. @default {1000} */
  readonly tableWaiterDelayMs?: number | undefined;

  /** Is told what happens. */
  readonly onEvent?: EventListener | undefined;
  /** Gets a line for each change of state; `console` will do. @default silence */
  readonly logger?: Logger | undefined;
  /** Is told what the Go library's `StatReceiver` is told. */
  readonly statsReceiver?: StatsReceiver | undefined;
  /**
   * Finds the producer's trace context in a record, so that `receive` and `process` spans link to
   * it: `traceContextFromJson()`, `traceContextFromPrefix()`, or a function of yours. Asked only
   * where an OpenTelemetry SDK records; what it throws counts as none.
   */
  readonly extractContext?: ContextExtractor | undefined;

  /**
   * A table that several applications of one stream name alike, to see each other: they then know
   * how many they are, and what `throttleDelayMs` suits so many. `createRequiredTables()` makes it;
   * `deleteTables()` leaves it alone.
   */
  readonly coordination?: {
    /** 3 to 255 of `A-Z a-z 0-9 _ . -`. */
    readonly tableName: string;
    /** Whether the suggested delay is adopted, where it is longer than `throttleDelayMs`. @default {true} */
    readonly adopt?: boolean | undefined;
    /** Milliseconds between two looks: 1,000 to 3,600,000. @default {60000} */
    readonly intervalMs?: number | undefined;
  } | undefined;
  /**
   * What several Kinsumers of one process share, made by `createShared()`: a budget of bytes and the
   * credentials. Takes the place of `maxBufferedBytes` and `credentials`.
   */
  readonly shared?: SharedResources | undefined;
  /** Time, chance, network and environment. @default the runtime's own */
  readonly runtime?: Runtime | undefined;
  /** A Kinesis client of your own. */
  readonly kinesis?: KinesisApi | undefined;
  /** Tables of your own; those not given are DynamoDB's. */
  readonly tables?: {
    readonly clients?: ClientsTable | undefined;
    readonly checkpoints?: CheckpointsTable | undefined;
    readonly metadata?: MetadataTable | undefined;
  } | undefined;
}
