/**
 * Says what a run tells whoever records, so that a run without telemetry carries none of it.
 *
 * @module
 */

import type { ContextExtractor } from "../rules/trace_context.ts";
import type { Telemetry } from "./telemetry.ts";
import type { TracedClient } from "./tracing.ts";

/** What one client tells while it runs once. */
export type OpenTelemetry = Pick<
  Telemetry,
  | "calls"
  | "kinesis"
  | "clients"
  | "checkpoints"
  | "metadata"
  | "receive"
  | "rebalance"
  | "stalled"
  | "observe"
  | "watch"
>;

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
