/**
 * Finds where a captured shard begins, and does as the policy says where its checkpoint leads
 * nowhere: tells what is missing, and begins elsewhere or not at all.
 *
 * @module
 */

import { isKinsumerError, KinsumerError } from "../errors.ts";
import type { CheckpointFlaw } from "../events.ts";
import type { Checkpoint, Position, ReceivedRecord } from "../model.ts";
import {
  isForeign,
  isTrimmed,
  LEAST_RETENTION_MS,
  unprocessedMs,
} from "../rules/checkpoint_validity.ts";
import { chosenStart, needsLineage, startPosition } from "../rules/position.ts";
import { uniqueUpdate } from "../tables/item.ts";
import type { LoopContext } from "./context.ts";
import { persist } from "./persist.ts";

/** Where a shard begins. */
export type Beginning =
  | {
    readonly outcome: "found";
    readonly position: Position;
    /** An iterator at that position, where one was needed to find out that there is such a place. */
    readonly shardIterator?: string | undefined;
    /** False when the row's sequence number counts for nothing. */
    readonly isCheckpointValid: boolean;
  }
  | { readonly outcome: "refused"; readonly error: KinsumerError }
  | { readonly outcome: "stopped" };

/** What finding a beginning needs of a client. */
export type BeginContext = Pick<
  LoopContext,
  | "announcer"
  | "checkpoints"
  | "clock"
  | "incarnation"
  | "kinesis"
  | "lease"
  | "options"
  | "random"
>;

/** What begins, and until when it is tried. */
export interface BeginningShard {
  readonly shardId: string;
  readonly checkpoint: Checkpoint;
  /** When the application first started: wall-clock milliseconds. */
  readonly startedAtMs: (signal: AbortSignal) => Promise<number>;
  readonly signal: AbortSignal;
}

/** How often the first record that is left is asked for, where the answers are empty. */
const MAX_PROBES = 3;
/** A finished shard of another stream that is being reopened elsewhere is looked at again. */
const REOPEN_DELAY_MS = 1_000;

/** Finds where a captured shard begins. */
export async function begin(context: BeginContext, shard: BeginningShard): Promise<Beginning> {
  const { shardId, signal } = shard;
  const what = { operation: "start position", shardId, signal };
  const position = await persist(context, what, () => positionOf(context, shard));
  if (position === undefined) return { outcome: "stopped" };
  context.announcer.announce({ type: "shard-captured", shardId, position: position.type });
  const found = { outcome: "found", position, isCheckpointValid: true } as const;
  if (!("sequenceNumber" in position)) return found;
  const tried = await persist(context, what, () => tryPlace(context, shard, position));
  return tried ?? { outcome: "stopped" };
}

/** What became of a shard whose row calls it finished. */
export type Reopening =
  | { readonly outcome: "finished" | "stopped" }
  | { readonly outcome: "captured"; readonly checkpoint: Checkpoint }
  | { readonly outcome: "refused"; readonly error: KinsumerError };

/**
 * Makes sure that a shard which was assigned although its row calls it finished is finished: the
 * row may be of another stream that had the same name.
 */
export async function reopen(context: BeginContext, shard: BeginningShard): Promise<Reopening> {
  const what = { operation: "start position", shardId: shard.shardId, signal: shard.signal };
  const reopened = await persist(context, what, () => tryReopen(context, shard));
  if (reopened === undefined) await context.clock.sleep(REOPEN_DELAY_MS, shard.signal);
  return reopened ?? { outcome: "stopped" };
}

/** Opens an iterator at a sequence number: only so does anyone know that there is such a place. */
async function tryPlace(
  context: BeginContext,
  shard: BeginningShard,
  position: Position & { readonly sequenceNumber: string },
): Promise<Beginning> {
  const { shardId, checkpoint, signal } = shard;
  if (await wasTrimmed(context, checkpoint, signal)) {
    return await treat(context, shard, {
      reason: "trimmed",
      sequenceNumber: checkpoint.sequenceNumber,
    });
  }
  try {
    const shardIterator = await context.kinesis.getShardIterator({ shardId, position }, signal);
    return { outcome: "found", position, shardIterator, isCheckpointValid: true };
  } catch (cause) {
    if (!isKinsumerError(cause) || cause.code !== "InvalidSequenceNumber") throw cause;
    const { sequenceNumber } = position;
    const reason = await reasonOf(context, { ...checkpoint, sequenceNumber }, signal);
    return await treat(context, shard, { reason, sequenceNumber, cause });
  }
}

/** What is younger than the shortest retention needs no question. */
async function wasTrimmed(
  { clock, kinesis }: BeginContext,
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<boolean> {
  if (unprocessedMs(checkpoint, clock.nowMs()) <= LEAST_RETENTION_MS) return false;
  const { retentionMs = LEAST_RETENTION_MS } = await kinesis.describeStream(signal);
  return isTrimmed({ checkpoint, nowMs: clock.nowMs(), retentionMs });
}

async function positionOf(context: BeginContext, shard: BeginningShard): Promise<Position> {
  const { kinesis, options } = context;
  const { shardId, checkpoint, signal } = shard;
  if (checkpoint.sequenceNumber !== undefined) {
    return startPosition({ checkpoint, startAt: "horizon", startedAtMs: 0 });
  }
  const shards = needsLineage(options.startAt, shardId) ? await kinesis.listShards(signal) : [];
  const startAt = chosenStart({ startAt: options.startAt, shardId, shards });
  const startedAtMs = startAt === "latest" ? await shard.startedAtMs(signal) : 0;
  return startPosition({ checkpoint, startAt, startedAtMs });
}

/** Why the service refuses a sequence number: it is too old, or not of this shard. */
async function reasonOf(
  { kinesis }: BeginContext,
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<CheckpointFlaw> {
  const shards = await kinesis.listShards(signal);
  const shard = shards.find((each) => each.shardId === checkpoint.shardId);
  const isNumber = /^\d+$/.test(checkpoint.sequenceNumber ?? "");
  const isHere = shard !== undefined && isNumber &&
    !isForeign({ ...checkpoint, isFinished: false }, shard);
  return isHere ? "trimmed" : "foreign";
}

interface Flaw {
  readonly reason: CheckpointFlaw;
  readonly sequenceNumber: string | undefined;
  readonly cause?: unknown;
}

/** Tells what is wrong, and does as the policy says. */
async function treat(context: BeginContext, shard: BeginningShard, flaw: Flaw): Promise<Beginning> {
  const policy = context.options.onInvalidCheckpoint;
  const nowMs = context.clock.nowMs(); // before anyone is told: what comes after the event is read
  await announce(context, shard, flaw);
  if (policy === "fail") return { outcome: "refused", error: errorOf(shard.shardId, flaw) };
  const position: Position = policy === "horizon"
    ? { type: "TRIM_HORIZON" }
    : { type: "AT_TIMESTAMP", timestampMs: nowMs };
  return { outcome: "found", position, isCheckpointValid: false };
}

async function tryReopen(
  context: BeginContext,
  shard: BeginningShard,
): Promise<Reopening | undefined> {
  const { checkpoints, clock, incarnation, kinesis, lease, options, random } = context;
  const { shardId, checkpoint: observed, signal } = shard;
  const listed = (await kinesis.listShards(signal)).find((each) => each.shardId === shardId);
  if (listed === undefined || !isForeign(observed, listed)) return { outcome: "finished" };
  const flaw = { reason: "foreign", sequenceNumber: observed.sequenceNumber } as const;
  const policy = options.onInvalidCheckpoint;
  if (policy === "fail") {
    await announce(context, shard, flaw);
    return { outcome: "refused", error: errorOf(shardId, flaw) };
  }
  if (!lease.isValid) return undefined;
  const nowMs = clock.nowMs();
  const result = await checkpoints.capture({
    shardId,
    owner: { clientId: options.clientId, clientName: options.clientName, incarnation },
    observed,
    lastUpdate: uniqueUpdate(nowMs, observed.lastUpdate, random.next()),
    startAtMs: policy === "latest" ? nowMs : undefined,
    isReset: true,
  });
  if (result.outcome === "held") return undefined;
  await announce(context, shard, flaw);
  return result;
}

/** Names the gap: from what was processed to what is left. */
async function announce(context: BeginContext, shard: BeginningShard, flaw: Flaw): Promise<void> {
  const { shardId, checkpoint: { processedThroughMs } } = shard;
  const { reason, sequenceNumber } = flaw;
  const next = await firstLeft(context, shard);
  context.announcer.announce({
    type: "checkpoint-invalid",
    shardId,
    reason,
    policy: context.options.onInvalidCheckpoint,
    sequenceNumber,
    processedThroughMs,
    nextSequenceNumber: next?.sequenceNumber,
    nextArrivalMs: next?.approximateArrivalMs,
  });
}

/** The oldest record that the shard still has. */
async function firstLeft(
  { clock, kinesis, options }: BeginContext,
  { shardId, signal }: BeginningShard,
): Promise<ReceivedRecord | undefined> {
  const position = { type: "TRIM_HORIZON" } as const;
  let shardIterator: string | undefined = await kinesis.getShardIterator(
    { shardId, position },
    signal,
  );
  for (let probes = 0; probes < MAX_PROBES && shardIterator !== undefined; probes++) {
    if (probes > 0) await clock.sleep(options.throttleDelayMs, signal);
    const answer = await kinesis.getRecords({ shardId, shardIterator, limit: 1 }, signal);
    if (answer.records.length > 0) return answer.records[0];
    if (answer.lagMs === 0) return undefined;
    shardIterator = answer.nextShardIterator;
  }
  return undefined;
}

function errorOf(shardId: string, { reason, sequenceNumber, cause }: Flaw): KinsumerError {
  const why = reason === "trimmed"
    ? "records after it may have been trimmed away"
    : "it is not of this shard; was the stream deleted and made anew?";
  const message = `Cannot go on in shard "${shardId}" from its checkpoint ` +
    `"${sequenceNumber ?? "finished"}": ${why} (onInvalidCheckpoint says what to do then)`;
  return new KinsumerError("InvalidCheckpoint", message, { shardId, cause });
}
