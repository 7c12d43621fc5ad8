/**
 * Draws docs/images/shard-states.svg: a shard's life on a client. Its test holds the arrows to the
 * rule, `mayEnter()`, and the file to this.
 *
 *     npm run docs:states
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { ShardState } from "../../src/rules/shard_state.ts";
import { ROOT } from "../runtimes.mjs";

/** Where the picture is, relative to the checkout. */
export const PICTURE = "docs/images/shard-states.svg";

const WIDTH = 880;
const HEIGHT = 340;
const BOX = { width: 116, height: 42 };

/** The middle of each state. A state that the rule gains is missed here by the compiler. */
const PLACES: { readonly [state in ShardState]: { readonly x: number; readonly y: number } } = {
  capturing: { x: 100, y: 120 },
  reading: { x: 310, y: 120 },
  draining: { x: 520, y: 120 },
  releasing: { x: 520, y: 230 },
  finished: { x: 790, y: 120 },
  released: { x: 790, y: 230 },
  lost: { x: 790, y: 300 },
};

/** Every state. */
export const STATES: readonly ShardState[] = Object.keys(PLACES) as ShardState[];

/** The states in the frame: a loss may come in each. */
export const FRAMED: readonly ShardState[] = ["capturing", "reading", "draining", "releasing"];

interface Arrow {
  readonly from: ShardState;
  readonly to: ShardState;
  readonly path: string;
  readonly words?: string;
  readonly at?: readonly [x: number, y: number];
}

/** Every way from a state to another, but for those out of the frame to `lost`. */
export const ARROWS: readonly Arrow[] = [
  {
    from: "capturing",
    to: "reading",
    path: "M158 120H248",
    words: "captured",
    at: [203, 110],
  },
  { from: "reading", to: "draining", path: "M368 112H458", words: "ended", at: [413, 103] },
  { from: "draining", to: "reading", path: "M462 130H372", words: "dropped", at: [415, 147] },
  {
    from: "draining",
    to: "finished",
    path: "M578 120H728",
    words: "processed",
    at: [672, 110],
  },
  {
    from: "capturing",
    to: "finished",
    path: "M100 99C100 40 180 52 300 52H690C760 52 790 60 790 95",
    words: "its row says that it is finished",
    at: [445, 44],
  },
  {
    from: "capturing",
    to: "releasing",
    path: "M100 141C100 220 160 238 300 238H458",
    words: "stop",
    at: [200, 224],
  },
  {
    from: "reading",
    to: "releasing",
    path: "M310 141C310 200 350 222 400 222H458",
    words: "stop, or it moves",
    at: [398, 190],
  },
  { from: "draining", to: "releasing", path: "M520 141V205", words: "stop", at: [540, 178] },
  {
    from: "releasing",
    to: "released",
    path: "M578 230H728",
    words: "last checkpoint",
    at: [672, 220],
  },
];

const STYLE = `
  text { font: 14px ui-sans-serif, system-ui, sans-serif; fill: #1f2933; text-anchor: middle }
  .small { font-size: 12px; fill: #52606d }
  .card { fill: #ffffff }
  .box { fill: #e6f0fb; stroke: #3b6ea5 }
  .end { fill: #e9f5ec; stroke: #3c8552 }
  .lost { fill: #fbeaea; stroke: #b54545 }
  .arrow { fill: none; stroke: #52606d; stroke-width: 1.4; marker-end: url(#tip) }
  .frame { fill: none; stroke: #b54545; stroke-dasharray: 5 4 }
  .loss { fill: none; stroke: #b54545; stroke-width: 1.4; marker-end: url(#tip) }
  .tip { fill: #52606d }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e7eb }
    .small { fill: #9aa5b1 }
    .card { fill: #16191d }
    .box { fill: #1d3450 }
    .end { fill: #1c3d28 }
    .lost { fill: #4a2222 }
    .tip { fill: #9aa5b1 }
    .arrow { stroke: #9aa5b1 }
  }
`;

function box(state: ShardState): string {
  const { x, y } = PLACES[state];
  const kind = state === "lost" ? "lost" : ["finished", "released"].includes(state) ? "end" : "box";
  const { width, height } = BOX;
  return `  <rect class="${kind}" x="${x - width / 2}" y="${
    y - height / 2
  }" width="${width}" height="${height}" rx="8"/>
  <text x="${x}" y="${y + 5}">${state}</text>`;
}

function arrow({ path, words, at }: Arrow): string {
  const line = `  <path class="arrow" d="${path}"/>`;
  if (words === undefined || at === undefined) return line;
  return `${line}\n  <text class="small" x="${at[0]}" y="${at[1]}">${words}</text>`;
}

/** The picture, as SVG. */
export function statePicture(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="A shard's life on a client: the states and the ways between them">
  <style>${STYLE}  </style>
  <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>
  <rect class="card" width="${WIDTH}" height="${HEIGHT}" rx="12"/>
  <rect class="frame" x="24" y="74" width="580" height="190" rx="12"/>
${ARROWS.map(arrow).join("\n")}
  <path class="loss" d="M560 264C560 300 600 300 640 300H728"/>
  <text class="small" x="650" y="291">ownership lost</text>
${STATES.map(box).join("\n")}
</svg>
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  writeFileSync(join(ROOT, PICTURE), statePicture());
}
