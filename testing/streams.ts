/**
 * Makes, fills, reshards and deletes Kinesis streams, for tests and demonstrations.
 *
 * @module
 */

import { createAwsCall } from "../src/aws/call.ts";
import { createCredentialsSource, type Credentials } from "../src/aws/credentials.ts";
import { createKinesisApi } from "../src/aws/kinesis.ts";
import { retrying } from "../src/aws/retrying.ts";
import { KinsumerError } from "../src/errors.ts";
import type { Shard } from "../src/model.ts";
import { isClosed } from "../src/rules/lineage.ts";
import { type Runtime, systemRuntime } from "../src/runtime.ts";

/** Where the streams live. */
export interface StreamsOptions {
  readonly kinesisEndpoint: string;
  readonly region: string;
  readonly credentials?: Credentials | undefined;
  readonly runtime?: Runtime | undefined;
  /** Milliseconds for which a stream may be created, changed or deleted. @default {30000} */
  readonly changeTimeoutMs?: number | undefined;
}

/** A record to put. */
export interface PutRecord {
  readonly data: string | Uint8Array;
  readonly partitionKey: string;
  /** Pins the record to the shard that has this hash key: a decimal number below 2^128. */
  readonly explicitHashKey?: string | undefined;
}

/** Where a record that was put has landed. */
export interface PutResult {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

/** Streams of one account or local server. */
export interface Streams {
  /** Creates a stream and waits until it is active. */
  create(streamName: string, options: { readonly shardCount: number }): Promise<void>;
  /** Deletes a stream, if it exists, and waits until it is gone. */
  delete(streamName: string): Promise<void>;
  /** Puts records, 500 a call; those that the service refuses are put again. */
  put(streamName: string, records: readonly PutRecord[]): Promise<readonly PutResult[]>;
  /** Every shard, open and closed. */
  shards(streamName: string): Promise<readonly Shard[]>;
  /** Splits an open shard in the middle, and waits until the stream is active again. */
  split(streamName: string, shardId: string): Promise<void>;
  /** Merges two adjacent open shards, and waits until the stream is active again. */
  merge(streamName: string, shardId: string, adjacentShardId: string): Promise<void>;
  /** Waits until the stream is active. */
  waitUntilActive(streamName: string): Promise<void>;
}

const TARGET = "Kinesis_20131202.";
const RECORDS_A_CALL = 500;
const POLL_INTERVAL_MS = 20;
const DEFAULT_CHANGE_TIMEOUT_MS = 30_000;
const PUT_ATTEMPTS = 20;

/** Opens the streams of an account or local server. Sends nothing yet. */
export function openStreams(options: StreamsOptions): Streams {
  const runtime = options.runtime ?? systemRuntime();
  const { clock, random } = runtime;
  const credentials = createCredentialsSource({ credentials: options.credentials, runtime });
  const call = retrying(
    createAwsCall({
      service: "kinesis",
      endpoint: options.kinesisEndpoint,
      region: options.region,
      credentials,
      runtime,
      timeoutMs: 10_000,
    }),
    { clock, random },
  );
  const ask = async (operation: string, input: unknown): Promise<Answer> =>
    (await call(TARGET + operation, input) ?? {}) as Answer;

  const waitFor = async (streamName: string, isDone: (status: string | undefined) => boolean) => {
    const untilMs = clock.monotonicMs() + (options.changeTimeoutMs ?? DEFAULT_CHANGE_TIMEOUT_MS);
    for (;;) {
      const status = await readStatus(ask, streamName);
      if (isDone(status)) return;
      if (clock.monotonicMs() > untilMs) {
        throw new KinsumerError(
          "StreamNotReady",
          `Cannot wait for "${streamName}": it is ${status}`,
        );
      }
      await clock.sleep(POLL_INTERVAL_MS);
    }
  };
  const waitUntilActive = (streamName: string) =>
    waitFor(streamName, (status) => status === "ACTIVE");
  const shards = (streamName: string) => createKinesisApi({ call, streamName }).listShards();

  return {
    waitUntilActive,
    shards,
    create: async (streamName, { shardCount }) => {
      await ask("CreateStream", { StreamName: streamName, ShardCount: shardCount });
      await waitUntilActive(streamName);
    },
    delete: async (streamName) => {
      if (await readStatus(ask, streamName) === undefined) return;
      await ask("DeleteStream", { StreamName: streamName });
      await waitFor(streamName, (status) => status === undefined);
    },
    put: async (streamName, records) => {
      const results: PutResult[] = [];
      for (let from = 0; from < records.length; from += RECORDS_A_CALL) {
        const part = records.slice(from, from + RECORDS_A_CALL);
        results.push(...await putAll(ask, streamName, part, runtime));
      }
      return results;
    },
    split: async (streamName, shardId) => {
      const answer = await ask("DescribeStream", { StreamName: streamName });
      const range = answer.StreamDescription?.Shards.find((shard) => shard.ShardId === shardId)
        ?.HashKeyRange;
      if (range === undefined) {
        throw new RangeError(`Cannot split "${shardId}": there is no such shard`);
      }
      const middle = (BigInt(range.StartingHashKey) + BigInt(range.EndingHashKey)) / 2n;
      await ask("SplitShard", {
        StreamName: streamName,
        ShardToSplit: shardId,
        NewStartingHashKey: String(middle),
      });
      await waitUntilActive(streamName);
      await untilClosed(() => shards(streamName), [shardId], clock.sleep);
    },
    merge: async (streamName, shardId, adjacentShardId) => {
      await ask("MergeShards", {
        StreamName: streamName,
        ShardToMerge: shardId,
        AdjacentShardToMerge: adjacentShardId,
      });
      await waitUntilActive(streamName);
      await untilClosed(() => shards(streamName), [shardId, adjacentShardId], clock.sleep);
    },
  };
}

interface Answer {
  readonly StreamDescription?: {
    readonly Shards: readonly {
      readonly ShardId: string;
      readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
    }[];
  };
  readonly StreamDescriptionSummary?: { readonly StreamStatus: string };
  readonly Records?: readonly {
    readonly ShardId?: string;
    readonly SequenceNumber?: string;
    readonly ErrorCode?: string | null;
  }[];
}

type Ask = (operation: string, input: unknown) => Promise<Answer>;

async function readStatus(ask: Ask, streamName: string): Promise<string | undefined> {
  try {
    const answer = await ask("DescribeStreamSummary", { StreamName: streamName });
    return answer.StreamDescriptionSummary?.StreamStatus;
  } catch (error) {
    if (error instanceof KinsumerError && error.code === "StreamNotFound") return undefined;
    throw error;
  }
}

async function untilClosed(
  list: () => Promise<readonly Shard[]>,
  shardIds: readonly string[],
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  for (;;) {
    const shards = await list();
    if (shardIds.every((id) => shards.some((each) => each.shardId === id && isClosed(each)))) {
      return;
    }
    await sleep(POLL_INTERVAL_MS);
  }
}

/** Puts one call's worth; what the service refuses is put again. */
async function putAll(
  ask: Ask,
  streamName: string,
  records: readonly PutRecord[],
  { clock }: Runtime,
): Promise<readonly PutResult[]> {
  const results = new Array<PutResult | undefined>(records.length);
  for (let attempt = 1; attempt <= PUT_ATTEMPTS; attempt++) {
    const open = records.map((record, index) => ({ record, index })).filter(({ index }) =>
      results[index] === undefined
    );
    if (open.length === 0) return results as PutResult[];
    if (attempt > 1) await clock.sleep(50 * attempt);
    const answer = await ask("PutRecords", {
      StreamName: streamName,
      Records: open.map(({ record }) => toEntry(record)),
    });
    open.forEach(({ index }, position) => {
      const entry = answer.Records?.[position];
      if (!entry?.ShardId || !entry.SequenceNumber) return;
      results[index] = { shardId: entry.ShardId, sequenceNumber: entry.SequenceNumber };
    });
  }
  if (results.every((result) => result !== undefined)) return results as PutResult[];
  throw new KinsumerError(
    "Throttled",
    `Cannot put records into "${streamName}": refused again and again`,
  );
}

function toEntry({ data, partitionKey, explicitHashKey }: PutRecord): Record<string, unknown> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return {
    Data: btoa(binary),
    PartitionKey: partitionKey,
    ...(explicitHashKey === undefined ? {} : { ExplicitHashKey: explicitHashKey }),
  };
}
