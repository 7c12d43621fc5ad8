/**
 * Decides how fast time runs: the Go client runs at a sixtieth of its default intervals, and our
 * clients by a clock that runs sixty times as fast. So a minute becomes a second, while every ratio
 * stays that of the two libraries' defaults: Go's five minutes, which ours expect of a Go client,
 * are Go's five seconds.
 *
 * @module
 */

import type { Clock, Runtime } from "../../src/runtime.ts";
import { systemRuntime } from "../../src/runtime.ts";

/** How many of our clients' milliseconds one millisecond is. */
export const SPEED = 60;

/** The Go client's intervals, in real milliseconds. */
export const GO_PACE: Readonly<
  Record<"shard-check-ms" | "leader-action-ms" | "commit-ms" | "throttle-ms", number>
> = {
  "shard-check-ms": 60_000 / SPEED,
  "leader-action-ms": 60_000 / SPEED,
  "commit-ms": 200,
  "throttle-ms": 250,
};

/** Our clients' intervals, in their own milliseconds: 400 ms between two beats, dead after 2 s. */
export const OUR_PACE: Readonly<
  Record<
    | "shardCheckIntervalMs"
    | "clientRecordMaxAgeMs"
    | "leaderActionIntervalMs"
    | "commitIntervalMs"
    | "throttleDelayMs"
    | "drainTimeoutMs"
    | "requestTimeoutMs",
    number
  >
> = {
  shardCheckIntervalMs: 400 * SPEED,
  clientRecordMaxAgeMs: 2_000 * SPEED,
  leaderActionIntervalMs: 1_000 * SPEED,
  commitIntervalMs: 200 * SPEED,
  throttleDelayMs: 250 * SPEED,
  drainTimeoutMs: 10_000 * SPEED,
  requestTimeoutMs: 5_000 * SPEED,
};

/** Go counts a client as dead after so long, in real milliseconds. */
export const GO_MAX_AGE_MS: number = 5 * GO_PACE["shard-check-ms"];

/** The system's runtime with a clock that runs `speed` times as fast; the time of day stays true. */
export function fastRuntime(speed: number): Runtime {
  const runtime = systemRuntime();
  const { clock } = runtime;
  const fast: Clock = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs() * speed,
    sleep: (ms, signal) => clock.sleep(ms / speed, signal),
  };
  return { ...runtime, clock: fast };
}
