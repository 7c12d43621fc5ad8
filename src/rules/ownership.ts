/**
 * Decides who may take a shard, and what a write that failed its condition means.
 *
 * @module
 */

import type { Checkpoint } from "../model.ts";

/** Whether the shard may be taken, and why not. */
export type CaptureDecision =
  | { readonly decision: "capture" }
  /** Somebody holds it and lives. */
  | { readonly decision: "wait"; readonly ownerId: string }
  /** Every record of it is processed. */
  | { readonly decision: "finished" };

/**
 * Whether a client may capture a shard. An owner that is no longer alive does not hold one; a row
 * that names this client itself is left from an earlier life, or from a write whose answer was lost.
 *
 * @param facts.checkpoint the shard's row; absent: it was never captured
 * @param facts.isOwnerLiving whether the row's owner is alive; meaningless without an owner
 */
export function mayCapture(facts: {
  readonly clientId: string;
  readonly checkpoint: Checkpoint | undefined;
  readonly isOwnerLiving: boolean;
}): CaptureDecision {
  const { checkpoint, clientId } = facts;
  if (checkpoint?.isFinished) return { decision: "finished" };
  const ownerId = checkpoint?.ownerId;
  if (ownerId === undefined || ownerId === clientId || !facts.isOwnerLiving) {
    return { decision: "capture" };
  }
  return { decision: "wait", ownerId };
}

/** What is known of the process that captured a shard, and of the one that beats under its ID now. */
export interface OwnerProcesses {
  /** Absent where the row does not say. */
  readonly capturedBy: string | undefined;
  /** Absent in rows of the Go library. */
  readonly beating: string | undefined;
  /** After how long without a beat the owner's client counts as dead. */
  readonly maxAgeMs: number | undefined;
  /** For how long this observer has seen that they differ. */
  readonly replacedMs: number;
}

/** Whether another process than the one that captured the shard beats under its owner's ID. */
export function isReplaced(
  { beating, capturedBy }: Pick<OwnerProcesses, "beating" | "capturedBy">,
): boolean {
  return capturedBy !== undefined && beating !== undefined && capturedBy !== beating;
}

/**
 * Whether the process that captured a shard is gone although its ID beats: it was killed, and another
 * was started under its ID, which knows nothing of the shard. It could not beat any more since the
 * other had registered, and so its lease has ended when that is its time to live ago.
 */
export function isOwnerGone(processes: OwnerProcesses): boolean {
  const { maxAgeMs, replacedMs } = processes;
  return isReplaced(processes) && maxAgeMs !== undefined && replacedMs >= maxAgeMs;
}

/**
 * What a failed condition means to an owner: either one of its own earlier writes, whose answer
 * was lost, landed after all, or the shard is another's.
 *
 * @param facts.row the row as it stands now
 * @param facts.unconfirmed the `lastUpdate` of each write since the last one that was answered
 */
export function afterConflict(facts: {
  readonly clientId: string;
  readonly row: Checkpoint | undefined;
  readonly unconfirmed: ReadonlySet<string>;
}): "landed" | "lost" {
  const { clientId, row, unconfirmed } = facts;
  if (row === undefined || !unconfirmed.has(row.lastUpdate)) return "lost";
  return row.ownerId === undefined || row.ownerId === clientId ? "landed" : "lost";
}
