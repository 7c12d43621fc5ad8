/**
 * Draws a journey as an SVG picture, as tools for traces do: a line a span, time from left to right,
 * links as dashed arrows. Pure.
 *
 * @module
 */

import type { Journey, Link, Row } from "./rows.ts";

const ROW_HEIGHT = 26;
const LABEL_WIDTH = 330;
const TIME_WIDTH = 560;
const HEAD_HEIGHT = 64;
const PADDING = 16;
const BAR_HEIGHT = 14;
const WIDTH = LABEL_WIDTH + TIME_WIDTH + 90;
const TICKS = 5;

const COLOURS: Readonly<Record<Row["lane"], string>> = { producer: "#e5c07b", consumer: "#6ca8f7" };
const CALL_COLOUR = "#8b919c";
const LINK_COLOUR = "#7ccf7c";

interface Scale {
  x(ms: number): number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The picture. */
export function drawJourney({ rows, links }: Journey, title: string): string {
  const fromMs = Math.min(...rows.map(({ span }) => span.startMs));
  const toMs = Math.max(...rows.map(({ span }) => span.endMs), fromMs + 1);
  const x = (ms: number): number =>
    round(LABEL_WIDTH + ((ms - fromMs) / (toMs - fromMs)) * TIME_WIDTH);
  const scale: Scale = { fromMs, toMs, x };
  const height = HEAD_HEIGHT + rows.length * ROW_HEIGHT + PADDING;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">`,
    `<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="6" refY="3" orient="auto">` +
    `<path d="M0 0L6 3L0 6z" fill="${LINK_COLOUR}"/></marker></defs>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#16181d"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="13">`,
    `<text x="${PADDING}" y="26" fill="#d6d9df" font-weight="bold">${escape(title)}</text>`,
    ...axis(scale, height),
    ...rows.flatMap((row, index) => drawRow(row, index, scale)),
    ...links.map((link) => drawLink(link, rows, scale)),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function axis({ fromMs, toMs, x }: Scale, height: number): readonly string[] {
  return Array.from({ length: TICKS + 1 }, (_, index) => {
    const ms = fromMs + ((toMs - fromMs) * index) / TICKS;
    const label = `${Math.round(ms - fromMs)} ms`;
    return `<path d="M${x(ms)} ${HEAD_HEIGHT - 10}V${height - PADDING}" stroke="#2b2f38"/>` +
      `<text x="${x(ms)}" y="${HEAD_HEIGHT - 16}" fill="#8b919c" font-size="11" ` +
      `text-anchor="middle">${label}</text>`;
  });
}

function drawRow({ span, lane, depth }: Row, index: number, { x }: Scale): readonly string[] {
  const top = HEAD_HEIGHT + index * ROW_HEIGHT;
  const middle = top + ROW_HEIGHT / 2;
  const isCall = "rpc.method" in span.attributes;
  const colour = isCall ? CALL_COLOUR : COLOURS[lane];
  const [left, right] = [x(span.startMs), x(span.endMs)];
  const took = `${Math.round(span.durationMs)} ms`;
  return [
    `<text x="${PADDING + depth * 16}" y="${middle + 4}" fill="${colour}">${escape(span.name)}` +
    `<tspan fill="#5f6672"> ${span.kind}</tspan></text>`,
    `<rect x="${left}" y="${middle - BAR_HEIGHT / 2}" width="${
      round(Math.max(2, right - left))
    }" ` +
    `height="${BAR_HEIGHT}" rx="3" fill="${colour}"/>`,
    `<text x="${round(Math.max(left + 2, right) + 6)}" y="${middle + 4}" fill="#8b919c" ` +
    `font-size="11">${took}</text>`,
  ];
}

function drawLink({ from, to }: Link, rows: readonly Row[], { x }: Scale): string {
  const middleOf = (index: number): number => HEAD_HEIGHT + (index + 0.5) * ROW_HEIGHT;
  const start = x(rows[from]?.span.endMs ?? 0);
  const end = x(rows[to]?.span.startMs ?? 0);
  const [fromY, toY] = [middleOf(from) + BAR_HEIGHT / 2, middleOf(to)];
  const bend = round(Math.min(start, end - 24));
  return `<path d="M${start} ${fromY}L${bend} ${toY}H${end - 2}" fill="none" ` +
    `stroke="${LINK_COLOUR}" stroke-dasharray="4 3" marker-end="url(#tip)"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
