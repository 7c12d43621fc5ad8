/**
 * Decides what `top` shows of a fleet, and in which order. Pure.
 *
 * @module
 */

import { fleetLines } from "./fleet_lines.ts";
import type { FleetView, ShardView } from "./fleet_view.ts";
import { type Line, span } from "./spans.ts";
import type { Trend } from "./trend.ts";

/** The columns to sort by. */
export const ORDERS = ["shard", "lag", "owner", "age"] as const;

/** A column to sort by. */
export type Order = (typeof ORDERS)[number];

/** What the user has chosen. */
export interface Choice {
  readonly order: Order;
  readonly isReversed: boolean;
  /** False hides the shards that are finished or gone. */
  readonly hasFinished: boolean;
}

/** What a key does to the choice; `"quit"` ends. Keys that mean nothing change nothing. */
export function press(choice: Choice, key: string): Choice | "quit" {
  if (key === "q" || key === "ctrl-c") return "quit";
  if (key === "r") return { ...choice, isReversed: !choice.isReversed };
  if (key === "f") return { ...choice, hasFinished: !choice.hasFinished };
  const order = ORDERS.find((each) => each.startsWith(key));
  return order === undefined ? choice : { ...choice, order, isReversed: false };
}

/** The shards in the order that was chosen: the greatest lag and age first. */
export function sortShards(shards: readonly ShardView[], choice: Choice): readonly ShardView[] {
  const shown = shards.filter(({ status }) =>
    choice.hasFinished || (status !== "finished" && status !== "gone")
  );
  const rank = (shard: ShardView): number =>
    (choice.order === "lag" ? shard.lagMs : shard.checkpointAgeMs) ?? -1;
  const compare = (a: ShardView, b: ShardView): number => {
    if (choice.order === "lag" || choice.order === "age") return rank(b) - rank(a);
    return choice.order === "owner" ? (a.ownerName ?? "~") < (b.ownerName ?? "~") ? -1 : 1 : 0;
  };
  const sorted = [...shown].sort((a, b) => compare(a, b) || (a.shardId < b.shardId ? -1 : 1));
  return choice.isReversed ? sorted.reverse() : sorted;
}

/** The picture. */
export function topLines(
  view: FleetView,
  { choice, columns, sentenceColumns, trends, intervalMs }: {
    readonly choice: Choice;
    readonly columns: number;
    /** Sentences that are longer go on in the next line. Absent: none does. */
    readonly sentenceColumns?: number | undefined;
    readonly trends: ReadonlyMap<string, Trend>;
    readonly intervalMs: number;
  },
): readonly Line[] {
  const shards = sortShards(view.shards, choice);
  const hidden = view.shards.length - shards.length;
  const lines = fleetLines({ ...view, shards }, { columns, sentenceColumns, trends });
  const order = `${choice.order}${choice.isReversed ? ", reversed" : ""}`;
  const wide = "s shard  l lag  o owner  a age  r reverse  f finished  q quit";
  const keys = columns < wide.length ? wide.replaceAll("  ", " ") : wide;
  return [
    ...lines,
    [],
    [
      span(`${new Date(view.atMs).toISOString().slice(11, 19)} UTC`, "bold"),
      span(`, every ${intervalMs / 1000} s, by ${order}${hidden > 0 ? `, ${hidden} hidden` : ""}`),
    ],
    [span(keys, "dim")],
  ];
}
