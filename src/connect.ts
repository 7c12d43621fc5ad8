/**
 * Connects a consumer to the world: makes its ports from the options, or takes those it was given.
 *
 * @module
 */

import { type AwsCall, createAwsCall } from "./aws/call.ts";
import { createCredentialsSource } from "./aws/credentials.ts";
import { createDynamoDbApi } from "./aws/dynamodb.ts";
import type { DynamoDbApi } from "./aws/dynamodb_api.ts";
import { createKinesisApi, type KinesisApi } from "./aws/kinesis.ts";
import { WireChoice } from "./aws/read_records.ts";
import { type Retry, retrying } from "./aws/retrying.ts";
import type { KinsumerError } from "./errors.ts";
import type { ResolvedOptions } from "./resolve_options.ts";
import type { Clock } from "./runtime.ts";
import { resourcesOf } from "./shared.ts";
import { type CheckpointsTable, createCheckpointsTable } from "./tables/checkpoints.ts";
import { type ClientsTable, createClientsTable } from "./tables/clients.ts";
import { createMetadataTable, type MetadataTable } from "./tables/metadata.ts";
import type { TableNames } from "./tables/schema.ts";
import type { TracedPort } from "./telemetry/ports.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** Everything outside that a consumer speaks to. */
export interface Ports {
  readonly kinesis: KinesisApi;
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
  readonly dynamodb: DynamoDbApi;
  readonly tableNames: TableNames;
  /** The table by which the applications of the stream see each other, if they share one. */
  readonly applications: ClientsTable | undefined;
}

/** A request to DynamoDB must fail early enough to be tried again within the client's time to live. */
const TRIES_WITHIN_MAX_AGE = 3;

/**
 * Makes the ports. Sends nothing yet.
 *
 * @param by.onRetry is told of each repeated request
 * @param by.onWireRefused is told that records are read in JSON, because CBOR was refused
 */
export function connect(
  options: ResolvedOptions,
  { onRetry, onWireRefused, telemetry }: {
    readonly onRetry: (retry: Retry) => void;
    readonly onWireRefused: (error: KinsumerError) => void;
    readonly telemetry: Telemetry;
  },
): Ports {
  const { clientRecordMaxAgeMs, region, requestTimeoutMs, runtime, streamName, tables } = options;
  const { clock, random } = runtime;
  const credentials = resourcesOf(options.shared)?.credentials ??
    createCredentialsSource({ credentials: options.credentials, runtime });
  const calls = (service: "kinesis" | "dynamodb", endpoint: string, timeoutMs: number) =>
    telemetry.calls(
      service,
      retrying(
        createAwsCall({ service, endpoint, region, credentials, runtime, timeoutMs }),
        { clock, random, onRetry },
      ),
    );
  const kinesisCalls = calls("kinesis", options.kinesisEndpoint, requestTimeoutMs);
  const dynamodbCalls = calls(
    "dynamodb",
    options.dynamodbEndpoint,
    Math.min(requestTimeoutMs, clientRecordMaxAgeMs / TRIES_WITHIN_MAX_AGE),
  );
  const openDynamodb = (call: AwsCall) => createDynamoDbApi({ call, clock, random });
  const dynamodb = openDynamodb(dynamodbCalls(undefined));
  const wire = new WireChoice(options.wire, onWireRefused);
  const openKinesis = (call: AwsCall) =>
    createKinesisApi({ call, streamName, streamArn: options.streamArn, wire });
  const names = options.tableNames;
  const traced = <Table>(
    given: Table | undefined,
    tableName: string,
    open: (table: { api: DynamoDbApi; tableName: string; clock: Clock }) => Table,
  ): TracedPort<Table> =>
    given !== undefined ? { port: given } : {
      port: open({ api: dynamodb, tableName, clock }),
      within: (parent) => open({ api: openDynamodb(dynamodbCalls(parent)), tableName, clock }),
    };
  return {
    dynamodb,
    tableNames: names,
    applications: options.coordination && createClientsTable({
      api: dynamodb,
      tableName: options.coordination.tableName,
      clock,
    }),
    kinesis: telemetry.kinesis(
      options.kinesis !== undefined ? { port: options.kinesis } : {
        port: openKinesis(kinesisCalls(undefined)),
        within: (parent) => openKinesis(kinesisCalls(parent)),
      },
    ),
    clients: telemetry.clients(
      tables.clients ?? createClientsTable({ api: dynamodb, tableName: names.clients, clock }),
      options.shardCheckIntervalMs,
    ),
    checkpoints: telemetry.checkpoints(
      traced(tables.checkpoints, names.checkpoints, createCheckpointsTable),
    ),
    metadata: telemetry.metadata(traced(tables.metadata, names.metadata, createMetadataTable)),
  };
}
