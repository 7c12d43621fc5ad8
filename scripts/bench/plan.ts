/**
 * Decides what is measured: the cases, the subjects, and how much of each.
 *
 * @module
 */

import type { Setup } from "./subjects/meter.ts";
import type { StreamShape } from "./stream_shape.ts";
import type { RuntimeName } from "./runtimes.ts";

/** A kind of load. */
export interface Case {
  readonly name: string;
  readonly shape: StreamShape;
  readonly isTls?: boolean;
  /** Records that a subject of no stated pace is measured on. */
  readonly records: number;
}

/** Something that consumes. */
export interface Subject {
  readonly name: string;
  /** Its program: `subjects/<program>.js`, or the Go program with an argument. */
  readonly program:
    | "kinsumer"
    | "kinsumer_silent"
    | "telemetry_alone"
    | "floor_naive"
    | "floor_own"
    | "sdk"
    | "lifion"
    | "go"
    | "go-sdk";
  readonly runtimes: readonly RuntimeName[];
  readonly setup?: Setup;
  /** A slow one gets fewer records than the others, a fast one more, so that each runs for seconds. */
  readonly pace?: "slow" | "fast";
  /** The cases that it is measured on; all where absent. */
  readonly cases?: readonly string[];
  /** In place of the case's: for who reads so far ahead that the first reads of many are all it needs. */
  readonly shardCount?: number;
}

const ALL: readonly RuntimeName[] = ["node", "deno", "bun"];

const FEW_SHARDS = 32;

function shape(recordBytes: number, recordsPerRead: number, shardCount = FEW_SHARDS): StreamShape {
  return { shardCount, recordBytes, recordsPerRead, payload: "json", readsUntilClosed: 0 };
}

/**
 * So many that a client which keeps to four reads a second and shard is not idle most of the time, as
 * a bare loop never is: whoever waits pays for each wake-up, and for what the runtime collects then.
 */
const MANY_SHARDS = 256;

/** The loads of the throughput comparison. */
export const CASES: readonly Case[] = [
  { name: "100 B", shape: shape(100, 10_000), records: 1_600_000 },
  { name: "1 KiB", shape: shape(1024, 1_000, MANY_SHARDS), records: 400_000 },
  { name: "10 KiB", shape: shape(10_240, 1_000, 8), records: 40_000 },
  { name: "steady", shape: shape(1024, 200, 2 * MANY_SHARDS), records: 160_000 },
  {
    name: "bytes",
    shape: { ...shape(1024, 1_000, MANY_SHARDS), payload: "bytes" },
    records: 400_000,
  },
  { name: "TLS", shape: shape(1024, 1_000, MANY_SHARDS), isTls: true, records: 400_000 },
];

function kinsumer(
  wire: Setup["wire"],
  transport: Setup["transport"],
  consume: Setup["consume"] = "batches",
): Subject {
  const name = `kinsumer ${wire} ${transport}${consume === "batches" ? "" : ` by record`}`;
  const runtimes: readonly RuntimeName[] = transport === "node" ? ["node"] : ALL;
  const setup = { wire, transport, consume };
  return { name, program: "kinsumer", runtimes, setup, pace: "fast" };
}

function floor(wire: Setup["wire"], transport: Setup["transport"]): Subject {
  const runtimes: readonly RuntimeName[] = transport === "node" ? ["node"] : ALL;
  const setup = { wire, transport, consume: "batches" } as const;
  const name = `floor ${wire} ${transport}`;
  return { name, program: "floor_own", runtimes, setup, pace: "fast" };
}

/** What telemetry costs: beside the first subject, and the same without any. */
const TELEMETRY: readonly Subject[] = ([
  ["kinsumer without telemetry", "kinsumer_silent", undefined],
  ["kinsumer with SDK sampling 0", "kinsumer", "traces"],
  ["kinsumer with SDK and metrics", "kinsumer", "traces and metrics"],
] as const).map(([name, program, telemetry]) => {
  const setup = { wire: "cbor", transport: "node", consume: "batches" } as const;
  const whole = telemetry === undefined ? setup : { ...setup, telemetry };
  const cases = ["1 KiB", "steady"];
  return { name, program, runtimes: ["node"], setup: whole, cases, pace: "fast" };
});

const PLAIN = ["100 B", "1 KiB", "10 KiB", "steady"];

/** Everything that is compared, in the order of a round. */
export const SUBJECTS: readonly Subject[] = [
  kinsumer("cbor", "node"),
  ...TELEMETRY,
  kinsumer("cbor", "node", "records"),
  kinsumer("cbor", "fetch"),
  kinsumer("json", "node"),
  kinsumer("json", "fetch"),
  { ...floor("cbor", "node"), cases: PLAIN },
  { ...floor("cbor", "fetch"), cases: PLAIN },
  { ...floor("json", "node"), cases: PLAIN },
  { name: "naive floor", program: "floor_naive", runtimes: ALL, cases: PLAIN },
  { name: "AWS SDK v3", program: "sdk", runtimes: ALL, pace: "slow" },
  {
    name: "lifion-kinesis",
    program: "lifion",
    runtimes: ["node"],
    pace: "slow",
    cases: ["100 B", "1 KiB", "10 KiB", "bytes"],
  },
  {
    name: "Go kinsumer",
    program: "go",
    runtimes: ["node"],
    pace: "slow",
    cases: PLAIN,
    shardCount: FEW_SHARDS,
  },
  { name: "Go SDK v1", program: "go-sdk", runtimes: ["node"], pace: "slow", cases: PLAIN },
];

/** The set-ups whose scale, idleness and memory are measured. */
export const BEST: Readonly<Record<RuntimeName, Setup>> = {
  node: { wire: "cbor", transport: "node", consume: "batches" },
  deno: { wire: "cbor", transport: "fetch", consume: "batches" },
  bun: { wire: "cbor", transport: "fetch", consume: "batches" },
};

/** Whether a subject is measured on a case and runtime. */
export function isMeasured(subject: Subject, on: Case, runtime: RuntimeName): boolean {
  return subject.runtimes.includes(runtime) &&
    (subject.cases === undefined || subject.cases.includes(on.name));
}
