/**
 * Tells nobody: what stands in for telemetry where none is brought.
 *
 * @module
 */

import type { OpenTelemetry } from "../telemetry/run_telemetry.ts";

/** Hands on what it is given. */
export const SILENCE: OpenTelemetry = {
  calls: (_service, call) => () => call,
  kinesis: ({ port }) => port,
  clients: (clients) => clients,
  checkpoints: ({ port }) => port,
  metadata: ({ port }) => port,
  receive: (pull) => pull,
  rebalance: (_rebalance, _signal, work) => work(),
  stalled: () => {},
  observe: () => {},
  watch: () => () => {},
};
