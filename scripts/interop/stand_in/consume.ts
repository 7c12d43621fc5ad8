/**
 * One shard on the stand-in: capture, read into the common buffer, commit by the clock, release.
 *
 * @module
 */

import { type Captor, capture, type Checkpoint } from "./checkpoint.ts";
import { type Ask, WireError } from "./wire.ts";

/** A record that was read and waits to be handed over. */
export interface Waiting {
  readonly checkpoint: Checkpoint;
  readonly sequenceNumber: string;
  readonly data: string;
}

/** What a shard's loop works with. */
export interface Consuming extends Captor {
  readonly askKinesis: Ask;
  readonly streamName: string;
  readonly throttleMs: number;
  readonly commitMs: number;
  /** Puts a record into the common buffer; false when the stop came first. */
  readonly push: (record: Waiting, stop: AbortSignal) => Promise<boolean>;
}

interface RecordsAnswer {
  readonly Records: readonly { readonly Data: string; readonly SequenceNumber: string }[];
  readonly NextShardIterator?: string;
}

/** Waits; resolves early when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Consumes a shard until the stop, its end, or an error, which nobody retries. */
export async function consume(
  consuming: Consuming,
  shardId: string,
  stop: AbortSignal,
): Promise<void> {
  let checkpoint: Checkpoint | undefined;
  while (checkpoint === undefined) {
    checkpoint = await capture(consuming, shardId);
    if (checkpoint === undefined) await sleep(consuming.throttleMs, stop);
    if (checkpoint === undefined && stop.aborted) return;
  }
  try {
    await read(consuming, checkpoint, stop);
  } finally {
    await checkpoint.release();
  }
}

async function read(
  consuming: Consuming,
  checkpoint: Checkpoint,
  stop: AbortSignal,
): Promise<void> {
  const { askKinesis, commitMs, push, throttleMs } = consuming;
  let iterator: string | undefined = await openIterator(consuming, checkpoint);
  let delayMs = throttleMs;
  let last = "";
  let committedAtMs = performance.now();
  for (;;) {
    if (iterator === undefined) checkpoint.finish(last);
    const untilCommitMs = Math.max(0, committedAtMs + commitMs - performance.now());
    await sleep(Math.min(delayMs, untilCommitMs), stop);
    if (stop.aborted) return;
    if (performance.now() - committedAtMs >= commitMs) {
      committedAtMs = performance.now();
      if (await checkpoint.commit()) return;
    }
    delayMs = throttleMs;
    if (iterator === undefined) continue;
    const answer: RecordsAnswer | undefined = await getRecords(askKinesis, iterator);
    if (answer === undefined) continue;
    for (const { Data: data, SequenceNumber: sequenceNumber } of answer.Records) {
      if (!await push({ checkpoint, sequenceNumber, data }, stop)) return;
      last = sequenceNumber;
      delayMs = 0;
    }
    iterator = answer.NextShardIterator;
  }
}

async function openIterator(consuming: Consuming, checkpoint: Checkpoint): Promise<string> {
  const { askKinesis, streamName } = consuming;
  const { sequenceNumber, shardId } = checkpoint;
  const start = sequenceNumber === "" ? { ShardIteratorType: "TRIM_HORIZON" } : {
    ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
    StartingSequenceNumber: sequenceNumber,
  };
  const answer = await askKinesis<{ ShardIterator: string }>("GetShardIterator", {
    StreamName: streamName,
    ShardId: shardId,
    ...start,
  });
  return answer.ShardIterator;
}

async function getRecords(ask: Ask, iterator: string): Promise<RecordsAnswer | undefined> {
  try {
    return await ask<RecordsAnswer>("GetRecords", { ShardIterator: iterator, Limit: 10_000 });
  } catch (error) {
    const throttles = ["ProvisionedThroughputExceededException", "LimitExceededException"];
    if (error instanceof WireError && throttles.includes(error.code)) return undefined;
    throw error;
  }
}
