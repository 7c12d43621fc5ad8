/**
 * The part of a client's options that leads it into a simulated world.
 *
 * @module
 */

import type { KinesisApi } from "../../src/aws/kinesis.ts";
import type { KinsumerOptions } from "../../src/options.ts";
import type { Clock, Random } from "../../src/runtime.ts";
import type { SimulatedTablesView } from "./tables.ts";

/** What of the world a client has for itself. */
export interface SimulatedSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  /** The stream as it reaches it. */
  readonly kinesis: KinesisApi;
  /** The tables as it reaches them. */
  readonly tables: SimulatedTablesView;
}

/** Options that leave nothing of the real world to a client: its name and its habits are to be added. */
export function simulatedClientOptions(
  { clock, kinesis, random, tables }: SimulatedSurroundings,
): Required<
  Pick<
    KinsumerOptions,
    "streamName" | "applicationName" | "region" | "runtime" | "kinesis" | "tables"
  >
> {
  const { checkpoints, clients, metadata } = tables;
  return {
    streamName: "simulated",
    applicationName: "simulated",
    region: "us-east-1",
    runtime: {
      clock,
      random,
      fetch: () => Promise.reject(new Error("No network in a simulated world")),
      env: () => undefined,
    },
    kinesis,
    tables: { checkpoints, clients, metadata },
  };
}
