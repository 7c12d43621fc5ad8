/**
 * Names what the parent tells a client of the chaos run, and the options that all of them have.
 *
 * @module
 */

import type { KinsumerOptions } from "../../mod.ts";
import type { ClientSettings as DemoClientSettings } from "../demo/client_settings.ts";

/**
 * Which client of which fleet; handed over as JSON on the command line. The access key ID of its
 * credentials is its name, by which the fault proxy knows it.
 */
export interface ClientSettings extends DemoClientSettings {
  /** Another process's, when it takes that one's place. */
  readonly clientId: string;
  /** How long it works on a record, at the most: milliseconds. */
  readonly workMs: number;
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
      | "requestTimeoutMs"
  ]: NonNullable<KinsumerOptions[name]>;
};

/** Faster than the defaults, so that many fail-overs fit into a run. */
export const PACE: Pace = {
  shardCheckIntervalMs: 500,
  clientRecordMaxAgeMs: 4_000,
  leaderActionIntervalMs: 1_500,
  commitIntervalMs: 1_000,
  throttleDelayMs: 400,
  requestTimeoutMs: 3_000,
};

/** How long a client may take to stop. */
export const STOP_DEADLINE_MS = 5_000;

/** docs/operations.md: how long a crash may leave shards unread, and the wait for the first read. */
export const FAIL_OVER_BOUNDS: { readonly followerMs: number; readonly leaderMs: number } = {
  followerMs: PACE.clientRecordMaxAgeMs + 4 * PACE.shardCheckIntervalMs + PACE.throttleDelayMs,
  leaderMs: 2 * PACE.clientRecordMaxAgeMs + 3 * PACE.shardCheckIntervalMs + PACE.throttleDelayMs,
};
