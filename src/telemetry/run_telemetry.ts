/**
 * Says what a run tells whoever records, so that a run without telemetry carries none of it.
 *
 * @module
 */

import type { AwsCall } from "../aws/call.ts";
import type { AwsService } from "../aws/failures.ts";
import type { KinesisApi } from "../aws/kinesis.ts";
import type { ContextExtractor } from "../rules/trace_context.ts";
import type { CheckpointsTable } from "../tables/checkpoints_api.ts";
import type { ClientsTable } from "../tables/clients_api.ts";
import type { MetadataTable } from "../tables/metadata.ts";
import type { Telemetry } from "./telemetry.ts";
import type { TracedClient } from "./tracing.ts";

/** What a run speaks to. */
export interface RunPorts {
  readonly kinesis: KinesisApi;
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
}

/** Makes the ports, with each call where it is told. */
export type OpenPorts = (place: (service: AwsService, call: AwsCall) => AwsCall) => RunPorts;

/** What one client tells while it runs once. */
export interface OpenTelemetry extends Pick<Telemetry, "receive" | "observe"> {
  /** Makes the ports so that what they do is told. */
  ports(open: OpenPorts, options: { readonly beatIntervalMs: number }): RunPorts;
}

/** Spans and metrics for a run: made by `openTelemetry()`; what is in it is nobody's affair. */
export interface RunTelemetry {
  /** What it is. */
  readonly kind: "telemetry";
}

/** What is in it. */
export interface OpenableTelemetry extends RunTelemetry {
  /** Begins to tell of one client. */
  readonly open: (
    client: TracedClient,
    extractContext: ContextExtractor | undefined,
  ) => OpenTelemetry;
}
