/**
 * Writes the results as tables.
 *
 * @module
 */

import type { Goal } from "./goals.ts";
import type { Figure } from "./probes.ts";
import { ratioOf, spreadOf } from "./statistics.ts";
import type { Throughput } from "./throughput.ts";

/** Everything that was measured, as lines. */
export function report(
  throughput: readonly Throughput[],
  figures: readonly Figure[],
  goals: readonly Goal[],
): string {
  return [
    ...throughputLines(throughput),
    "",
    ...figures.map(({ name, value, unit }) =>
      `${number(value).padStart(10)} ${unit.padEnd(4)} ${name}`
    ),
    "",
    ...goals.map(goalLine),
    "",
    `${goals.filter(({ holds }) => holds).length} of ${goals.length} goals hold`,
  ].join("\n");
}

function throughputLines(throughput: readonly Throughput[]): string[] {
  const lines: string[] = [];
  let heading = "";
  for (const each of throughput) {
    const group = throughput.filter((other) =>
      other.case === each.case && other.runtime === each.runtime
    );
    const title = `${each.case} on ${each.runtime}`;
    if (title !== heading) {
      heading = title;
      lines.push(
        "",
        `${title.padEnd(30)} CPU s/M (min … max)      rec/CPU s     rec/s  peak MiB  first ms` +
          "  servers   ÷ naive   ÷ SDK    ÷ Go",
      );
    }
    lines.push(throughputLine(each, group));
  }
  return lines;
}

function throughputLine(each: Throughput, group: readonly Throughput[]): string {
  const cpu = spreadOf(defined(each.cpuSeconds));
  if (cpu === undefined) return `  ${each.subject.padEnd(28)} failed`;
  const median = (values: readonly (number | undefined)[]) =>
    spreadOf(defined(values))?.median ?? Number.NaN;
  const against = (name: string) => {
    const other = group.find(({ subject }) => subject === name);
    const ratio = other && ratioOf(each.cpuSeconds, other.cpuSeconds);
    return (ratio === undefined ? "–" : `${ratio.toFixed(1)} ×`).padStart(8);
  };
  return [
    `  ${each.subject.padEnd(28)}`,
    `${number(cpu.median).padStart(7)} (${number(cpu.min)} … ${number(cpu.max)})`.padEnd(25),
    Math.round(1_000_000 / cpu.median).toLocaleString("en").padStart(9),
    Math.round(median(each.recordsPerSecond)).toLocaleString("en").padStart(9),
    median(each.peakMiB).toFixed(0).padStart(9),
    median(each.firstRecordMs).toFixed(0).padStart(9),
    `${(100 * median(each.serverShare)).toFixed(0)} %`.padStart(8),
    ` ${against("naive floor")} ${against("AWS SDK v3")} ${against("Go kinsumer")}`,
  ].join(" ");
}

function goalLine({ name, value, want, holds }: Goal): string {
  const mark = value === null ? "–" : holds ? "✓" : "✗";
  const measured = value === null ? "not measured" : number(value);
  return ` ${mark} ${measured.padStart(12)}  ${want.padEnd(10)} ${name}`;
}

/** Three digits that count. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 4);
}

function defined(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}
