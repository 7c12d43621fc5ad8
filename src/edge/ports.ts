/**
 * Opens the stream and the checkpoints alone, for a loop of one's own: the smallest import that reads
 * records and remembers how far.
 *
 * @module
 */

import type { AwsCall } from "../aws/call.ts";
import { createItemsApi } from "../aws/dynamodb.ts";
import { createKinesisApi, type KinesisApi } from "../aws/kinesis.ts";
import { retrying } from "../aws/retrying.ts";
import { publicEndpoint } from "../option_places.ts";
import type { KinsumerOptions } from "../options.ts";
import { systemRuntime } from "../runtime.ts";
import { createCheckpointsTable } from "../tables/checkpoints.ts";
import type { CheckpointsTable } from "../tables/checkpoints_api.ts";
import { createEdgeCredentials } from "./credentials.ts";
import { createEdgeCall } from "./signing.ts";

/** Whom to speak to, and as whom: options of the whole library, with the same meaning. */
export interface PortOptions extends Pick<KinsumerOptions, "credentials" | "runtime"> {
  /** For example `eu-west-1`. */
  readonly region: string;
  /** For a local server or a VPC endpoint. @default the region's public endpoint */
  readonly endpoint?: string | undefined;
  /** Milliseconds that a request may take. @default {10000} */
  readonly requestTimeoutMs?: number | undefined;
}

/**
 * Opens a stream: lists its shards, gets iterators and records, whose payloads are decoded when they
 * are first read. Sends nothing yet.
 *
 * @param options.streamName the stream
 */
export function openStream(options: PortOptions & { readonly streamName: string }): KinesisApi {
  const { streamName } = options;
  return createKinesisApi({ call: callOf("kinesis", options), streamName });
}

/**
 * Opens an application's checkpoints: capture, commit and release of shards, each on condition that
 * nobody else has them. Sends nothing yet.
 *
 * @param options.tableName the table, for example `billing_checkpoints`
 */
export function openCheckpoints(
  options: PortOptions & { readonly tableName: string },
): CheckpointsTable {
  const { runtime = systemRuntime(), tableName } = options;
  const { clock, random } = runtime;
  const api = createItemsApi({ call: callOf("dynamodb", options), clock, random });
  return createCheckpointsTable({ api, tableName, clock });
}

function callOf(service: "kinesis" | "dynamodb", options: PortOptions): AwsCall {
  const { region, requestTimeoutMs: timeoutMs = 10_000, runtime = systemRuntime() } = options;
  const { endpoint = publicEndpoint(service, region) } = options;
  const credentials = createEdgeCredentials({ credentials: options.credentials, runtime });
  return retrying(
    createEdgeCall({ service, endpoint, region, credentials, runtime, timeoutMs }),
    runtime,
  );
}
