/**
 * Hands this library's telemetry to a run that comes without: see the door for isolates.
 *
 * @module
 */

import type { OpenableTelemetry, RunTelemetry } from "./run_telemetry.ts";
import { Telemetry } from "./telemetry.ts";

/**
 * Makes what a run of `kinsumer/edge` takes as `telemetry`: the same spans and metrics as those of the
 * whole library, to whichever OpenTelemetry SDK is registered.
 *
 * @example
 * ```ts
 * import { openTelemetry } from "@kinsumer/kinsumer";
 * import { runOnce } from "@kinsumer/kinsumer/edge";
 *
 * const options = { streamName: "orders", applicationName: "billing", region: "eu-west-1" };
 * await runOnce({ ...options, telemetry: openTelemetry() }, (record) => handle(record.json()));
 * ```
 */
export function openTelemetry(): RunTelemetry {
  const telemetry: OpenableTelemetry = {
    kind: "telemetry",
    open: (client, extractContext) => new Telemetry(client, extractContext),
  };
  return telemetry;
}
