/**
 * What a test holds of a local Kinesis: where it is, and what can be done with it.
 *
 * @module
 */

import type { KinsumerRecord, Shard } from "../src/model.ts";
import type { Consumable, ConsumeAllOptions } from "./consume_all.ts";
import type { LocalFaults } from "./local_faults.ts";
import type { LocalBackend } from "./local_options.ts";
import type { LocalRecord } from "./local_records.ts";
import type { SdkConfig } from "./local_sdk.ts";
import type { ApplicationTables } from "./local_tables.ts";
import type { PutResult } from "./streams.ts";

/** Any will do: the servers check no signature. */
export interface LocalCredentials {
  /** Names the key. */
  readonly accessKeyId: string;
  /** Signs. */
  readonly secretAccessKey: string;
}

/** The part of a Kinsumer's options that leads it to a local Kinesis, at a test's pace. */
export interface LocalClientOptions {
  /** Where the local Kinesis answers. */
  readonly kinesisEndpoint: string;
  /** Where the local DynamoDB answers. */
  readonly dynamodbEndpoint: string;
  /** The region that requests are signed for. */
  readonly region: string;
  /** What requests are signed with. */
  readonly credentials: LocalCredentials;
  /** A heartbeat each 100 ms: a client that joins or leaves is noticed as fast. */
  readonly shardCheckIntervalMs: number;
  /** The leader looks at the shards each 200 ms: a reshard is noticed as fast. */
  readonly leaderActionIntervalMs: number;
  /** A crash is noticed after 3,000 ms; so long may a busy machine keep a client from beating. */
  readonly clientRecordMaxAgeMs: number;
  /** A checkpoint each 100 ms. */
  readonly commitIntervalMs: number;
  /** A read of a shard each 200 ms, the least that the service allows. */
  readonly throttleDelayMs: number;
  /** As often where it is idle. */
  readonly idleDelayMs: number;
  /** kinesalite cuts long answers in CBOR short, and on Deno and Bun all of them. */
  readonly wire: "json";
  /** A look at a table that is being made each 20 ms. */
  readonly tableWaiterDelayMs: number;
}

/** A Kinesis and a DynamoDB that run, and what a test does with them. */
export interface LocalKinesis extends AsyncDisposable {
  /** Which servers these are. */
  readonly backend: LocalBackend;
  /** Why it is these. */
  readonly why: string;
  /** For example `http://127.0.0.1:41234`. */
  readonly kinesisEndpoint: string;
  /** Where the local DynamoDB answers. */
  readonly dynamodbEndpoint: string;
  /** The region that requests are signed for. */
  readonly region: string;
  /** What requests are signed with. */
  readonly credentials: LocalCredentials;
  /**
   * What to spread into the options of a Kinsumer: where the servers are, and intervals that suit
   * tests (heartbeats each 100 ms, a crash noticed after 3 s, reads each 200 ms).
   *
   * @param options.client the access key ID of this client, by which faults can tell it from others
   */
  clientOptions(options?: { readonly client?: string | undefined }): LocalClientOptions;
  /**
   * What to give to a client of the AWS SDK for JavaScript, version 3.
   *
   * @param options.client as in {@linkcode LocalKinesis.clientOptions}
   */
  sdkConfig(
    service: "kinesis" | "dynamodb",
    options?: { readonly client?: string | undefined },
  ): SdkConfig;
  /** Creates a stream and waits until it is active. Its name is one that nothing else has. */
  createStream(options?: StreamShape): Promise<string>;
  /** Creates a stream of this name. */
  createStream(streamName: string, options?: StreamShape): Promise<string>;
  /** Deletes a stream, if it exists, and waits until it is gone. */
  deleteStream(streamName: string): Promise<void>;
  /** Waits until a stream is active. */
  waitUntilActive(streamName: string): Promise<void>;
  /** Every shard, open and closed. */
  shards(streamName: string): Promise<readonly Shard[]>;
  /** Splits an open shard in the middle. @returns the IDs of its two children */
  splitShard(streamName: string, shardId: string): Promise<readonly string[]>;
  /** Merges two adjacent open shards. @returns the ID of their child */
  mergeShards(
    streamName: string,
    shardIds: readonly [shardId: string, adjacentShardId: string],
  ): Promise<string>;
  /**
   * Puts records, as many as there are: in calls of 500 records or 5 MiB, and those again that the
   * service refuses. Without a partition key, each has one of its own, which spreads them over the
   * shards.
   *
   * @param records payloads, or entries with `data`: see {@linkcode LocalRecord}
   * @returns where each landed, in the order in which they were given
   * @throws {TypeError} when one of them is no record
   * @throws {RangeError} when it names a shard that does not exist or is closed
   */
  putRecords(
    streamName: string,
    records: Iterable<LocalRecord> | AsyncIterable<LocalRecord>,
  ): Promise<readonly PutResult[]>;
  /**
   * The rows of an application's tables.
   *
   * @throws {KinsumerError} `TableNotFound` when they were not made yet
   */
  tables(applicationName: string): Promise<ApplicationTables>;
  /**
   * Consumes until it has enough, and acknowledges what it got. A new consumer gets its tables, is
   * run, and is stopped in the end, whatever happened; one that runs already goes on running.
   *
   * @throws {LocalKinesisError} `ConsumeTimeout` when the records do not come in time; it tells what
   * came and what the client owned
   */
  consumeAll(kinsumer: Consumable, options: ConsumeAllOptions): Promise<readonly KinsumerRecord[]>;
  /**
   * What can be made to go wrong. It strikes clients, never the methods of this object.
   *
   * @throws {TypeError} where it was started with `faults: false`
   */
  readonly faults: LocalFaults;
  /** Ends the servers, the container, the child process. Never rejects twice; may be repeated. */
  stop(): Promise<void>;
}

/** How a stream is made. */
export interface StreamShape {
  /** 1 to 1,000. @default {1} */
  readonly shards?: number | undefined;
}
