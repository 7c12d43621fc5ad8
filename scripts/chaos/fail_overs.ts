/**
 * Decides how long fail-overs took: from a kill until a survivor had the first record of each of the
 * victim's shards, or captured it where no record was left. Pure.
 *
 * @module
 */

import type { JournalEntry } from "../demo/journal.ts";
import type { FaultWindow } from "./windows.ts";

/** One shard of a killed client. */
export interface ShardFailOver {
  readonly victim: string;
  readonly shardId: string;
  /** Absent: nobody took it until the end. */
  readonly takenMs: number | undefined;
  /** Whether another fault was there as well. */
  readonly isDisturbed: boolean;
}

/** Every shard of every killed client. */
export function findFailOvers(
  entries: readonly JournalEntry[],
  kills: readonly { readonly victim: string; readonly killedAtMs: number }[],
  windows: readonly FaultWindow[],
): readonly ShardFailOver[] {
  return kills.flatMap(({ victim, killedAtMs }) => {
    const place = entries.findIndex((each) => each.kind === "killed" && each.client === victim);
    if (place < 0) return [];
    const after = entries.slice(place);
    return ownedBy(victim, entries.slice(0, place)).map((shardId) => {
      const taken = after.find((each) => each.kind === "processed" && each.shardId === shardId) ??
        after.find((each) => each.kind === "captured" && each.shardId === shardId);
      const takenMs = taken && taken.atMs - killedAtMs;
      const time = { fromMs: killedAtMs, toMs: taken?.atMs ?? Infinity };
      const isDisturbed = windows.some((window) =>
        window.client !== victim && window.fromMs <= time.toMs &&
        window.toMs + window.recoveryMs >= time.fromMs
      );
      return { victim, shardId, takenMs, isDisturbed };
    });
  });
}

/** The shards that a client had captured and not let go, and that no other captured since. */
function ownedBy(client: string, entries: readonly JournalEntry[]): readonly string[] {
  const owned = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === "captured") {
      if (entry.client === client) owned.add(entry.shardId);
      else owned.delete(entry.shardId);
    }
    if (entry.kind === "let-go" && entry.client === client) owned.delete(entry.shardId);
  }
  return [...owned];
}

/** The middle value; `undefined` of nothing. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** The largest value; `undefined` of nothing. */
export function largestOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
