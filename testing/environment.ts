/**
 * Opens the world that an end-to-end test runs in: local servers of its own, servers that run
 * already, or AWS itself.
 *
 * `KINSUMER_KINESIS_ENDPOINT` and `KINSUMER_DYNAMODB_ENDPOINT` choose, each for its service: unset
 * starts an embedded server on a free port, a URL uses what listens there, and the empty string
 * means AWS, with the environment's region and credentials.
 *
 * @module
 */

import { type AwsCall, createAwsCall } from "../src/aws/call.ts";
import { createCredentialsSource, type Credentials } from "../src/aws/credentials.ts";
import { createDynamoDbApi } from "../src/aws/dynamodb.ts";
import type { DynamoDbApi } from "../src/aws/dynamodb_api.ts";
import { retrying } from "../src/aws/retrying.ts";
import type { KinsumerOptions } from "../src/options.ts";
import { type Runtime, systemRuntime } from "../src/runtime.ts";
import { deleteTables, tableNames } from "../src/tables/schema.ts";
import { type EmbeddedServers, startEmbeddedServers } from "./local_servers.ts";
import { openStreams, type Streams } from "./streams.ts";

/** What a client needs to reach the environment. */
export type ClientOptions = Pick<
  KinsumerOptions,
  "kinesisEndpoint" | "dynamodbEndpoint" | "region" | "credentials"
>;

/** The world of one test file. */
export interface TestEnvironment {
  /** Absent: AWS. */
  readonly kinesisEndpoint: string | undefined;
  /** Absent: AWS. */
  readonly dynamodbEndpoint: string | undefined;
  readonly region: string;
  /** Absent: those of the process's environment. */
  readonly credentials: Credentials | undefined;
  /** Whether anything of it costs money, is shared, and takes its time. */
  readonly isRemote: boolean;
  /** What is created here is deleted by {@linkcode TestEnvironment.cleanUp}. */
  readonly streams: Streams;
  readonly dynamodb: DynamoDbApi;
  /** Any operation of DynamoDB, for what {@linkcode DynamoDbApi} does not know. */
  askDynamoDb(operation: string, input: unknown): Promise<unknown>;
  /** The part of a client's options that leads it here. */
  clientOptions(): ClientOptions;
  /** A name that nothing else has; tables of an application of this name are deleted in the end. */
  uniqueName(prefix: string): string;
  /** Deletes what was made here, and stops the servers that were started. May be repeated. */
  cleanUp(): Promise<void>;
}

const DEFAULT_CHANGE_TIMEOUT_MS = 30_000;
const CALL_TIMEOUT_MS = 10_000;

/**
 * Opens the environment that the variables ask for.
 *
 * @param options.env the variables @default those of the process
 * @throws {RangeError} when a variable has no usable value, or AWS is asked for without a region
 */
export async function openTestEnvironment(
  options: { readonly env?: Runtime["env"] } = {},
): Promise<TestEnvironment> {
  const runtime = { ...systemRuntime(), ...(options.env && { env: options.env }) };
  const choices = readChoices(runtime.env);
  const needsServers = choices.kinesis === undefined || choices.dynamodb === undefined;
  const servers = needsServers ? await startEmbeddedServers() : undefined;
  return new Environment({ runtime, choices, servers });
}

interface Choices {
  /** `undefined`: an embedded server; `""`: AWS. */
  readonly kinesis: string | undefined;
  readonly dynamodb: string | undefined;
  readonly region: string;
  readonly changeTimeoutMs: number;
}

function readChoices(env: Runtime["env"]): Choices {
  const kinesis = env("KINSUMER_KINESIS_ENDPOINT");
  const dynamodb = env("KINSUMER_DYNAMODB_ENDPOINT");
  const region = env("AWS_REGION") || env("AWS_DEFAULT_REGION");
  if (region === undefined && (kinesis === "" || dynamodb === "")) {
    throw new RangeError('Cannot test on AWS: the variable "AWS_REGION" is not set');
  }
  const timeout = env("KINSUMER_RESOURCE_CHANGE_TIMEOUT_MS") || String(DEFAULT_CHANGE_TIMEOUT_MS);
  if (!/^[1-9]\d{0,8}$/.test(timeout)) {
    throw new RangeError(
      `Cannot test: "KINSUMER_RESOURCE_CHANGE_TIMEOUT_MS" must be milliseconds, got "${timeout}"`,
    );
  }
  return { kinesis, dynamodb, region: region || "us-east-1", changeTimeoutMs: Number(timeout) };
}

class Environment implements TestEnvironment {
  readonly kinesisEndpoint: string | undefined;
  readonly dynamodbEndpoint: string | undefined;
  readonly region: string;
  readonly credentials: Credentials | undefined;
  readonly isRemote: boolean;
  readonly streams: Streams;
  readonly dynamodb: DynamoDbApi;
  readonly #call: AwsCall;
  readonly #runtime: Runtime;
  readonly #servers: EmbeddedServers | undefined;
  readonly #changeTimeoutMs: number;
  readonly #streamNames = new Set<string>();
  readonly #names = new Set<string>();
  #cleaning: Promise<void> | undefined;

  constructor(facts: {
    readonly runtime: Runtime;
    readonly choices: Choices;
    readonly servers: EmbeddedServers | undefined;
  }) {
    const { runtime, choices, servers } = facts;
    const { region, changeTimeoutMs } = choices;
    this.#runtime = runtime;
    this.#servers = servers;
    this.#changeTimeoutMs = changeTimeoutMs;
    this.region = region;
    this.kinesisEndpoint = (choices.kinesis ?? servers?.kinesisEndpoint) || undefined;
    this.dynamodbEndpoint = (choices.dynamodb ?? servers?.dynamodbEndpoint) || undefined;
    this.isRemote = choices.kinesis !== undefined || choices.dynamodb !== undefined;
    const isOnAws = choices.kinesis === "" || choices.dynamodb === "";
    const hasOwn = isOnAws || Boolean(runtime.env("AWS_ACCESS_KEY_ID"));
    this.credentials = hasOwn ? undefined : { accessKeyId: "local", secretAccessKey: "local" };
    const { clock, random } = runtime;
    const endpoint = this.dynamodbEndpoint ?? `https://dynamodb.${region}.amazonaws.com`;
    const credentials = createCredentialsSource({ credentials: this.credentials, runtime });
    const service = "dynamodb";
    const timeoutMs = CALL_TIMEOUT_MS;
    const once = createAwsCall({ service, endpoint, region, credentials, runtime, timeoutMs });
    this.#call = retrying(once, { clock, random });
    this.dynamodb = createDynamoDbApi({ call: this.#call, clock, random });
    this.streams = this.#openStreams();
  }

  askDynamoDb(operation: string, input: unknown): Promise<unknown> {
    return this.#call(`DynamoDB_20120810.${operation}`, input);
  }

  clientOptions(): ClientOptions {
    const { kinesisEndpoint, dynamodbEndpoint, region, credentials } = this;
    return { kinesisEndpoint, dynamodbEndpoint, region, credentials };
  }

  uniqueName(prefix: string): string {
    const { clock, random } = this.#runtime;
    const name = `${prefix}-${clock.nowMs().toString(36)}-${random.uuid().slice(0, 8)}`;
    this.#names.add(name);
    return name;
  }

  cleanUp(): Promise<void> {
    return this.#cleaning ??= this.#cleanUp();
  }

  async #cleanUp(): Promise<void> {
    try {
      if (this.isRemote) await this.#deleteResources();
    } finally {
      await this.#servers?.stop();
    }
  }

  /** Deletes all that can be deleted, and only then throws what could not. */
  async #deleteResources(): Promise<void> {
    const { clock } = this.#runtime;
    const deletions = [...this.#streamNames].map((name) => this.streams.delete(name));
    const facts = { api: this.dynamodb, clock, timeoutMs: this.#changeTimeoutMs };
    for (const name of this.#names) {
      deletions.push(deleteTables({ ...facts, names: tableNames(name), waiterDelayMs: 200 }));
    }
    const ends = await Promise.allSettled(deletions);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  #openStreams(): Streams {
    const streams = openStreams({
      kinesisEndpoint: this.kinesisEndpoint ?? `https://kinesis.${this.region}.amazonaws.com`,
      region: this.region,
      credentials: this.credentials,
      runtime: this.#runtime,
      changeTimeoutMs: this.#changeTimeoutMs,
    });
    return {
      ...streams,
      create: (streamName, facts) => {
        this.#streamNames.add(streamName);
        return streams.create(streamName, facts);
      },
      delete: async (streamName) => {
        await streams.delete(streamName);
        this.#streamNames.delete(streamName);
      },
    };
  }
}
