/**
 * Connects a run at the edge to the world: makes its ports from the options, or takes those that it
 * was given, within what telemetry there is.
 *
 * @module
 */

import { heeding } from "../aws/deadline.ts";
import { createItemsApi } from "../aws/dynamodb.ts";
import type { AwsService } from "../aws/failures.ts";
import { createKinesisApi } from "../aws/kinesis.ts";
import { retrying } from "../aws/retrying.ts";
import type { Announcer } from "../loops/announcer.ts";
import { createCheckpointsTable } from "../tables/checkpoints.ts";
import { createClientsTable } from "../tables/clients.ts";
import { createMetadataTable } from "../tables/metadata.ts";
import type { TableNames } from "../tables/schema.ts";
import type { OpenPorts, OpenTelemetry, RunPorts } from "../telemetry/run_telemetry.ts";
import { createEdgeCredentials } from "./credentials.ts";
import type { ResolvedEdgeOptions } from "./options.ts";
import { createEdgeCall } from "./signing.ts";

/** A request to DynamoDB must fail early enough to be tried again within the client's time to live. */
const TRIES_WITHIN_MAX_AGE = 3;

/** Makes the ports. Sends nothing yet. */
export function connectEdge(
  options: ResolvedEdgeOptions,
  { announcer, telemetry }: {
    readonly announcer: Announcer;
    readonly telemetry: OpenTelemetry | undefined;
  },
): RunPorts {
  const { clientRecordMaxAgeMs, region, requestTimeoutMs, runtime, streamArn, streamName, tables } =
    options;
  const { clock, random } = runtime;
  const credentials = createEdgeCredentials({ credentials: options.credentials, runtime });
  const callOf = (service: AwsService, endpoint: string, timeoutMs: number) =>
    retrying(createEdgeCall({ service, endpoint, region, credentials, runtime, timeoutMs }), {
      clock,
      random,
      onRetry: ({ target, attempt: failures, delayMs, error }) => {
        const operation = target.slice(target.indexOf(".") + 1);
        announcer.retried(error, { operation, failures, delayMs });
      },
    });
  const kinesisCall = callOf("kinesis", options.kinesisEndpoint, requestTimeoutMs);
  const timeoutMs = Math.min(requestTimeoutMs, clientRecordMaxAgeMs / TRIES_WITHIN_MAX_AGE);
  const dynamodbCall = callOf("dynamodb", options.dynamodbEndpoint, timeoutMs);
  const open: OpenPorts = (place) => {
    const api = createItemsApi({ call: place("dynamodb", dynamodbCall), clock, random });
    const table = (name: keyof TableNames) => ({ api, tableName: options.tableNames[name], clock });
    const call = place("kinesis", kinesisCall);
    return {
      kinesis: heeding(options.kinesis ?? createKinesisApi({ call, streamName, streamArn })),
      clients: heeding(tables.clients ?? createClientsTable(table("clients"))),
      checkpoints: heeding(tables.checkpoints ?? createCheckpointsTable(table("checkpoints"))),
      metadata: heeding(tables.metadata ?? createMetadataTable(table("metadata"))),
    };
  };
  const beatIntervalMs = options.shardCheckIntervalMs;
  return telemetry?.ports(open, { beatIntervalMs }) ?? open((_, call) => call);
}
