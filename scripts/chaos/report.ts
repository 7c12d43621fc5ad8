/**
 * Says how a chaos run ended: as a table for people, as one JSON object for programs.
 *
 * @module
 */

import { FAIL_OVER_BOUNDS, STOP_DEADLINE_MS } from "./client_settings.ts";
import { largestOf, medianOf } from "./fail_overs.ts";
import type { Verdict } from "./verdict.ts";

/** Whether every promise was kept. */
export function isGood(
  { duplicates, lost, outOfOrder, problems, probes, unexpected }: Verdict,
): boolean {
  return lost + outOfOrder + unexpected + duplicates.unexplained + problems.length === 0 &&
    probes.every(({ problem }) => problem === undefined);
}

/** The verdict as one JSON object. */
export function toJson(verdict: Verdict): string {
  const { blows, duplicates, failOvers: _, hits, probes, ...rest } = verdict;
  const { problems, stopTimesMs, ...facts } = rest;
  return JSON.stringify({
    ok: isGood(verdict),
    ...facts,
    duplicatesExplained: duplicates.explained,
    duplicatesUnexplained: duplicates.unexplained,
    duplicatesByFault: duplicates.byFault,
    ...failOverFacts(verdict),
    faults: blows,
    struck: hits,
    stops: { count: stopTimesMs.length, worstMs: rounded(largestOf(stopTimesMs)) },
    stopDeadlineMs: STOP_DEADLINE_MS,
    stopProbes: probes,
    problems: [...problems, ...probes.flatMap(({ problem }) => problem ?? [])],
  });
}

/** Those without another fault are what the bound is about. */
function failOverFacts({ failOvers }: Verdict): Record<string, unknown> {
  const timesOf = (isDisturbed: boolean): readonly number[] =>
    failOvers.filter((each) => each.isDisturbed === isDisturbed)
      .flatMap(({ takenMs }) => takenMs ?? []);
  const [calm, disturbed] = [timesOf(false), timesOf(true)];
  return {
    failovers: calm.length,
    failoverMedianMs: rounded(medianOf(calm)),
    failoverWorstMs: rounded(largestOf(calm)),
    failoverBoundMs: FAIL_OVER_BOUNDS.followerMs,
    failoverLeaderBoundMs: FAIL_OVER_BOUNDS.leaderMs,
    disturbedFailovers: disturbed.length,
    disturbedFailoverMedianMs: rounded(medianOf(disturbed)),
    disturbedFailoverWorstMs: rounded(largestOf(disturbed)),
  };
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}

/** The verdict as a table; what went wrong stands below it. */
export function toTable(verdict: Verdict): string {
  const { duplicates, probes, problems } = verdict;
  const facts = failOverFacts(verdict);
  const count = (name: string): string => String(facts[name] ?? "–");
  const rows: readonly (readonly [name: string, value: string | number, words?: string])[] = [
    ["produced", verdict.produced, `${verdict.seconds} s, seed ${verdict.seed}`],
    ["consumed", verdict.consumed, "different records"],
    ["lost", verdict.lost],
    [
      "out of order",
      verdict.outOfOrder,
      `of these handed over behind a fence: ${verdict.behindFence}`,
    ],
    ["twice, explained", duplicates.explained, listed(duplicates.byFault)],
    ["twice, unexplained", duplicates.unexplained],
    ["in hand at a freeze", verdict.inHandAtFreeze, "finished after waking"],
    ["fail-over median", count("failoverMedianMs"), `ms, of ${count("failovers")} shards`],
    ["fail-over worst", count("failoverWorstMs"), "ms"],
    ["  bound", FAIL_OVER_BOUNDS.followerMs, `ms; ${FAIL_OVER_BOUNDS.leaderMs} for a leader`],
    [
      "  under other faults",
      count("disturbedFailoverMedianMs"),
      `ms, worst ${count("disturbedFailoverWorstMs")}, of ${count("disturbedFailovers")} shards`,
    ],
    [
      "stops",
      verdict.stopTimesMs.length,
      `worst ${rounded(largestOf(verdict.stopTimesMs)) ?? "–"} ms, deadline ${STOP_DEADLINE_MS} ms`,
    ],
    [
      "blows",
      Object.values(verdict.blows).reduce((sum, each) => sum + each, 0),
      listed(verdict.blows),
    ],
    [
      "requests struck",
      Object.values(verdict.hits).reduce((sum, each) => sum + each, 0),
      listed(verdict.hits),
    ],
    [
      "clients",
      Object.values(verdict.runtimes).reduce((sum, each) => sum + each, 0),
      listed(verdict.runtimes),
    ],
    ["shards", verdict.shards, "all told"],
    ["machine pauses", verdict.machinePauses, "of 0.7 s and more, beside SIGSTOP"],
  ];
  const lines = rows.map(([name, value, words = ""]) =>
    ` ${name.padEnd(20)}${String(value).padStart(9)}  ${words}`
  );
  const stops = probes.map(({ fault, problem, stopMs }) =>
    ` stop() under ${fault.padEnd(24)}${String(Math.round(stopMs)).padStart(6)} ms  ${
      problem ?? "✓"
    }`
  );
  const head = isGood(verdict)
    ? " ✓ Every record came, in order, and none twice without a fault that explains it"
    : " ✗ A promise was broken";
  return ["", head, "", ...lines, "", ...stops, ...problems.map((text) => ` ✗ ${text}`), "", ""]
    .join("\n");
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(", ");
}
