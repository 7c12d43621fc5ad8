/**
 * Draws the comparison as an SVG: what a million records cost, in CPU seconds.
 *
 * @module
 */

import { ratioOf, spreadOf } from "./statistics.ts";
import type { Throughput } from "./throughput.ts";
import { number } from "./report.ts";

const WIDTH = 760;
const BAR = 18;
const GAP = 8;
const LEFT = 210;
const RIGHT = 150;
const OURS = "#2f7d5b";
const THEIRS = "#9aa3ad";

/** What is drawn, from cheap to dear. */
const DRAWN = [
  "kinsumer cbor node",
  "kinsumer cbor fetch",
  "kinsumer json node",
  "kinsumer json fetch",
  "naive floor",
  "AWS SDK v3",
  "lifion-kinesis",
  "Go kinsumer",
];

/** The picture of one case on Node; `undefined` where nothing of it was measured. */
export function drawPicture(
  throughput: readonly Throughput[],
  caseName = "1 KiB",
): string | undefined {
  const measured = throughput.filter((each) => each.case === caseName && each.runtime === "node");
  const best = measured.find(({ subject }) => subject === DRAWN[0])?.cpuSeconds ?? [];
  const bars = DRAWN.flatMap((subject) => {
    const cpuSeconds = measured.find((each) => each.subject === subject)?.cpuSeconds ?? [];
    const median = spreadOf(cpuSeconds.filter((each) => each !== undefined))?.median;
    if (median === undefined) return [];
    return [{ subject, median, ratio: ratioOf(best, cpuSeconds) ?? 1 }];
  });
  if (bars.length === 0) return undefined;
  const most = Math.max(...bars.map(({ median }) => median));
  const height = 44 + bars.length * (BAR + GAP);
  const rows = bars.map((bar, index) => drawBar(bar, { y: 38 + index * (BAR + GAP), most }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="12" y="22" font-weight="600" fill="#1f2328">CPU seconds for a million records of ` +
    `${caseName} on Node: shorter is better</text>`,
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

function drawBar(
  { subject, median, ratio }: {
    readonly subject: string;
    readonly median: number;
    readonly ratio: number;
  },
  { y, most }: { readonly y: number; readonly most: number },
): string {
  const length = Math.max(2, (WIDTH - LEFT - RIGHT) * median / most);
  const isOurs = subject.startsWith("kinsumer");
  const times = subject === DRAWN[0] ? "" : ` (${ratio.toFixed(1)} ×)`;
  return [
    `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end" fill="#1f2328">${subject}</text>`,
    `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" ` +
    `fill="${isOurs ? OURS : THEIRS}"/>`,
    `<text x="${(LEFT + length + 6).toFixed(1)}" y="${y + 14}" fill="#1f2328">${number(median)}` +
    `${times}</text>`,
  ].join("\n");
}
