/**
 * Draws the shards of a fleet, one line each: as much of it as the columns allow. Pure.
 *
 * @module
 */

import { age, clientStyle, columnWidth, fit, lagSpan, shortShardId } from "./cells.ts";
import type { FleetView, ShardStatus, ShardView } from "./fleet_view.ts";
import { type Line, type Span, span, type Style } from "./spans.ts";
import type { Trend } from "./trend.ts";

/** What decides how shards are drawn. */
export interface ShardDrawing {
  readonly columns: number;
  /** Of each shard, where there were several looks. */
  readonly trends?: ReadonlyMap<string, Trend> | undefined;
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

function shardWidths(view: FleetView, { columns, trends }: ShardDrawing): Widths {
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
export function shardLines(view: FleetView, drawing: ShardDrawing): readonly Line[] {
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
  trends: ShardDrawing["trends"],
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
