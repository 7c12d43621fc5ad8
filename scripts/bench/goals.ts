/**
 * Decides which goals hold: ratios of cost inside one run, and figures that stand alone.
 *
 * @module
 */

import { CASES } from "./plan.ts";
import type { Figure } from "./probes.ts";
import type { RuntimeName } from "./runtimes.ts";
import { ratioOf, spreadOf } from "./statistics.ts";
import type { Throughput } from "./throughput.ts";

/** A goal, and how it stands. */
export interface Goal {
  readonly name: string;
  /** What was measured; `null` where it was not. */
  readonly value: number | null;
  /** For example `≥ 7 ×`. */
  readonly want: string;
  /** False where it was not measured. */
  readonly holds: boolean;
  readonly runtime: RuntimeName;
  /** Whether it says the same on every machine: a ratio inside one run, or a count. */
  readonly isNeutral: boolean;
}

const BEST = "kinsumer cbor node";
const BY_RECORD = "kinsumer cbor node by record";

/** Subject, what it is compared with, case, the least ratio, and the runtime. */
type Ratio = readonly [string, string, string, number, RuntimeName?];

const RATIOS: readonly Ratio[] = [
  ...["AWS SDK v3", "Go kinsumer"].flatMap((peer): Ratio[] => [
    [BEST, peer, "100 B", 7],
    [BEST, peer, "1 KiB", 10],
    [BEST, peer, "10 KiB", 9],
    [BEST, peer, "steady", 7],
  ]),
  [BEST, "AWS SDK v3", "TLS", 7],
  [BEST, "lifion-kinesis", "1 KiB", 10],
  [BEST, "lifion-kinesis", "bytes", 80],
  ["kinsumer json node", "AWS SDK v3", "1 KiB", 4.5],
  ["kinsumer json fetch", "AWS SDK v3", "1 KiB", 3],
  ["kinsumer cbor fetch", "AWS SDK v3", "1 KiB", 5],
  ["kinsumer cbor fetch", "AWS SDK v3", "1 KiB", 8, "deno"],
  ["kinsumer cbor fetch", "AWS SDK v3", "1 KiB", 8, "bun"],
  ...["100 B", "1 KiB", "10 KiB", "steady"].flatMap((on): Ratio[] => [
    [BEST, "floor cbor node", on, 0.75],
    [BY_RECORD, "floor cbor node", on, 0.6],
  ]),
  [BEST, "naive floor", "1 KiB", 3],
  // Telemetry takes at most 2 % of the CPU where no SDK is registered, 5 % where one samples nothing.
  ...["1 KiB", "steady"].flatMap((on): Ratio[] => [
    [BEST, "kinsumer without telemetry", on, 0.98],
    ["kinsumer with SDK sampling 0", "kinsumer without telemetry", on, 0.95],
  ]),
];

/** A figure's name, and the most that it may be. */
const BOUNDS: readonly (readonly [string, number])[] = [
  ["empty poll: kinsumer's own call, node", 150],
  ["128 idle shards: kinsumer, node", 2],
  ["connections a call: kinsumer's own call, node", 0.01],
  ["stalled consumer, 128 × 10 KiB × 1,000: node", 300],
  ["8 busy shards: checkpoints a minute", 100],
  ["idle requests a second and client", 1],
  ["fail-over: crash", 20],
  ["fail-over: clean stop", 2],
  ["fail-over: join", 10],
  ["longest pause of a shard that stayed: crash", 1_500],
  ["longest pause of a shard that stayed: clean stop", 1_500],
  ["longest pause of a shard that stayed: join", 1_500],
];
const WORST_BEAT_MS = 250;
/** A spread of 15 % to either side. */
const FLATNESS = 1.32;

/** The SDK that is registered, and the most of a read's CPU that telemetry may take: per cent. */
const SHARES: readonly (readonly [string, number])[] = [["no SDK", 2], ["SDK sampling 0", 5]];

/** Whether a goal compares this subject on this case and runtime. */
export function isCompared(on: string, runtime: RuntimeName, subject: string): boolean {
  return RATIOS.some(([one, other, caseName, , where = "node"]) =>
    caseName === on && where === runtime && (one === subject || other === subject)
  );
}

/** How every goal stands. */
export function judge(throughput: readonly Throughput[], figures: readonly Figure[]): Goal[] {
  const share = (what: string, on: string) => telemetryShare(throughput, figures, { what, on });
  return [
    ...RATIOS.map((ratio) => judgeRatio(throughput, ratio)),
    ...BOUNDS.map(([name, most]) => {
      const found = figures.find((each) => each.name === name);
      return atMost(found === undefined ? name : `${name}`, found?.value, {
        most,
        unit: found?.unit ?? "",
      });
    }),
    ...SHARES.flatMap(([what, most]) =>
      ["1 KiB", "steady"].map((on) =>
        atMost(`telemetry's share of the batch path: ${what}, ${on}`, share(what, on), {
          most,
          unit: "%",
        })
      )
    ),
    atMost("worst lateness of a beat under load", worstBeat(throughput), {
      most: WORST_BEAT_MS,
      unit: "ms",
    }),
    ...["CPU s/M", "idle CPU a shard"].map((what) =>
      atMost(`scale, 8 to 1,000 shards: ${what}, most to least`, flatness(figures, what), {
        most: FLATNESS,
        unit: "×",
      })
    ),
  ];
}

function judgeRatio(
  throughput: readonly Throughput[],
  [subject, peer, on, least, runtime = "node"]: Ratio,
): Goal {
  const find = (name: string) =>
    throughput.find((each) => each.subject === name && each.case === on && each.runtime === runtime)
      ?.cpuSeconds ?? [];
  const value = ratioOf(find(subject), find(peer));
  return {
    name: `${subject} against ${peer}, ${on}, ${runtime}`,
    value: value ?? null,
    want: `≥ ${least} ×`,
    holds: value !== undefined && value >= least,
    runtime,
    isNeutral: true,
  };
}

function atMost(
  name: string,
  value: number | undefined,
  { most, unit }: { readonly most: number; readonly unit: string },
): Goal {
  const want = `≤ ${most}${unit === "" ? "" : ` ${unit}`}`;
  const holds = value !== undefined && value <= most;
  const isNeutral = unit === "" || unit === "×";
  return { name, value: value ?? null, want, holds, runtime: "node", isNeutral };
}

/** What telemetry costs alone, of what all costs together. */
function telemetryShare(
  throughput: readonly Throughput[],
  figures: readonly Figure[],
  { what, on }: { readonly what: string; readonly on: string },
): number | undefined {
  const own = figures.find(({ name }) => name === `telemetry of a read and its batch: ${what}`);
  const found = throughput.find((each) =>
    each.subject === BEST && each.case === on && each.runtime === "node"
  );
  const costs = (found?.cpuSeconds ?? []).flatMap((each) => each === undefined ? [] : [each]);
  const perRecord = spreadOf(costs)?.median; // seconds for a million: microseconds for one
  const perRead = CASES.find(({ name }) => name === on)?.shape.recordsPerRead ?? 0;
  if (own === undefined || perRecord === undefined) return undefined;
  return 100 * own.value / (perRecord * perRead);
}

function worstBeat(throughput: readonly Throughput[]): number | undefined {
  const values = throughput.filter((each) => each.runtime === "node").flatMap((each) =>
    each.beatLatenessMs.flatMap((value) => (value === undefined ? [] : [value]))
  );
  return spreadOf(values)?.max;
}

function flatness(figures: readonly Figure[], what: string): number | undefined {
  const values = figures.filter(({ name }) =>
    name.startsWith("scale: ") && name.endsWith(what) && !name.startsWith("scale: 1 ")
  ).map(({ value }) => value);
  const spread = spreadOf(values);
  return spread === undefined || spread.min <= 0 ? undefined : spread.max / spread.min;
}
