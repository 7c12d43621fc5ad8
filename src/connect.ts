/**
 * Connects a consumer to the world: makes its ports from the options, or takes those it was given.
 *
 * @module
 */

import type { AwsCall, AwsCallConfig } from "./aws/call.ts";
import type { CredentialsSource } from "./aws/credentials.ts";
import { heeding } from "./aws/deadline.ts";
import { createItemsApi } from "./aws/dynamodb.ts";
import type { DynamoDbApi, ItemsApi } from "./aws/dynamodb_api.ts";
import type { RecordsReader } from "./aws/documents.ts";
import { createKinesisApi, type KinesisApi } from "./aws/kinesis.ts";
import { type Retry, retrying } from "./aws/retrying.ts";
import type { ResolvedOptions } from "./resolve_options.ts";
import type { Clock } from "./runtime.ts";
import { createCheckpointsTable } from "./tables/checkpoints.ts";
import type { CheckpointsTable } from "./tables/checkpoints_api.ts";
import { createClientsTable } from "./tables/clients.ts";
import type { ClientsTable } from "./tables/clients_api.ts";
import { createMetadataTable, type MetadataTable } from "./tables/metadata.ts";
import type { TableNames } from "./tables/schema.ts";
import type { TracedPort } from "./telemetry/ports.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** What a consumer of records speaks to. */
export interface ConsumerPorts {
  readonly kinesis: KinesisApi;
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
  readonly tableNames: TableNames;
  readonly dynamodbCall: AwsCall;
  /** The table by which the applications of the stream see each other, if they share one. */
  readonly applications: ClientsTable | undefined;
}

/** Everything outside that a client which stays speaks to. */
export interface Ports extends ConsumerPorts {
  readonly dynamodb: DynamoDbApi;
}

/** What of a client's telemetry stands around the ports. */
export type PortsTelemetry = Pick<
  Telemetry,
  "calls" | "kinesis" | "clients" | "checkpoints" | "metadata"
>;

/** A request to DynamoDB must fail early enough to be tried again within the client's time to live. */
const TRIES_WITHIN_MAX_AGE = 3;

/**
 * Makes the ports. Sends nothing yet.
 *
 * @param by.openCall makes what calls a service
 * @param by.onRetry is told of each repeated request
 * @param by.openReader makes what reads records by a call; absent: each answer is parsed as a whole
 */
export function connect(
  options: ResolvedOptions,
  { credentials, onRetry, openCall, openReader, telemetry }: {
    readonly credentials: CredentialsSource;
    readonly openCall: (config: AwsCallConfig) => AwsCall;
    readonly onRetry: (retry: Retry) => void;
    readonly openReader?: ((call: AwsCall) => RecordsReader) | undefined;
    readonly telemetry: PortsTelemetry;
  },
): ConsumerPorts {
  const { clientRecordMaxAgeMs, region, requestTimeoutMs, runtime, streamName, tables } = options;
  const { clock, random } = runtime;
  const calls = (service: "kinesis" | "dynamodb", endpoint: string, timeoutMs: number) =>
    telemetry.calls(
      service,
      retrying(
        openCall({ service, endpoint, region, credentials, runtime, timeoutMs }),
        { clock, random, onRetry },
      ),
    );
  const kinesisCalls = calls("kinesis", options.kinesisEndpoint, requestTimeoutMs);
  const dynamodbCalls = calls(
    "dynamodb",
    options.dynamodbEndpoint,
    Math.min(requestTimeoutMs, clientRecordMaxAgeMs / TRIES_WITHIN_MAX_AGE),
  );
  const openDynamodb = (call: AwsCall) => createItemsApi({ call, clock, random });
  const dynamodbCall = dynamodbCalls(undefined);
  const dynamodb = openDynamodb(dynamodbCall);
  const { streamArn } = options;
  const openKinesis = (call: AwsCall) =>
    createKinesisApi({ call, streamName, streamArn, readRecords: openReader?.(call) });
  const names = options.tableNames;
  const traced = <Table extends object>(
    given: Table | undefined,
    tableName: string,
    open: (table: { api: ItemsApi; tableName: string; clock: Clock }) => Table,
  ): TracedPort<Table> =>
    given !== undefined ? { port: heeding(given) } : {
      port: open({ api: dynamodb, tableName, clock }),
      within: (parent) => open({ api: openDynamodb(dynamodbCalls(parent)), tableName, clock }),
    };
  return {
    dynamodbCall,
    tableNames: names,
    applications: options.coordination && createClientsTable({
      api: dynamodb,
      tableName: options.coordination.tableName,
      clock,
    }),
    kinesis: telemetry.kinesis(
      options.kinesis !== undefined ? { port: heeding(options.kinesis) } : {
        port: openKinesis(kinesisCalls(undefined)),
        within: (parent) => openKinesis(kinesisCalls(parent)),
      },
    ),
    clients: telemetry.clients(
      tables.clients !== undefined
        ? heeding(tables.clients)
        : createClientsTable({ api: dynamodb, tableName: names.clients, clock }),
      options.shardCheckIntervalMs,
    ),
    checkpoints: telemetry.checkpoints(
      traced(tables.checkpoints, names.checkpoints, createCheckpointsTable),
    ),
    metadata: telemetry.metadata(traced(tables.metadata, names.metadata, createMetadataTable)),
  };
}
