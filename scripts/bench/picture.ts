/**
 * Draws the comparison as an SVG: what a million records cost, in CPU seconds.
 *
 * @module
 */

import { number } from "./report.ts";
import type { RuntimeName } from "./runtimes.ts";
import { ratioOf, spreadOf } from "./statistics.ts";
import type { Throughput } from "./throughput.ts";

const WIDTH = 760;
const BAR = 20;
const GAP = 8;
const TOP = 66;
const LEFT = 230;
const RIGHT = 150;
const CASE = "1 KiB";
const RUNTIME = "node";

/** What is drawn, and as what. */
const DRAWN: readonly (readonly [subject: string, label: string])[] = [
  ["kinsumer cbor node", "Kinsumer, CBOR, kinsumer/node"],
  ["kinsumer json node", "Kinsumer, JSON, kinsumer/node"],
  ["kinsumer cbor fetch", "Kinsumer, CBOR, fetch"],
  ["kinsumer json fetch", "Kinsumer, JSON, fetch"],
  ["naive floor", "bare loop: fetch, JSON.parse"],
  ["AWS SDK v3", "bare loop: AWS SDK v3"],
  ["lifion-kinesis", "lifion-kinesis"],
  ["Go kinsumer", "Go kinsumer"],
];

/** By its own colours in the light and in the dark; the panel is its own, so that it can be read on any page. */
const STYLE = `
  .panel { fill: #ffffff; stroke: #d0d7de }
  text { fill: #1f2328; font: 13px system-ui, -apple-system, "Segoe UI", sans-serif }
  .title { font-weight: 600; font-size: 15px }
  .note { fill: #59636e; font-size: 12px }
  .ours { fill: #1f883d }
  .theirs { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    .panel { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .note { fill: #9198a1 }
    .ours { fill: #3fb950 }
    .theirs { fill: #656c76 }
  }`;

interface Bar {
  readonly subject: string;
  readonly label: string;
  readonly median: number;
  /** How many times what the first costs. */
  readonly ratio: number;
}

/** Whether the picture shows it. */
export function isDrawn(caseName: string, runtime: RuntimeName, subject: string): boolean {
  return caseName === CASE && runtime === RUNTIME && DRAWN.some(([name]) => name === subject);
}

/** The picture; `undefined` where nothing of it was measured. */
export function drawPicture(throughput: readonly Throughput[]): string | undefined {
  const bars = barsOf(throughput);
  if (bars.length === 0) return undefined;
  const most = Math.max(...bars.map(({ median }) => median));
  const height = TOP + bars.length * (BAR + GAP) + 12;
  const rows = bars.map((bar, index) => drawBar(bar, { y: TOP + index * (BAR + GAP), most }));
  const title = `CPU seconds for a million records of ${CASE}, on Node`;
  const note = `shorter is better; × against ${
    bars[0]!.label
  }; the whole process, all payloads looked at`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" ` +
    `aria-label="${title}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="panel" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>`,
    `<text class="title" x="16" y="28">${title}</text>`,
    `<text class="note" x="16" y="48">${note}</text>`,
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

function barsOf(throughput: readonly Throughput[]): readonly Bar[] {
  const measured = throughput.filter((each) => each.case === CASE && each.runtime === RUNTIME);
  const costs = (name: string) =>
    measured.find(({ subject }) => subject === name)?.cpuSeconds ?? [];
  const [first] = DRAWN.map(([subject]) => costs(subject)).filter((each) => each.length > 0);
  return DRAWN.flatMap(([subject, label]): Bar[] => {
    const cpuSeconds = costs(subject);
    const median = spreadOf(cpuSeconds.filter((each) => each !== undefined))?.median;
    if (median === undefined) return [];
    return [{ subject, label, median, ratio: ratioOf(first ?? [], cpuSeconds) ?? 1 }];
  });
}

function drawBar(
  { subject, label, median, ratio }: Bar,
  { y, most }: { readonly y: number; readonly most: number },
): string {
  const length = Math.max(2, (WIDTH - LEFT - RIGHT) * median / most);
  const colour = subject.startsWith("kinsumer") ? "ours" : "theirs";
  const times = ratio === 1 ? "" : ` (${ratio.toFixed(1)} ×)`;
  return [
    `<text x="${LEFT - 10}" y="${y + 15}" text-anchor="end">${label}</text>`,
    `<rect class="${colour}" x="${LEFT}" y="${y}" width="${
      length.toFixed(1)
    }" height="${BAR}" rx="3"/>`,
    `<text x="${(LEFT + length + 8).toFixed(1)}" y="${y + 15}">${number(median)}${times}</text>`,
  ].join("\n");
}
