/**
 * Finds where a captured shard begins, and does as the policy says where its checkpoint leads
 * nowhere. What the whole library asks the service for, a visit has just listed.
 *
 * @module
 */

import { isKinsumerError, KinsumerError } from "../errors.ts";
import type { CheckpointFlaw } from "../events.ts";
import type { Checkpoint, Position, Shard } from "../model.ts";
import {
  isForeign,
  isTrimmed,
  LEAST_RETENTION_MS,
  unprocessedMs,
} from "../rules/checkpoint_validity.ts";
import { startPosition } from "../rules/position.ts";
import type { EdgeContext } from "./context.ts";

/** What begins, and until when it is tried. */
export interface StartingShard {
  readonly shard: Shard;
  /** The row that it was captured on. */
  readonly row: Checkpoint | undefined;
  /** The row as the capture left it. */
  readonly checkpoint: Checkpoint;
  /** When the application first started: wall-clock milliseconds. */
  readonly startedAtMs: (signal: AbortSignal) => Promise<number>;
  readonly signal: AbortSignal;
}

/** Where a shard begins. */
export interface Start {
  readonly position: Position;
  /** An iterator at that position, where one was needed to find out that there is such a place. */
  readonly shardIterator?: string | undefined;
  /** Set where the row's sequence number counts for nothing. */
  readonly flaw?: CheckpointFlaw | undefined;
  /** Why the shard is not to be read. */
  readonly refusal?: KinsumerError | undefined;
}

/** Finds where a captured shard begins. Tells what is missing, if anything is. */
export async function findStart(context: EdgeContext, starting: StartingShard): Promise<Start> {
  const { announcer, clock, options: { onInvalidCheckpoint: policy, startAt } } = context;
  const { checkpoint, signal } = starting;
  const nowMs = clock.nowMs(); // before anyone is told: what comes after the event is read
  const isMoment = startAt === "latest" && checkpoint.sequenceNumber === undefined;
  const startedAtMs = isMoment ? await starting.startedAtMs(signal) : 0;
  const position = startPosition({ checkpoint, startAt, startedAtMs });
  const start = await tryPlace(context, starting, position);
  if (start.flaw === undefined) return start;
  const { flaw } = start;
  const { shardId } = starting.shard;
  const { sequenceNumber, processedThroughMs } = checkpoint;
  const told = { shardId, policy, reason: flaw, sequenceNumber, processedThroughMs };
  announcer.announce({
    type: "checkpoint-invalid",
    ...told,
    nextSequenceNumber: undefined,
    nextArrivalMs: undefined,
  });
  if (policy === "fail") return { ...start, refusal: refusalOf(starting, flaw) };
  return {
    flaw,
    position: policy === "horizon"
      ? { type: "TRIM_HORIZON" }
      : { type: "AT_TIMESTAMP", timestampMs: nowMs },
  };
}

/** Opens an iterator at a sequence number: only so does anyone know that there is such a place. */
async function tryPlace(
  context: EdgeContext,
  { checkpoint, row, shard, signal }: StartingShard,
  position: Position,
): Promise<Start> {
  const { clock, kinesis } = context;
  const { shardId } = shard;
  if (row !== undefined && isForeign(row, shard)) return { position, flaw: "foreign" };
  if (!("sequenceNumber" in position)) return { position };
  // What is younger than the shortest retention needs no question.
  if (unprocessedMs(checkpoint, clock.nowMs()) > LEAST_RETENTION_MS) {
    const { retentionMs = LEAST_RETENTION_MS } = await kinesis.describeStream(signal);
    const isGone = isTrimmed({ checkpoint, nowMs: clock.nowMs(), retentionMs });
    if (isGone) return { position, flaw: "trimmed" };
  }
  try {
    return {
      position,
      shardIterator: await kinesis.getShardIterator({ shardId, position }, signal),
    };
  } catch (error) {
    if (!(isKinsumerError(error) && error.code === "InvalidSequenceNumber")) throw error;
    const isNumber = /^\d+$/.test(position.sequenceNumber);
    return { position, flaw: isNumber ? "trimmed" : "foreign" };
  }
}

/** Why a shard is not to be read by the policy `fail`. */
function refusalOf(
  { row, shard: { shardId } }: Pick<StartingShard, "row" | "shard">,
  flaw: CheckpointFlaw,
): KinsumerError {
  const why = flaw === "trimmed"
    ? "records after it may have been trimmed away"
    : "it is not of this shard; was the stream deleted and made anew?";
  const message = `Cannot go on in shard "${shardId}" from its checkpoint ` +
    `"${row?.sequenceNumber ?? "finished"}": ${why} (onInvalidCheckpoint says what to do then)`;
  return new KinsumerError("InvalidCheckpoint", message, { shardId });
}
