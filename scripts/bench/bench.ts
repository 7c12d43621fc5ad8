/**
 * One run of the benchmark: starts subjects on the stage, and remembers what they reported.
 *
 * @module
 */

import { BEST, type Case, type Subject } from "./plan.ts";
import type { RuntimeName } from "./runtimes.ts";
import type { ServerCounts } from "./servers_process.ts";
import { type Program, Running, scriptProgram, type Servers } from "./stage.ts";
import { shardIdOf, streamName, type StreamShape } from "./stream_shape.ts";
import type { Assignment, Measurement, Setup } from "./subjects/meter.ts";

/** What a run of the benchmark stands on. */
export interface BenchContext {
  readonly servers: Servers;
  readonly go: string | undefined;
  /** The path of the certificate, where TLS can be measured. */
  readonly certificate: string | undefined;
  readonly isQuick: boolean;
  readonly say: (line: string) => void;
}

/** How a subject is to be measured. */
export interface Load {
  readonly shape: StreamShape;
  readonly isTls?: boolean | undefined;
  readonly records?: number;
  readonly warmUpRecords?: number;
  readonly warmUpMs?: number;
  readonly durationMs?: number;
  readonly setup?: Setup | undefined;
  /** Absent: a fleet of its own. */
  readonly application?: string | undefined;
}

/** What a subject reported, and what the servers saw of it. */
export interface Run {
  readonly measured: Measurement;
  readonly served: ServerCounts;
}

const TIMEOUT_MS = 180_000;
let applications = 0;

/** A name that no fleet has had. */
export function newApplication(): string {
  return `bench${++applications}`;
}

/** Starts a subject; it runs until it has seen enough. */
export function startSubject(
  context: BenchContext,
  of: { readonly program: Subject["program"]; readonly runtime: RuntimeName },
  load: Load,
): Running {
  const { servers: { endpoints }, certificate } = context;
  const assignment: Assignment = {
    ...endpoints,
    kinesis: load.isTls ? endpoints.kinesisTls ?? "" : endpoints.kinesis,
    stream: streamName(load.shape),
    application: load.application ?? newApplication(),
    shardIds: Array.from({ length: load.shape.shardCount }, (_, index) => shardIdOf(index)),
    records: load.records ?? 0,
    warmUpRecords: load.warmUpRecords ?? 0,
    warmUpMs: load.warmUpMs ?? 0,
    durationMs: load.durationMs ?? 0,
    setup: load.setup ?? BEST[of.runtime],
  };
  const program = programOf(context, of);
  return new Running(program, assignment, { timeoutMs: TIMEOUT_MS, certificate });
}

/** Runs a subject to its end. */
export async function runSubject(
  context: BenchContext,
  of: { readonly program: Subject["program"]; readonly runtime: RuntimeName },
  load: Load,
): Promise<Run> {
  await context.servers.reset();
  const measured = await startSubject(context, of, load).measurement();
  return { measured, served: await context.servers.counts() };
}

function programOf(
  { go }: BenchContext,
  { program, runtime }: { readonly program: Subject["program"]; readonly runtime: RuntimeName },
): Program {
  if (program !== "go" && program !== "go-sdk") {
    // The silent copy of the library stands beside the whole, with its own copy of the programs.
    if (program === "kinsumer_silent") {
      return scriptProgram(runtime, "../../silent/scripts/bench/subjects/kinsumer.js");
    }
    return scriptProgram(runtime, `subjects/${program}.js`);
  }
  return { command: go ?? "", args: [program === "go" ? "kinsumer" : "sdk"] };
}

const RECORDS_BY_PACE = { slow: 1 / 2, fast: 4 };

/** The loads of a comparison. */
export function loadOf(context: BenchContext, on: Case, subject: Subject): Load {
  const whole = context.isQuick ? 2 * on.shape.recordsPerRead : on.records;
  const share = subject.pace === undefined || context.isQuick ? 1 : RECORDS_BY_PACE[subject.pace];
  const records = Math.ceil(whole * share);
  const warmUpRecords = Math.ceil(records / 4);
  const shape = subject.shardCount === undefined || subject.shardCount > on.shape.shardCount
    ? on.shape
    : { ...on.shape, shardCount: subject.shardCount };
  return { shape, isTls: on.isTls, records, warmUpRecords, setup: subject.setup };
}
