/**
 * Measures the throughput comparison: every subject on every case and runtime, in turns.
 *
 * @module
 */

import { type BenchContext, loadOf, runSubject } from "./bench.ts";
import { CASES, isMeasured, type Subject, SUBJECTS } from "./plan.ts";
import type { RuntimeName } from "./runtimes.ts";

/** What was measured of a subject; one value a round, `undefined` where the round failed. */
export interface Throughput {
  readonly runtime: RuntimeName;
  readonly case: string;
  readonly subject: string;
  /** CPU seconds for a million records. */
  readonly cpuSeconds: (number | undefined)[];
  /** By the clock on the wall. */
  readonly recordsPerSecond: (number | undefined)[];
  readonly peakMiB: (number | undefined)[];
  readonly firstRecordMs: (number | undefined)[];
  /** How busy the servers were: their share of one core. Near 1, they were in the way. */
  readonly serverShare: (number | undefined)[];
  /** The latest beat of a Kinsumer: milliseconds beyond its interval. */
  readonly beatLatenessMs: (number | undefined)[];
  readonly connectionsPerCall: (number | undefined)[];
}

/** The longest between two beats by design: the default `shardCheckIntervalMs` and a twentieth. */
const BEAT_INTERVAL_MS = 1_575;
const QUICK_CASES: readonly string[] = ["1 KiB", "TLS"];

/**
 * Measures.
 *
 * @param isWanted decides by the names of a case, a subject and a runtime
 * @param failed is told what could not be measured
 */
export async function measureThroughput(
  context: BenchContext,
  options: {
    readonly rounds: number;
    readonly runtimes: readonly RuntimeName[];
    readonly isWanted: (caseName: string, subject: string, runtime: RuntimeName) => boolean;
    readonly failed: (what: string) => void;
    /** Asked before each round but the first, with what the last one took: milliseconds. */
    readonly mayGoOn: (roundMs: number) => boolean;
  },
): Promise<readonly Throughput[]> {
  const turns = CASES.filter((each) => !each.isTls || context.certificate !== undefined)
    .filter(({ name }) => !context.isQuick || QUICK_CASES.includes(name))
    .flatMap((on) =>
      options.runtimes.flatMap((runtime) =>
        SUBJECTS.filter((subject) =>
          isMeasured(subject, on, runtime) && options.isWanted(on.name, subject.name, runtime) &&
          (context.go !== undefined || !subject.program.startsWith("go"))
        ).map((subject) => ({ on, runtime, subject, result: empty(on.name, runtime, subject) }))
      )
    );
  let roundMs = 0;
  for (let round = 1; round <= options.rounds; round++) {
    if (round > 1 && !options.mayGoOn(roundMs)) break;
    const startedAtMs = performance.now();
    // To and fro: whoever is measured next to the other is not always the first of the two.
    const order = round % 2 === 1 ? turns : [...turns].reverse();
    for (const { on, runtime, subject, result } of order) {
      const name = `${on.name}, ${runtime}, ${subject.name}`;
      try {
        const of = { program: subject.program, runtime };
        note(result, await runSubject(context, of, loadOf(context, on, subject)));
        context.say(
          `round ${round}, ${name}: ${result.cpuSeconds.at(-1)?.toFixed(2)} CPU s/M`,
        );
      } catch (error) {
        for (const values of seriesOf(result)) values.push(undefined);
        options.failed(`${name}: ${(error as Error).message}`);
      }
    }
    roundMs = performance.now() - startedAtMs;
  }
  return turns.map(({ result }) => result);
}

function empty(caseName: string, runtime: RuntimeName, subject: Subject): Throughput {
  return {
    runtime,
    case: caseName,
    subject: subject.name,
    cpuSeconds: [],
    recordsPerSecond: [],
    peakMiB: [],
    firstRecordMs: [],
    serverShare: [],
    beatLatenessMs: [],
    connectionsPerCall: [],
  };
}

function seriesOf(result: Throughput): (number | undefined)[][] {
  return Object.values(result).filter((value) => Array.isArray(value));
}

function note(
  result: Throughput,
  { measured, served }: Awaited<ReturnType<typeof runSubject>>,
): void {
  const { records, cpuMs, wallMs, peakBytes, firstRecordMs } = measured;
  result.cpuSeconds.push(cpuMs / 1000 / (records / 1_000_000));
  result.recordsPerSecond.push(records / (wallMs / 1000));
  result.peakMiB.push(peakBytes / 1_048_576);
  result.firstRecordMs.push(firstRecordMs);
  result.serverShare.push(served.cpuMs / served.elapsedMs);
  const gaps = Object.values(served.tables.longestBeatGapMs).filter((gap) =>
    gap > BEAT_INTERVAL_MS / 2
  );
  result.beatLatenessMs.push(
    gaps.length === 0 ? undefined : Math.max(...gaps) - BEAT_INTERVAL_MS,
  );
  result.connectionsPerCall.push(served.kinesis.connections / Math.max(1, served.kinesis.reads));
}
