/**
 * Measures how long the backends of `startLocalKinesis()` take to start and to stop, in turns, so
 * that what disturbs the machine disturbs all of them, and compares that with the goals.
 *
 * The container stands in for others' local servers in containers, whose images cannot be pulled
 * everywhere: what it takes is mostly the engine's own work, which is the same for theirs.
 *
 * @module
 */

import { startLocalKinesis } from "../../testing/local_kinesis.ts";
import type { LocalBackend } from "../../testing/local_options.ts";
import { type Spread, spreadOf } from "../bench/statistics.ts";

/** What a backend took. */
export interface Times {
  readonly backend: LocalBackend;
  readonly startMs: Spread;
  readonly stopMs: Spread;
}

/** A goal, and what came of it. */
export interface Verdict {
  readonly goal: string;
  readonly value: number;
  readonly limit: number;
  /** More than {@link GROSSLY} times the limit: something is broken, not only slow. */
  readonly outcome: "met" | "missed" | "grossly missed";
}

const GROSSLY = 3;
const MAX_START_MS = 3_000;
const MAX_STOP_MS = 1_000;
/** Of a container's start. */
const MAX_EMBEDDED_SHARE = 1 / 5;

/** Starts and stops each backend so often, after once to warm up: an image may have to be built. */
export async function measureTimes(
  backends: readonly LocalBackend[],
  rounds: number,
): Promise<readonly Times[]> {
  const taken = new Map(backends.map((backend) => [backend, newTimes()]));
  for (let round = 0; round <= rounds; round++) {
    for (const [backend, { startMs, stopMs }] of taken) {
      const times = await measureOnce(backend);
      if (round === 0) continue;
      startMs.push(times.startMs);
      stopMs.push(times.stopMs);
    }
  }
  return [...taken].map(([backend, { startMs, stopMs }]) => ({
    backend,
    startMs: spreadOf(startMs)!,
    stopMs: spreadOf(stopMs)!,
  }));
}

function newTimes(): { readonly startMs: number[]; readonly stopMs: number[] } {
  return { startMs: [], stopMs: [] };
}

async function measureOnce(
  backend: LocalBackend,
): Promise<{ readonly startMs: number; readonly stopMs: number }> {
  const fromMs = performance.now();
  const local = await startLocalKinesis({ backend });
  const startedMs = performance.now();
  await local.createStream();
  const stoppingMs = performance.now();
  await local.stop();
  return {
    startMs: startedMs - fromMs,
    stopMs: performance.now() - stoppingMs,
  };
}

/** Compares with the goals what can be compared. */
export function judgeTimes(times: readonly Times[]): readonly Verdict[] {
  const of = (wanted: LocalBackend): Times | undefined =>
    times.find(({ backend }) => backend === wanted);
  const [embedded, container] = [of("embedded"), of("container")];
  return [
    ...times.map(({ backend, stopMs }) =>
      verdict(`stop of ${backend}, ms`, stopMs.median, MAX_STOP_MS)
    ),
    ...(container === undefined ? [] : [
      verdict(
        "start of container, ms",
        container.startMs.median,
        MAX_START_MS,
      ),
    ]),
    ...(container === undefined || embedded === undefined ? [] : [verdict(
      "start of embedded, share of a container's",
      embedded.startMs.median / container.startMs.median,
      MAX_EMBEDDED_SHARE,
    )]),
  ];
}

function verdict(goal: string, value: number, limit: number): Verdict {
  const outcome = value <= limit ? "met" : value <= limit * GROSSLY ? "missed" : "grossly missed";
  return { goal, value, limit, outcome };
}

/** The lines of a table, and one for each goal. */
export function drawTimes(
  times: readonly Times[],
  verdicts: readonly Verdict[],
): string[] {
  const container = times.find(({ backend }) => backend === "container")
    ?.startMs.median;
  const rows = times.map(({ backend, startMs, stopMs }) => [
    backend,
    spread(startMs),
    spread(stopMs),
    container === undefined ? "-" : `${(startMs.median / container).toFixed(3)}`,
  ]);
  const head = ["backend", "start, ms", "stop, ms", "start / container's"];
  return [
    ...[head, ...rows].map((row) =>
      row.map((cell, at) => cell.padEnd(at === 0 ? 14 : 22)).join("")
    ),
    ...verdicts.map(({ goal, value, limit, outcome }) =>
      `${outcome.toUpperCase()}: ${goal}: ${value.toFixed(3)}, at most ${limit.toFixed(3)}`
    ),
  ];
}

function spread({ median, min, max }: Spread): string {
  return `${median.toFixed(1)} (${min.toFixed(1)}-${max.toFixed(1)})`;
}
