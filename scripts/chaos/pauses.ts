/**
 * Speaks of pauses: times for which a process did not run although it should have.
 *
 * @module
 */

import type { JournalEntry, JournalNote } from "../demo/journal.ts";
import type { FaultWindow } from "./windows.ts";

/** Shorter pauses explain nothing. */
export const PAUSE_MS = 700;

/** A pause that has just ended, as a line of the journal. */
export function pausedNote(pausedMs: number): JournalNote {
  return { kind: "noted", text: `paused for ${pausedMs} ms` };
}

/** The pauses that the clients noted, as faults of the machine. A frozen client notes one too. */
export function pausesOf(entries: readonly JournalEntry[]): FaultWindow[] {
  return entries.flatMap((entry): FaultWindow[] => {
    if (entry.kind !== "noted") return [];
    const pausedMs = Number(/^paused for (\d+) ms$/.exec(entry.text)?.[1] ?? NaN);
    if (Number.isNaN(pausedMs)) return [];
    const { atMs: toMs, client } = entry;
    const fromMs = toMs - pausedMs;
    return [{ kind: "machine paused", client, fromMs, toMs, recoveryMs: 1_000, mayFence: true }];
  });
}
