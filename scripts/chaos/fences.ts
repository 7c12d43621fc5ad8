/**
 * Decides which records a client processed although their shard was already another's. Pure.
 *
 * A line of a processed record that stands behind another client's capture of the shard is a
 * violation, unless the record was handed over before that capture: a process that is frozen with
 * a record in its hand finishes it when it wakes, which no library can prevent.
 *
 * @module
 */

import type { JournalEntry, ProcessedEntry } from "../demo/journal.ts";

/** A processed record, with how long the client had held it: milliseconds. */
export interface HeldEntry extends ProcessedEntry {
  readonly heldMs?: number | undefined;
}

/** What was processed behind a fence. */
export interface Fenced {
  /** Handed over although the shard was another's. */
  readonly violations: readonly ProcessedEntry[];
  /** In hand when the client was frozen. */
  readonly inHand: readonly ProcessedEntry[];
}

/** Finds them. */
export function findFenced(entries: readonly JournalEntry[]): Fenced {
  const owners = new Map<string, { readonly client: string; readonly atMs: number }>();
  const violations: ProcessedEntry[] = [];
  const inHand: ProcessedEntry[] = [];
  for (const entry of entries) {
    if (entry.kind === "captured") owners.set(entry.shardId, entry);
    if (entry.kind !== "processed") continue;
    const owner = owners.get(entry.shardId);
    if (owner === undefined || owner.client === entry.client) continue;
    const { heldMs = 0 } = entry as HeldEntry;
    const isHandedOverBefore = entry.atMs - heldMs <= owner.atMs;
    (isHandedOverBefore ? inHand : violations).push(entry);
  }
  return { violations, inHand };
}
