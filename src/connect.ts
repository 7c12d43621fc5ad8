/**
 * Connects a consumer to the world: makes its ports from the options, or takes those it was given.
 *
 * @module
 */

import { createAwsCall } from "./aws/call.ts";
import { createCredentialsSource } from "./aws/credentials.ts";
import { createDynamoDbApi } from "./aws/dynamodb.ts";
import type { DynamoDbApi } from "./aws/dynamodb_api.ts";
import { createKinesisApi, type KinesisApi } from "./aws/kinesis.ts";
import { type Retry, retrying } from "./aws/retrying.ts";
import type { ResolvedOptions } from "./resolve_options.ts";
import { type CheckpointsTable, createCheckpointsTable } from "./tables/checkpoints.ts";
import { type ClientsTable, createClientsTable } from "./tables/clients.ts";
import { createMetadataTable, type MetadataTable } from "./tables/metadata.ts";
import type { TableNames } from "./tables/schema.ts";
import { traceCheckpoints, traceKinesis } from "./telemetry.ts";

/** Everything outside that a consumer speaks to. */
export interface Ports {
  readonly kinesis: KinesisApi;
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
  readonly dynamodb: DynamoDbApi;
  readonly tableNames: TableNames;
}

/** A request to DynamoDB must fail early enough to be tried again within the client's time to live. */
const TRIES_WITHIN_MAX_AGE = 3;

/**
 * Makes the ports. Sends nothing yet.
 *
 * @param onRetry is told of each repeated request
 */
export function connect(options: ResolvedOptions, onRetry: (retry: Retry) => void): Ports {
  const { clientRecordMaxAgeMs, region, requestTimeoutMs, runtime, streamName, tables } = options;
  const { clock, random } = runtime;
  const credentials = createCredentialsSource({ credentials: options.credentials, runtime });
  const call = (service: "kinesis" | "dynamodb", endpoint: string, timeoutMs: number) =>
    retrying(
      createAwsCall({ service, endpoint, region, credentials, runtime, timeoutMs }),
      { clock, random, onRetry },
    );
  const dynamodb = createDynamoDbApi({
    call: call(
      "dynamodb",
      options.dynamodbEndpoint,
      Math.min(requestTimeoutMs, clientRecordMaxAgeMs / TRIES_WITHIN_MAX_AGE),
    ),
    clock,
    random,
  });
  const { applicationName, clientId } = options;
  const traced = { streamName, applicationName, clientId, clock };
  const names = options.tableNames;
  const table = (tableName: string) => ({ api: dynamodb, tableName, clock });
  return {
    dynamodb,
    tableNames: names,
    kinesis: traceKinesis(
      options.kinesis ?? createKinesisApi({
        call: call("kinesis", options.kinesisEndpoint, requestTimeoutMs),
        streamName,
        streamArn: options.streamArn,
      }),
      traced,
    ),
    clients: tables.clients ?? createClientsTable(table(names.clients)),
    checkpoints: traceCheckpoints(
      tables.checkpoints ?? createCheckpointsTable(table(names.checkpoints)),
      traced,
    ),
    metadata: tables.metadata ?? createMetadataTable(table(names.metadata)),
  };
}
