/**
 * Decides how long a fail-over took: from the kill until a survivor had the first record of each of
 * the victim's shards.
 *
 * @module
 */

import type { JournalEntry } from "./journal.ts";

/** How one shard of a killed client was taken over. */
export interface ShardFailOver {
  readonly shardId: string;
  /** The survivor. */
  readonly client: string | undefined;
  /** From the kill to the survivor's first record; when there was none left to read, to its capture. */
  readonly takenMs: number | undefined;
}

/** How a killed client was replaced. */
export interface FailOver {
  readonly victim: string;
  readonly shards: readonly ShardFailOver[];
  /** The longest of all; absent when no shard was taken. */
  readonly worstMs: number | undefined;
}

/** Measures it from the journal. */
export function failOverOf(
  entries: readonly JournalEntry[],
  facts: {
    readonly victim: string;
    /** The shards that the victim owned. */
    readonly orphans: readonly string[];
    readonly killedAtMs: number;
  },
): FailOver {
  const { victim, orphans, killedAtMs } = facts;
  const from = entries.findIndex((entry) => entry.kind === "killed" && entry.client === victim);
  const after = from < 0 ? [] : entries.slice(from);
  const shards = orphans.map((shardId): ShardFailOver => {
    const first = after.find((entry) => entry.kind === "processed" && entry.shardId === shardId) ??
      after.find((entry) => isEnd(entry) && entry.shardId === shardId);
    return { shardId, client: first?.client, takenMs: first && first.atMs - killedAtMs };
  });
  const times = shards.map(({ takenMs }) => takenMs).filter((ms) => ms !== undefined);
  return { victim, shards, worstMs: times.length === 0 ? undefined : Math.max(...times) };
}

/** A shard that the victim had read to its end gives no more records: the survivor only says so. */
function isEnd(entry: JournalEntry): entry is Extract<JournalEntry, { kind: "let-go" }> {
  return entry.kind === "let-go" && entry.how === "finished";
}
