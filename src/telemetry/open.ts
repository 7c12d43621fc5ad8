/**
 * Hands this library's telemetry to a run that comes without: see the door for isolates.
 *
 * @module
 */

import type { Context } from "./api.ts";
import type { OpenableTelemetry, OpenTelemetry, RunTelemetry } from "./run_telemetry.ts";
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
    open: (client, extractContext) => openFor(new Telemetry(client, extractContext)),
  };
  return telemetry;
}

function openFor(telemetry: Telemetry): OpenTelemetry {
  return {
    receive: (pull, recordsOf) => telemetry.receive(pull, recordsOf),
    observe: (event) => telemetry.observe(event),
    ports: (open, { beatIntervalMs }) => {
      const placed = (parent: Context | undefined) =>
        open((service, call) => telemetry.calls(service, call)(parent));
      const { kinesis, clients, checkpoints, metadata } = placed(undefined);
      return {
        kinesis: telemetry.kinesis({ port: kinesis, within: (parent) => placed(parent).kinesis }),
        clients: telemetry.clients(clients, beatIntervalMs),
        checkpoints: telemetry.checkpoints({
          port: checkpoints,
          within: (parent) => placed(parent).checkpoints,
        }),
        metadata: telemetry.metadata({
          port: metadata,
          within: (parent) => placed(parent).metadata,
        }),
      };
    },
  };
}
