/**
 * Draws what stands in the cells of the pictures of a fleet: ages, lags, IDs, in so many columns. Pure.
 *
 * @module
 */

import type { FleetView } from "./fleet_view.ts";
import { type Span, span, type Style } from "./spans.ts";

/** One colour a client, by its place in the list. */
export function clientStyle(view: FleetView, clientId: string | null): Style {
  const place = view.clients.findIndex((client) => client.clientId === clientId);
  return place < 0 ? "dim" : `client ${String.fromCharCode("A".charCodeAt(0) + place)}`;
}

/** How far something lags, in the colour of how bad that is. */
export function lagSpan(lagMs: number | null, isUpperBound: boolean, width = 0): Span {
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

/** As many columns as the longest of these takes, within bounds. */
export function columnWidth(
  texts: readonly string[],
  { min, max }: { readonly min: number; readonly max: number },
): number {
  return Math.min(max, Math.max(min, ...texts.map((text) => [...text].length)));
}

/** Text in exactly so many columns; what is cut ends in `…`. */
export function fit(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width
    ? text + " ".repeat(width - letters.length)
    : `${letters.slice(0, width - 1).join("")}…`;
}
