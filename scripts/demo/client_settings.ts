/**
 * Names what the parent tells a client of the demo, and the options that all of them have.
 *
 * @module
 */

import type { KinsumerOptions } from "../../mod.ts";

/** Which client of which fleet; handed over as JSON on the command line. */
export interface ClientSettings {
  readonly name: string;
  readonly journalPath: string;
  readonly streamName: string;
  readonly applicationName: string;
  readonly region: string;
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The options that decide how fast things go, in milliseconds. */
type Pace = {
  readonly [
    name in
      | "shardCheckIntervalMs"
      | "clientRecordMaxAgeMs"
      | "leaderActionIntervalMs"
      | "commitIntervalMs"
      | "throttleDelayMs"
  ]: NonNullable<KinsumerOptions[name]>;
};

/** Faster than the defaults, so that a kill is made good within a demonstration. */
export const PACE: Pace = {
  shardCheckIntervalMs: 400,
  clientRecordMaxAgeMs: 3_000,
  leaderActionIntervalMs: 1_000,
  commitIntervalMs: 1_000,
  throttleDelayMs: 250,
};
