/**
 * Makes the ports of the commands: the same calls and tables that a client has, without one.
 *
 * @module
 */

import { type AwsCall, createAwsCall } from "../aws/call.ts";
import { createCredentialsSource } from "../aws/credentials.ts";
import { createDynamoDbApi } from "../aws/dynamodb.ts";
import type { DynamoDbApi } from "../aws/dynamodb_api.ts";
import { createKinesisApi, type KinesisApi } from "../aws/kinesis.ts";
import { retrying } from "../aws/retrying.ts";
import { type Clock, type Fetch, type Runtime, systemRuntime } from "../runtime.ts";
import { createCheckpointsTable } from "../tables/checkpoints.ts";
import type { CheckpointsTable } from "../tables/checkpoints_api.ts";
import { createClientsTable } from "../tables/clients.ts";
import type { ClientsTable } from "../tables/clients_api.ts";
import { createMetadataTable, type MetadataTable } from "../tables/metadata.ts";
import { type TableNames, tableNames } from "../tables/schema.ts";
import type { Target } from "./environment.ts";

/** The account, as the commands see it. */
export interface World {
  readonly target: Target;
  readonly clock: Clock;
  readonly runtime: Runtime;
  /** Repeats what may pass. */
  readonly askKinesis: AwsCall;
  readonly askDynamoDb: AwsCall;
  readonly dynamodb: DynamoDbApi;
  /** The stream; its reads are not repeated. */
  stream(streamName: string): KinesisApi;
  /** The stream, for looks that may fail: tried once, and not for long. */
  glance(streamName: string): KinesisApi;
  tables(applicationName: string): Tables;
  /** The services' clock minus ours, in milliseconds; absent before the first answer. */
  clockOffsetMs(): number | undefined;
}

/** The tables of one application. */
export interface Tables {
  readonly names: TableNames;
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
}

const TIMEOUT_MS = 10_000;
const GLANCE_TIMEOUT_MS = 3_000;

/** Makes the ports. Sends nothing yet. */
export function openWorld(target: Target, system: Runtime = systemRuntime()): World {
  let offsetMs: number | undefined;
  const runtime = {
    ...system,
    fetch: watchingDates(system, (theirsMinusOursMs) => offsetMs = theirsMinusOursMs),
  };
  const { clock, random } = runtime;
  const { streamArn } = target;
  const credentials = createCredentialsSource({ credentials: target.credentials, runtime });
  const once = (service: "kinesis" | "dynamodb", timeoutMs: number): AwsCall => {
    const endpoint = service === "kinesis" ? target.kinesisEndpoint : target.dynamodbEndpoint;
    const { region } = target;
    return createAwsCall({ service, endpoint, region, credentials, runtime, timeoutMs });
  };
  const askKinesis = retrying(once("kinesis", TIMEOUT_MS), { clock, random });
  const askDynamoDb = retrying(once("dynamodb", TIMEOUT_MS), { clock, random });
  const glancing = once("kinesis", GLANCE_TIMEOUT_MS);
  const dynamodb = createDynamoDbApi({ call: askDynamoDb, clock, random });
  return {
    target,
    clock,
    runtime,
    askKinesis,
    askDynamoDb,
    dynamodb,
    stream: (streamName) => createKinesisApi({ call: askKinesis, streamName, streamArn }),
    glance: (streamName) => createKinesisApi({ call: glancing, streamName, streamArn }),
    tables: (applicationName) => {
      const names = tableNames(applicationName);
      const table = (tableName: string) => ({ api: dynamodb, tableName, clock });
      return {
        names,
        clients: createClientsTable(table(names.clients)),
        checkpoints: createCheckpointsTable(table(names.checkpoints)),
        metadata: createMetadataTable(table(names.metadata)),
      };
    },
    clockOffsetMs: () => offsetMs,
  };
}

function watchingDates({ clock, fetch }: Runtime, onOffset: (offsetMs: number) => void): Fetch {
  return async (url, request) => {
    const response = await fetch(url, request);
    const theirsMs = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(theirsMs)) onOffset(theirsMs - clock.nowMs());
    return response;
  };
}
