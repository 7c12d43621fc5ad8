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

import type { Checkpoint, Position, SequenceNumber, Shard } from "../model.ts";
import { hasAncestor } from "./lineage.ts";

/** The sentinel that may be seeded by hand in place of a sequence number. */
export const LATEST_SENTINEL = "LATEST";

/**
 * A place to begin at: the oldest record still kept, the moment at which the application first
 * started, or a moment of yours.
 */
export type StartPosition = "horizon" | "latest" | Date;

/** Where one shard begins: as above, after a record, or with it. */
export type ShardStart =
  | StartPosition
  | { readonly after: SequenceNumber }
  | { readonly at: SequenceNumber };

/** Where each shard begins, by its ID; `others` is for those that are not named. */
export interface ShardStarts {
  /** Where this shard begins. */
  readonly [shardId: `shardId-${string}`]: ShardStart;
  /** @default {"horizon"} */
  /** Where those begin that are not named. */
  readonly others?: StartPosition | undefined;
}

/**
 * The moment that stands for the oldest record kept, in Unix milliseconds: no record is older. Zero
 * would read as "nothing".
 */
export const HORIZON_MS = 1;

/** Where shards without a checkpoint begin. */
export type StartAt = StartPosition | ShardStarts;

/** Whether a capture of this row writes down its moment, as the tip that the sentinel stands for. */
export function pinsStart(checkpoint: Checkpoint | undefined): boolean {
  return checkpoint?.sequenceNumber === LATEST_SENTINEL && checkpoint.startAtMs === undefined;
}

/**
 * Whether the choice of a start needs the stream's list of shards: a shard that descends from one
 * that is named goes on where that one ends, and so is read whole.
 */
export function needsLineage(startAt: StartAt, shardId: string): boolean {
  return isStarts(startAt) && namedStart(startAt, shardId) === undefined &&
    (startAt.others ?? "horizon") !== "horizon";
}

/**
 * Where a shard without a checkpoint begins.
 *
 * @param facts.shards the stream's shards, where {@linkcode needsLineage} asks for them
 */
export function chosenStart(facts: {
  readonly startAt: StartAt;
  readonly shardId: string;
  readonly shards: readonly Shard[];
}): ShardStart {
  const { startAt, shardId, shards } = facts;
  if (!isStarts(startAt)) return startAt;
  const named = namedStart(startAt, shardId);
  if (named !== undefined) return named;
  const isDescendant = hasAncestor(shards, shardId, new Set(Object.keys(startAt)));
  return isDescendant ? "horizon" : startAt.others ?? "horizon";
}

/** Where a newly captured shard is read from. */
export function startPosition(facts: {
  readonly checkpoint: Checkpoint;
  /** What {@linkcode chosenStart} chose for this shard. */
  readonly startAt: ShardStart;
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
  if (startAtMs !== undefined) return atMoment(startAtMs); // put back by hand: counts for more than startAt
  if (startAt === "horizon") return { type: "TRIM_HORIZON" };
  if (startAt !== "latest" && !(startAt instanceof Date)) return placeOf(startAt);
  const timestampMs = startAt === "latest" ? facts.startedAtMs : startAt.getTime();
  return atMoment(timestampMs);
}

function atMoment(timestampMs: number): Position {
  return timestampMs <= HORIZON_MS
    ? { type: "TRIM_HORIZON" }
    : { type: "AT_TIMESTAMP", timestampMs };
}

function placeOf(start: Exclude<ShardStart, StartPosition>): Position {
  return "after" in start
    ? { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: start.after }
    : { type: "AT_SEQUENCE_NUMBER", sequenceNumber: start.at };
}

function isStarts(startAt: StartAt): startAt is ShardStarts {
  return typeof startAt === "object" && !(startAt instanceof Date);
}

function namedStart(starts: ShardStarts, shardId: string): ShardStart | undefined {
  return Object.hasOwn(starts, shardId) ? starts[shardId as `shardId-${string}`] : undefined;
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

/**
 * Where to read anew what was read and dropped: after the last record of the unbroken row of
 * processed ones, if there is any. The tip has moved on meanwhile: all is read then.
 */
export function rereadPosition(
  start: Position,
  processedSequenceNumber: SequenceNumber | undefined,
): Position {
  const position = resumePosition(start, processedSequenceNumber);
  return position.type === "LATEST" ? { type: "TRIM_HORIZON" } : position;
}
