/**
 * A local Kinesis and DynamoDB for tests, in one line: starts the servers, puts a proxy for faults
 * before them, and offers what a test does with them.
 *
 * @module
 */

import { createAwsCall } from "../src/aws/call.ts";
import { createCredentialsSource } from "../src/aws/credentials.ts";
import { createDynamoDbApi } from "../src/aws/dynamodb.ts";
import type { DynamoDbApi } from "../src/aws/dynamodb_api.ts";
import { retrying } from "../src/aws/retrying.ts";
import type { KinsumerRecord, Shard } from "../src/model.ts";
import { parentIds } from "../src/rules/lineage.ts";
import { systemRuntime } from "../src/runtime.ts";
import { startBackend, type StartedBackend } from "./backends/start.ts";
import { type FaultProxy, startFaultProxy } from "./fault_proxy.ts";
import { type Consumable, consumeAll, type ConsumeAllOptions } from "./consume_all.ts";
import { LocalKinesisError } from "./local_error.ts";
import type {
  LocalClientOptions,
  LocalCredentials,
  LocalKinesis,
  StreamShape,
} from "./local_model.ts";
import { createLocalFaults, type LocalFaults } from "./local_faults.ts";
import {
  type LocalBackend,
  type LocalKinesisOptions,
  resolveLocalOptions,
} from "./local_options.ts";
import { type LocalRecord, putLocalRecords } from "./local_records.ts";
import { createSdkRequestHandler, type SdkConfig } from "./local_sdk.ts";
import { portTaken } from "./local_servers.ts";
import { type ApplicationTables, readTables } from "./local_tables.ts";
import { openStreams, type PutResult, type Streams } from "./streams.ts";

const REGION = "us-east-1";
const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };
const CONSUME_TIMEOUT_MS = 15_000;

/** Faster than the defaults, slow enough for a busy machine. */
const TEST_INTERVALS = {
  shardCheckIntervalMs: 100,
  leaderActionIntervalMs: 200,
  clientRecordMaxAgeMs: 3_000,
  commitIntervalMs: 100,
  throttleDelayMs: 200,
  idleDelayMs: 200,
  wire: "json",
  tableWaiterDelayMs: 20,
} as const;

/**
 * Starts a Kinesis and a DynamoDB on this machine.
 *
 * @throws {TypeError} when an option is not known or has the wrong type
 * @throws {RangeError} when an option's value is not allowed
 * @throws {LocalKinesisError} when they cannot be started; see {@linkcode LocalKinesisErrorCode}
 *
 * @example
 * ```ts
 * import { Kinsumer } from "@kinsumer/kinsumer";
 * import { startLocalKinesis } from "@kinsumer/kinsumer/testing";
 *
 * const local = await startLocalKinesis();
 * const streamName = await local.createStream({ shards: 2 });
 * await local.putRecords(streamName, [{ total: 12 }, { total: 30 }]);
 * const applicationName = "billing";
 * const client = new Kinsumer({ streamName, applicationName, ...local.clientOptions() });
 * const records = await local.consumeAll(client, { until: 2 });
 * await local.stop();
 * ```
 */
export async function startLocalKinesis(options: LocalKinesisOptions = {}): Promise<LocalKinesis> {
  const resolved = resolveLocalOptions(options, systemRuntime().env);
  const { faults, seed, kinesisPort, dynamodbPort, log } = resolved;
  // Behind the proxy the servers may listen anywhere.
  const started = await startBackend(
    faults ? { ...resolved, kinesisPort: 0, dynamodbPort: 0 } : resolved,
  );
  log(`Local Kinesis: ${started.backend}, because ${started.why}`);
  if (!faults) return new Local(started, undefined);
  try {
    return new Local(
      started,
      await startFaultProxy({ ...started, kinesisPort, dynamodbPort, seed }),
    );
  } catch (error) {
    await started.stop();
    throw portTaken(kinesisPort || dynamodbPort, error) ?? error;
  }
}

class Local implements LocalKinesis {
  readonly backend: LocalBackend;
  readonly why: string;
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly region: string = REGION;
  readonly credentials: LocalCredentials = CREDENTIALS;
  readonly #started: StartedBackend;
  readonly #proxy: FaultProxy | undefined;
  readonly #faults: LocalFaults | undefined;
  readonly #streams: Streams;
  readonly #dynamodb: DynamoDbApi;
  #recordCount = 0;
  #stopping: Promise<void> | undefined;

  constructor(started: StartedBackend, proxy: FaultProxy | undefined) {
    this.backend = started.backend;
    this.why = started.why;
    this.kinesisEndpoint = (proxy ?? started).kinesisEndpoint;
    this.dynamodbEndpoint = (proxy ?? started).dynamodbEndpoint;
    this.#started = started;
    this.#proxy = proxy;
    this.#faults = proxy && createLocalFaults(proxy);
    const { kinesisEndpoint } = started; // past the proxy: a fault is not meant for the test itself
    this.#streams = openStreams({ kinesisEndpoint, region: REGION, credentials: CREDENTIALS });
    this.#dynamodb = openDynamoDb(started.dynamodbEndpoint);
  }

  get faults(): LocalFaults {
    if (this.#faults !== undefined) return this.#faults;
    throw new TypeError("Cannot order faults: this local Kinesis was started with faults: false");
  }

  clientOptions({ client }: { readonly client?: string | undefined } = {}): LocalClientOptions {
    const { kinesisEndpoint, dynamodbEndpoint, region } = this;
    const credentials = credentialsOf(client);
    return { kinesisEndpoint, dynamodbEndpoint, region, credentials, ...TEST_INTERVALS };
  }

  sdkConfig(
    service: "kinesis" | "dynamodb",
    { client }: { readonly client?: string | undefined } = {},
  ): SdkConfig {
    if (service !== "kinesis" && service !== "dynamodb") {
      throw new RangeError(`There is "kinesis" and "dynamodb", got "${String(service)}"`);
    }
    return {
      endpoint: service === "kinesis" ? this.kinesisEndpoint : this.dynamodbEndpoint,
      region: this.region,
      credentials: credentialsOf(client),
      requestHandler: createSdkRequestHandler(),
    };
  }

  async createStream(name?: string | StreamShape, shape?: StreamShape): Promise<string> {
    this.#assertRunning();
    const streamName = typeof name === "string" ? name : `stream-${crypto.randomUUID()}`;
    const { shards: shardCount = 1 } = (typeof name === "string" ? shape : name) ?? {};
    if (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > 1_000) {
      const words = `shards must be a whole number from 1 to 1000, got ${String(shardCount)}`;
      throw new RangeError(`Cannot create a stream: ${words}`);
    }
    await this.#streams.create(streamName, { shardCount });
    return streamName;
  }

  async deleteStream(streamName: string): Promise<void> {
    this.#assertRunning();
    await this.#streams.delete(streamName);
  }

  async waitUntilActive(streamName: string): Promise<void> {
    this.#assertRunning();
    await this.#streams.waitUntilActive(streamName);
  }

  async shards(streamName: string): Promise<readonly Shard[]> {
    this.#assertRunning();
    return await this.#streams.shards(streamName);
  }

  async splitShard(streamName: string, shardId: string): Promise<readonly string[]> {
    this.#assertRunning();
    await this.#streams.split(streamName, shardId);
    return await this.#childrenOf(streamName, shardId);
  }

  async mergeShards(
    streamName: string,
    [shardId, adjacentShardId]: readonly [shardId: string, adjacentShardId: string],
  ): Promise<string> {
    this.#assertRunning();
    await this.#streams.merge(streamName, shardId, adjacentShardId);
    return (await this.#childrenOf(streamName, shardId))[0] ?? "";
  }

  async putRecords(
    streamName: string,
    records: Iterable<LocalRecord> | AsyncIterable<LocalRecord>,
  ): Promise<readonly PutResult[]> {
    this.#assertRunning();
    const nextKey = (): string => `key-${this.#recordCount++}`;
    return await putLocalRecords(records, { streams: this.#streams, streamName, nextKey });
  }

  async tables(applicationName: string): Promise<ApplicationTables> {
    this.#assertRunning();
    const { clock } = systemRuntime();
    return await readTables({ api: this.#dynamodb, clock, applicationName });
  }

  consumeAll(kinsumer: Consumable, options: ConsumeAllOptions): Promise<readonly KinsumerRecord[]> {
    const { sleep } = systemRuntime().clock;
    return consumeAll(kinsumer, options, { sleep, timeoutMs: CONSUME_TIMEOUT_MS });
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#faults?.clear();
    await this.#proxy?.stop();
    await this.#started.stop();
  }

  async #childrenOf(streamName: string, shardId: string): Promise<readonly string[]> {
    const shards = await this.#streams.shards(streamName);
    return shards.filter((each) => parentIds(each).includes(shardId)).map((each) => each.shardId);
  }

  #assertRunning(): void {
    if (this.#stopping === undefined) return;
    throw new LocalKinesisError("Stopped", "This local Kinesis was stopped: start another");
  }
}

function credentialsOf(client: string | undefined): LocalCredentials {
  return client === undefined ? CREDENTIALS : { ...CREDENTIALS, accessKeyId: client };
}

function openDynamoDb(endpoint: string): DynamoDbApi {
  const runtime = systemRuntime();
  const { clock, random } = runtime;
  const credentials = createCredentialsSource({ credentials: CREDENTIALS, runtime });
  const facts = { endpoint, region: REGION, credentials, runtime, timeoutMs: 10_000 };
  const call = retrying(createAwsCall({ ...facts, service: "dynamodb" }), { clock, random });
  return createDynamoDbApi({ call, clock, random });
}
