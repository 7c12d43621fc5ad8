/**
 * Decides which character of a timeline stands for a span.
 *
 * @module
 */

import type { RecordedSpan } from "./spans_model.ts";

/** What a lane shows while its client owns the shard and nothing else happens. */
export const OWNED = "·";

/** Every character and its meaning; where two meet in a column, the earlier is drawn. */
export const LEGEND: readonly { readonly glyph: string; readonly text: string }[] = [
  { glyph: "!", text: "failed" },
  { glyph: "x", text: "lost" },
  { glyph: "F", text: "finished" },
  { glyph: "R", text: "released" },
  { glyph: "C", text: "captured" },
  { glyph: "B", text: "rebalance" },
  { glyph: "W", text: "leadership" },
  { glyph: "h", text: "held by another" },
  { glyph: "c", text: "commit" },
  { glyph: "r", text: "records" },
  { glyph: "p", text: "process" },
  { glyph: ">", text: "handed over" },
  { glyph: "i", text: "iterator" },
  { glyph: "*", text: "other" },
  { glyph: "-", text: "empty read" },
  { glyph: OWNED, text: "owned" },
];

const RANKS = new Map(LEGEND.map(({ glyph }, index) => [glyph, index]));

/** How important a character is: 0 is the most. */
export function rankOf(glyph: string): number {
  return RANKS.get(glyph) ?? LEGEND.length;
}

/** What stands for a span: nothing for a mere call to AWS that went well. */
export function glyphOf(
  span: RecordedSpan,
): { readonly glyph: string | undefined; readonly isLong?: boolean } {
  if (span.status === "error") return { glyph: "!" };
  const { attributes } = span;
  if ("rpc.system" in attributes || "rpc.system.name" in attributes) return { glyph: undefined };
  const outcome = attributes["kinsumer.outcome"];
  switch (attributes["messaging.operation.name"]) {
    case "receive":
      return { glyph: ">" };
    case "read":
      return { glyph: attributes["messaging.batch.message_count"] === 0 ? "-" : "r" };
    case "capture":
      return { glyph: outcome === "captured" ? "C" : "h" };
    case "commit":
      return { glyph: outcome === "conflict" ? "x" : "c" };
    case "release":
      return { glyph: outcome === "conflict" ? "x" : "R" };
    case "finish":
      return { glyph: outcome === "conflict" ? "x" : "F" };
    case "get_shard_iterator":
      return { glyph: "i" };
    case "rebalance":
      return { glyph: "B" };
    case "lead":
    case "resign":
      return { glyph: "W" };
    case "process":
      return { glyph: "p", isLong: true };
    default:
      return { glyph: "*" };
  }
}
