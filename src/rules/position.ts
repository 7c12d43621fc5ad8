/**
 * Decides from where a shard is read.
 *
 * "Latest" is a moment, not a place: the moment at which the application first started, remembered
 * in the metadata table. A shard that was born later, or a client that takes over before the first
 * commit, therefore starts where nothing is missed; a `LATEST` iterator would skip what arrived
 * in between.
 *
 * @module
 */

import type { Checkpoint, Position, SequenceNumber } from "../model.ts";

/** The sentinel that may be seeded by hand in place of a sequence number. */
export const LATEST_SENTINEL = "LATEST";

/** Where shards without a checkpoint begin. */
export type StartAt = "horizon" | "latest" | Date;

/** Whether a capture of this row writes down its moment, as the tip that the sentinel stands for. */
export function pinsStart(checkpoint: Checkpoint | undefined): boolean {
  return checkpoint?.sequenceNumber === LATEST_SENTINEL && checkpoint.startAtMs === undefined;
}

/** Where a newly captured shard is read from. */
export function startPosition(facts: {
  readonly checkpoint: Checkpoint;
  readonly startAt: StartAt;
  /** When the application first started: milliseconds since the Unix epoch; 0: nobody knows, long ago. */
  readonly startedAtMs: number;
}): Position {
  const { checkpoint: { sequenceNumber, startAtMs }, startAt } = facts;
  if (sequenceNumber === LATEST_SENTINEL) {
    return startAtMs === undefined
      ? { type: "LATEST" }
      : { type: "AT_TIMESTAMP", timestampMs: startAtMs };
  }
  if (sequenceNumber !== undefined) return { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber };
  if (startAt === "horizon") return { type: "TRIM_HORIZON" };
  const timestampMs = startAt === "latest" ? facts.startedAtMs : startAt.getTime();
  if (timestampMs <= 0) return { type: "TRIM_HORIZON" };
  return { type: "AT_TIMESTAMP", timestampMs };
}

/** Where to read on when an iterator was lost: after the last record that was read, if any was. */
export function resumePosition(
  start: Position,
  lastReadSequenceNumber: SequenceNumber | undefined,
): Position {
  return lastReadSequenceNumber === undefined
    ? start
    : { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: lastReadSequenceNumber };
}
