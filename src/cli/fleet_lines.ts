/**
 * Draws a fleet: clients, shards, problems. Pure: view in, lines out, cut by whoever prints them.
 *
 * @module
 */

import type { ClientView, FleetView, ShardStatus, ShardView } from "./fleet_view.ts";
import { type Line, type Span, span, type Style, wrap } from "./spans.ts";
import type { Trend } from "./trend.ts";

/** What decides how it is drawn. */
export interface Drawing {
  readonly columns: number;
  /** Sentences that are longer go on in the next line. Absent: none does. */
  readonly sentenceColumns?: number | undefined;
  /** Of each shard, where there were several looks. */
  readonly trends?: ReadonlyMap<string, Trend> | undefined;
}

/** The whole picture. */
export function fleetLines(view: FleetView, drawing: Drawing): readonly Line[] {
  const sentences = (lines: readonly Line[], indent: number): readonly Line[] =>
    lines.flatMap((line) =>
      wrap(line, { columns: drawing.sentenceColumns ?? Number.POSITIVE_INFINITY, indent })
    );
  return [
    ...sentences(headLines(view), 0),
    [],
    ...clientLines(view, drawing),
    [],
    ...shardLines(view, drawing),
    [],
    ...sentences(problemLines(view), 2),
  ];
}

/** Stream, application and sums. */
function headLines(view: FleetView): readonly Line[] {
  const living = view.clients.filter(({ state }) => state !== "silent").length;
  const open = view.shards.filter(({ status }) => status !== "finished" && status !== "gone");
  const owned = open.filter(({ status }) => status === "owned").length;
  return [
    [
      span("Kinsumer", "title"),
      span(`  stream `),
      span(view.streamName, "bold"),
      span(` ${view.streamStatus}`, view.streamStatus === "ACTIVE" ? "green" : "yellow"),
      span("  application "),
      span(view.applicationName, "bold"),
    ],
    [
      span(
        `${living} of ${view.clients.length} clients alive, ${owned} of ${open.length} shards owned`,
      ),
      span(", lag at most "),
      lagSpan(view.maxLagMs, false),
    ],
  ];
}

/** Columns of a client's line beside its name. */
const CLIENT_COLUMNS = 40;

function clientLines(view: FleetView, { columns }: Drawing): readonly Line[] {
  if (view.clients.length === 0) return [[span("No clients", "dim")]];
  const width = columnWidth(view.clients.map(({ clientName }) => clientName), {
    min: 8,
    max: Math.max(8, Math.min(36, columns - CLIENT_COLUMNS)),
  });
  const head = `  ${"CLIENT".padEnd(width)}  STATE    ${"LAST BEAT".padStart(10)}  SHARDS  ROLE`;
  return [[span(head, "dim")], ...view.clients.map((client) => clientLine(client, width, view))];
}

const CLIENT_STYLES: Readonly<Record<ClientView["state"], Style>> = {
  alive: "green",
  leaving: "yellow",
  silent: "red",
};

function clientLine(client: ClientView, width: number, view: FleetView): Line {
  const role = [client.isLeader ? "leads" : "", client.isGo ? "Go" : ""].filter((word) =>
    word !== ""
  );
  return [
    span("● ", clientStyle(view, client.clientId)),
    span(fit(client.clientName, width)),
    span(`  ${client.state.padEnd(7)}`, CLIENT_STYLES[client.state]),
    span(`  ${`${age(client.beatAgeMs)} ago`.padStart(10)}`),
    span(`  ${String(client.ownedCount).padStart(6)}`),
    span(`  ${role.join(", ")}`, "bold"),
  ].filter(({ text }) => text.trim() !== "");
}

/** One colour a client, by its place in the list. */
function clientStyle(view: FleetView, clientId: string | null): Style {
  const place = view.clients.findIndex((client) => client.clientId === clientId);
  return place < 0 ? "dim" : `client ${String.fromCharCode("A".charCodeAt(0) + place)}`;
}

const SHARD_STYLES: Readonly<Record<ShardStatus, Style>> = {
  owned: "green",
  stuck: "red",
  free: "yellow",
  waiting: "dim",
  finished: "dim",
  gone: "dim",
};

/** Columns of a shard's line beside its owner and what comes last. */
const SHARD_COLUMNS = 57;
const MIN_TREND_COLUMNS = 10;
const PACE_COLUMNS = 8;
/** In a narrower picture, what says least is left out, so that nothing that is shown is cut. */
const WIDE_COLUMNS = 72;

/** How wide the columns are; 0: left out. */
interface Widths {
  readonly id: number;
  readonly owner: number;
  readonly checkpoint: number;
  readonly written: number;
  readonly lag: number;
  readonly trend: number;
  readonly hasParents: boolean;
}

function shardWidths(view: FleetView, { columns, trends }: Drawing): Widths {
  const isWide = columns >= WIDE_COLUMNS;
  const ids = view.shards.map(({ shardId }) => shortShardId(shardId));
  const id = columnWidth(ids, { min: 5, max: 20 });
  const owner = columnWidth(view.shards.map(({ ownerName }) => ownerName ?? "–"), {
    min: 5,
    max: Math.max(8, columns - SHARD_COLUMNS - id - MIN_TREND_COLUMNS),
  });
  const checkpoint = isWide || trends === undefined ? 12 : 0;
  const [written, lag] = isWide ? [9, 9] : [7, 8];
  const taken = id + owner + (checkpoint === 0 ? 0 : checkpoint + 2) + written + lag + 18;
  const least = isWide ? MIN_TREND_COLUMNS : 6;
  const trend = Math.max(least, columns - taken - PACE_COLUMNS);
  return { id, owner, checkpoint, written, lag, trend, hasParents: isWide };
}

function shardHead(widths: Widths, hasTrends: boolean): string {
  const { id, owner, checkpoint, written, lag, trend, hasParents } = widths;
  const last = hasTrends ? `  PACE  ${trendTitle(trend)}` : hasParents ? "PARENTS" : "";
  return `${"SHARD".padStart(id)}  STATE     ${"OWNER".padEnd(owner)}  ` +
    (checkpoint === 0 ? "" : `${"CHECKPOINT".padEnd(checkpoint)}  `) +
    `${"WRITTEN".padStart(written)}  ${"LAG".padStart(lag)}  ${last}`;
}

/** One line a shard, with a head. */
function shardLines(view: FleetView, drawing: Drawing): readonly Line[] {
  if (view.shards.length === 0) return [[span("No shards", "dim")]];
  const { trends } = drawing;
  const widths = shardWidths(view, drawing);
  const shardLine = (shard: ShardView): Line => [
    span(shortShardId(shard.shardId).padStart(widths.id)),
    span(`  ${shard.status.padEnd(8)}`, SHARD_STYLES[shard.status]),
    span("  "),
    span(fit(shard.ownerName ?? "–", widths.owner), clientStyle(view, shard.ownerId)),
    ...(widths.checkpoint === 0
      ? []
      : [span(`  ${fit(checkpointWords(shard), widths.checkpoint)}`)]),
    span(`  ${writtenWords(shard).padStart(widths.written)}  `),
    lagSpan(shard.lagMs, shard.isLagUpperBound, widths.lag),
    span("  "),
    ...lastSpans(shard, trends, widths),
  ];
  const head = shardHead(widths, trends !== undefined);
  return [[span(head, "dim")], ...view.shards.map(shardLine)];
}

function writtenWords({ checkpointAgeMs }: ShardView): string {
  return checkpointAgeMs === null ? "–" : age(checkpointAgeMs);
}

function lastSpans(
  shard: ShardView,
  trends: Drawing["trends"],
  { trend: width, hasParents }: Widths,
): readonly Span[] {
  if (trends === undefined) {
    if (!hasParents) return [];
    const words = shard.parentIds.map(shortShardId).join(", ");
    return words === "" ? [] : [span(words, "dim")];
  }
  const trend = trends.get(shard.shardId);
  if (trend === undefined) return [];
  return [
    span(
      paceWords(trend.pace).padStart(6),
      trend.pace !== undefined && trend.pace < 0.9 ? "yellow" : "plain",
    ),
    span("  "),
    span(sparkline(trend.lags, width), "green"),
  ];
}

function trendTitle(width: number): string {
  return width < "LAG OVER TIME".length ? "LATELY" : "LAG OVER TIME";
}

/** How many seconds of the stream are processed in one. */
function paceWords(pace: number | undefined): string {
  if (pace === undefined) return "–";
  return pace >= 99.5 ? "×99+" : `×${pace.toFixed(1)}`;
}

const TICKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** The latest of these numbers as columns, the greatest the highest; what is unknown is a gap. */
export function sparkline(values: readonly (number | undefined)[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(1_000, ...shown.map((value) => value ?? 0));
  return shown.map((value) =>
    value === undefined ? " " : TICKS[Math.min(7, Math.floor((value / most) * 8))]
  ).join("");
}

function checkpointWords({ sequenceNumber, startAtMs, checkpointAgeMs }: ShardView): string {
  if (sequenceNumber !== null && sequenceNumber !== "LATEST") {
    return `…${sequenceNumber.slice(-11)}`;
  }
  if (startAtMs !== null) return startAtMs <= 1 ? "horizon" : instant(startAtMs);
  if (sequenceNumber !== null) return "latest";
  return checkpointAgeMs === null ? "–" : "none yet";
}

/** A moment as `01-23 04:05`, in UTC. */
function instant(ms: number): string {
  return new Date(ms).toISOString().slice(5, 16).replace("T", " ");
}

/** What somebody should look at. */
function problemLines(view: FleetView): readonly Line[] {
  if (view.problems.length === 0) return [[span("✓ ", "green"), span("no problem")]];
  return view.problems.map((problem): Line => [span("✗ ", "red"), span(problem)]);
}

function lagSpan(lagMs: number | null, isUpperBound: boolean, width = 0): Span {
  const text = lagMs === null ? "–" : `${isUpperBound && lagMs > 0 ? "≤" : ""}${age(lagMs)}`;
  const style = lagMs === null
    ? "dim"
    : lagMs > 60_000
    ? "red"
    : lagMs > 10_000
    ? "yellow"
    : "plain";
  return span(text.padStart(width), style);
}

/** A time span as `0.2 s`, `12 s`, `3 min`, `5 h` or `2 d`. */
export function age(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** `shardId-000000000012` as `12`. */
export function shortShardId(shardId: string): string {
  const digits = /^shardId-(\d{12})$/.exec(shardId)?.[1];
  return digits === undefined ? shardId : String(Number(digits));
}

function columnWidth(
  texts: readonly string[],
  { min, max }: { readonly min: number; readonly max: number },
): number {
  return Math.min(max, Math.max(min, ...texts.map((text) => [...text].length)));
}

/** Text in exactly so many columns; what is cut ends in `…`. */
function fit(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width
    ? text + " ".repeat(width - letters.length)
    : `${letters.slice(0, width - 1).join("")}…`;
}
