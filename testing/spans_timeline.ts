/**
 * Draws spans as a timeline in text: one line for each client's shard, time from left to right.
 *
 * @module
 */

import { glyphOf, LEGEND, OWNED, rankOf } from "./spans_glyphs.ts";
import { type Lane, toLanes } from "./spans_lanes.ts";
import { summarize } from "./spans_match.ts";
import type { RecordedSpan } from "./spans_model.ts";

/** How a timeline is drawn. */
export interface TimelineOptions {
  /** Columns of text, 60 to 400. @default {100} */
  readonly width?: number | undefined;
  /** Lines for clients and shards, 1 to 1,000. More shards share the line of their client. @default {60} */
  readonly maxLanes?: number | undefined;
}

interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly columns: number;
}

const FAILURES_LISTED = 10;
const TICK_COLUMNS = 16;

/**
 * Draws spans.
 *
 * @param given.open spans that have not ended: they are counted, not drawn
 */
export function drawTimeline(
  given: { readonly spans: readonly RecordedSpan[]; readonly open?: readonly RecordedSpan[] },
  { width = 100, maxLanes = 60 }: TimelineOptions = {},
): string {
  checkRange("width", width, { from: 60, to: 400 });
  checkRange("maxLanes", maxLanes, { from: 1, to: 1_000 });
  const { spans, open = [] } = given;
  const opened = open.length === 0 ? [] : [`not ended: ${summarize(open)}`];
  if (spans.length === 0) return ["no spans", ...opened].join("\n");
  const lanes = toLanes(spans, maxLanes);
  const labels = toLabels(lanes);
  const columns = width - (labels[0]?.length ?? 0) - 1;
  const scale = scaleOf(spans, columns);
  const drawn = lanes.map((lane) => drawLane(lane, scale));
  const lines = [
    ...headline(spans, scale, width),
    `${" ".repeat(width - columns)}${axis(scale)}`,
    ...drawn.map((lane, index) => `${labels[index]} ${lane}`.trimEnd()),
    ...legend(drawn.join(""), width),
    ...listFailures(lanes, scale),
    ...opened,
  ];
  return lines.map((line) => shorten(line, width)).join("\n");
}

function checkRange(
  name: string,
  value: number,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  if (Number.isInteger(value) && value >= from && value <= to) return;
  throw new RangeError(`${name} is ${value}, allowed are whole numbers from ${from} to ${to}`);
}

function scaleOf(spans: readonly RecordedSpan[], columns: number): Scale {
  let [fromMs, toMs] = [Infinity, -Infinity];
  for (const { startMs, endMs } of spans) {
    fromMs = Math.min(fromMs, startMs);
    toMs = Math.max(toMs, endMs);
  }
  return { fromMs, toMs: Math.max(toMs, fromMs + 1), columns };
}

function columnOf({ fromMs, toMs, columns }: Scale, timeMs: number): number {
  const column = Math.floor((timeMs - fromMs) / (toMs - fromMs) * columns);
  return Math.min(columns - 1, Math.max(0, column));
}

function headline(
  spans: readonly RecordedSpan[],
  { fromMs, toMs, columns }: Scale,
  width: number,
): string[] {
  const failed = spans.filter(({ status }) => status === "error").length;
  const facts = [
    `from ${new Date(fromMs).toISOString()}`,
    `${seconds(toMs - fromMs)} s`,
    `a column is ${columnTime((toMs - fromMs) / columns)}`,
    `${spans.length} spans`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
  ];
  return wrap(facts, ", ", width);
}

/** Joins parts, on as many lines as they need. */
function wrap(parts: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const longer = `${last}${separator}${part}`;
    if (last !== undefined && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}

function columnTime(ms: number): string {
  return ms >= 1_000 ? `${seconds(ms)} s` : `${ms >= 10 ? Math.round(ms) : ms.toPrecision(2)} ms`;
}

function seconds(ms: number): string {
  return String(Number((ms / 1_000).toFixed(3)));
}

function axis({ fromMs, toMs, columns }: Scale): string {
  const spanMs = toMs - fromMs;
  const digits = spanMs < 1_000 ? 3 : spanMs < 60_000 ? 1 : 0;
  const ticks: string[] = [];
  for (let column = 0; column + TICK_COLUMNS / 2 < columns; column += TICK_COLUMNS) {
    const tick = `|${(spanMs * column / columns / 1_000).toFixed(digits)} s`;
    ticks.push(tick.padEnd(TICK_COLUMNS));
  }
  return ticks.join("").trimEnd();
}

function drawLane({ spans, owned }: Lane, scale: Scale): string {
  const cells = new Array<string>(scale.columns).fill(" ");
  for (const { fromMs, toMs } of owned) {
    const to = columnOf(scale, toMs ?? scale.toMs);
    for (let column = columnOf(scale, fromMs); column <= to; column++) cells[column] = OWNED;
  }
  for (const span of spans) {
    const { glyph, isLong } = glyphOf(span);
    if (glyph === undefined) continue;
    // What a call brought is known at its end; work on a record is seen all the while.
    const to = columnOf(scale, span.endMs);
    for (let column = isLong ? columnOf(scale, span.startMs) : to; column <= to; column++) {
      if (rankOf(glyph) < rankOf(cells[column] ?? " ")) cells[column] = glyph;
    }
  }
  return cells.join("");
}

function legend(drawn: string, width: number): string[] {
  const used = LEGEND.filter(({ glyph }) => drawn.includes(glyph));
  return wrap(used.map(({ glyph, text }) => `${glyph} ${text}`), "  ", width);
}

function toLabels(lanes: readonly Lane[]): string[] {
  const clients = lanes.map(({ client }) => shorten(client, 16));
  const parts = lanes.map(({ part }) => shorten(part, 18));
  const clientWidth = Math.max(...clients.map(({ length }) => length));
  const partWidth = Math.max(...parts.map(({ length }) => length));
  return lanes.map((_, index) => {
    // A client's name stands at its first line only.
    const isSame = index > 0 && lanes[index]?.client === lanes[index - 1]?.client;
    const client = isSame ? "" : clients[index] ?? "";
    return `${client.padEnd(clientWidth)} ${(parts[index] ?? "").padEnd(partWidth)}`;
  });
}

function listFailures(lanes: readonly Lane[], { fromMs }: Scale): string[] {
  const failed = lanes
    .flatMap(({ client, part, spans }) => spans.map((span) => ({ where: [client, part], span })))
    .filter(({ span }) => span.status === "error")
    .sort((a, b) => a.span.endMs - b.span.endMs);
  const rest = failed.length - FAILURES_LISTED;
  return [
    ...failed.slice(0, FAILURES_LISTED).map(({ where, span }) => {
      const why = span.attributes["error.type"] ?? span.statusMessage ?? "failed";
      const shown = where.filter((each) => each !== "").join(" ");
      return `! ${seconds(span.endMs - fromMs)} s  ${shown}  ${span.name}: ${String(why)}`;
    }),
    ...(rest > 0 ? [`! and ${rest} more`] : []),
  ];
}

function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) * 0.6);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
