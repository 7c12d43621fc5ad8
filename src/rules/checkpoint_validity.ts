/**
 * Decides whether a checkpoint still leads to the first unprocessed record. It does not where the
 * records after it were trimmed away, and where it is of another stream that had the same name.
 *
 * The service tells only some of it: it reads on after a trimmed record as if nothing was missing,
 * and says nothing of a shard that it thinks finished. What it lists, and how long it keeps records,
 * tell the rest.
 *
 * @module
 */

import type { Checkpoint, Shard } from "../model.ts";
import { isClosed } from "./lineage.ts";

/** No stream keeps its records for less: 24 hours. */
export const LEAST_RETENTION_MS = 86_400_000;

/** For how long the shard's owners have left it alone; 0 where nobody can tell. */
export function unprocessedMs(checkpoint: Checkpoint, nowMs: number): number {
  const { processedThroughMs, sequenceNumber } = checkpoint;
  if (processedThroughMs === undefined || sequenceNumber === undefined) return 0;
  return Math.max(0, nowMs - processedThroughMs);
}

/**
 * Whether records after the checkpoint may be gone. The moment through which all is processed is
 * younger than the last record on a shard that had none for long: a quiet shard is not suspected.
 *
 * @param facts.retentionMs how long the stream keeps records
 */
export function isTrimmed(facts: {
  readonly checkpoint: Checkpoint;
  readonly nowMs: number;
  readonly retentionMs: number;
}): boolean {
  const { checkpoint, nowMs, retentionMs } = facts;
  return unprocessedMs(checkpoint, nowMs) > Math.max(retentionMs, LEAST_RETENTION_MS);
}

/**
 * Whether a checkpoint cannot be of this shard: it lies before the shard's first record, or calls
 * an open shard finished. Both come of a stream that was deleted and made anew.
 */
export function isForeign(checkpoint: Checkpoint, shard: Shard): boolean {
  if (checkpoint.isFinished && !isClosed(shard)) return true;
  const { sequenceNumber = "" } = checkpoint;
  const { startingSequenceNumber = "" } = shard;
  if (!isNumber(sequenceNumber) || !isNumber(startingSequenceNumber)) return false;
  return BigInt(sequenceNumber) < BigInt(startingSequenceNumber);
}

function isNumber(sequenceNumber: string): boolean {
  return /^\d+$/.test(sequenceNumber);
}
