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
  /** Records that a fast subject is measured on; a slow one gets half. */
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
  readonly isSlow?: boolean;
  /** The cases that it is measured on; all where absent. */
  readonly cases?: readonly string[];
}

const ALL: readonly RuntimeName[] = ["node", "deno", "bun"];

function shape(recordBytes: number, recordsPerRead: number, shardCount = 32): StreamShape {
  return { shardCount, recordBytes, recordsPerRead, payload: "json", readsUntilClosed: 0 };
}

/** The loads of the throughput comparison. */
export const CASES: readonly Case[] = [
  { name: "100 B", shape: shape(100, 10_000), records: 1_600_000 },
  { name: "1 KiB", shape: shape(1024, 1_000), records: 400_000 },
  { name: "10 KiB", shape: shape(10_240, 1_000, 8), records: 40_000 },
  { name: "steady", shape: shape(1024, 200), records: 160_000 },
  { name: "bytes", shape: { ...shape(1024, 1_000), payload: "bytes" }, records: 400_000 },
  { name: "TLS", shape: shape(1024, 1_000), isTls: true, records: 400_000 },
];

function kinsumer(
  wire: Setup["wire"],
  transport: Setup["transport"],
  consume: Setup["consume"] = "batches",
): Subject {
  const name = `kinsumer ${wire} ${transport}${consume === "batches" ? "" : ` by record`}`;
  const runtimes: readonly RuntimeName[] = transport === "node" ? ["node"] : ALL;
  return { name, program: "kinsumer", runtimes, setup: { wire, transport, consume } };
}

function floor(wire: Setup["wire"], transport: Setup["transport"]): Subject {
  const runtimes: readonly RuntimeName[] = transport === "node" ? ["node"] : ALL;
  const setup = { wire, transport, consume: "batches" } as const;
  return { name: `floor ${wire} ${transport}`, program: "floor_own", runtimes, setup };
}

/** What telemetry costs: beside the first subject, and the same without any. */
const TELEMETRY: readonly Subject[] = ([
  ["kinsumer without telemetry", "kinsumer_silent", undefined],
  ["kinsumer with SDK sampling 0", "kinsumer", "traces"],
  ["kinsumer with SDK and metrics", "kinsumer", "traces and metrics"],
] as const).map(([name, program, telemetry]) => {
  const setup = { wire: "cbor", transport: "node", consume: "batches" } as const;
  const whole = telemetry === undefined ? setup : { ...setup, telemetry };
  return { name, program, runtimes: ["node"], setup: whole, cases: ["1 KiB", "steady"] };
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
  { name: "AWS SDK v3", program: "sdk", runtimes: ALL, isSlow: true },
  {
    name: "lifion-kinesis",
    program: "lifion",
    runtimes: ["node"],
    isSlow: true,
    cases: ["100 B", "1 KiB", "10 KiB", "bytes"],
  },
  { name: "Go kinsumer", program: "go", runtimes: ["node"], isSlow: true, cases: PLAIN },
  { name: "Go SDK v1", program: "go-sdk", runtimes: ["node"], isSlow: true, cases: PLAIN },
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
