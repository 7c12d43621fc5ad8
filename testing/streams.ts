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
import {
  type Ask,
  putAll,
  type PutRecord,
  type PutResult,
  splitIntoCalls,
  type StreamAnswer,
} from "./stream_calls.ts";

export type { PutRecord, PutResult };

/** Where the streams live. */
export interface StreamsOptions {
  /** Where Kinesis answers. */
  readonly kinesisEndpoint: string;
  /** The region that requests are signed for. */
  readonly region: string;
  /** What requests are signed with. @default the environment's */
  readonly credentials?: Credentials | undefined;
  /** Time, chance and network. @default the runtime's own */
  readonly runtime?: Runtime | undefined;
  /** Milliseconds for which a stream may be created, changed or deleted. @default {30000} */
  readonly changeTimeoutMs?: number | undefined;
}

/** Streams of one account or local server. */
export interface Streams {
  /** Creates a stream and waits until it is active. */
  create(streamName: string, options: { readonly shardCount: number }): Promise<void>;
  /** Deletes a stream, if it exists, and waits until it is gone. */
  delete(streamName: string): Promise<void>;
  /**
   * Puts records, 500 or 5 MiB a call; those that the service refuses are put again. Takes the
   * stream's ARN, too.
   */
  put(streamName: string, records: readonly PutRecord[]): Promise<readonly PutResult[]>;
  /** Every shard, open and closed. */
  shards(streamName: string): Promise<readonly Shard[]>;
  /** The hash keys of each shard, by its ID. */
  hashKeyRanges(streamName: string): Promise<ReadonlyMap<string, HashKeyRange>>;
  /** Splits an open shard in the middle, and waits until the stream is active again. */
  split(streamName: string, shardId: string): Promise<void>;
  /** Merges two adjacent open shards, and waits until the stream is active again. */
  merge(streamName: string, shardId: string, adjacentShardId: string): Promise<void>;
  /** Waits until the stream is active. */
  waitUntilActive(streamName: string): Promise<void>;
}

/** Which hash keys a shard has: decimal numbers below 2^128, both included. */
export interface HashKeyRange {
  /** The lowest. */
  readonly first: string;
  /** The highest. */
  readonly last: string;
}

const TARGET = "Kinesis_20131202.";
const POLL_INTERVAL_MS = 20;
const DEFAULT_CHANGE_TIMEOUT_MS = 30_000;

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
  const ask = async (operation: string, input: unknown): Promise<StreamAnswer> =>
    (await call(TARGET + operation, input) ?? {}) as StreamAnswer;

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
  const hashKeyRanges = (streamName: string) => readHashKeyRanges(ask, streamName);

  return {
    waitUntilActive,
    shards,
    hashKeyRanges,
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
      for (const part of splitIntoCalls(records)) {
        results.push(...await putAll(part, { ask, streamName, clock }));
      }
      return results;
    },
    split: async (streamName, shardId) => {
      const range = (await hashKeyRanges(streamName)).get(shardId);
      if (range === undefined) {
        throw new RangeError(`Cannot split "${shardId}": there is no such shard`);
      }
      const middle = (BigInt(range.first) + BigInt(range.last)) / 2n;
      await ask("SplitShard", {
        StreamName: streamName,
        ShardToSplit: shardId,
        NewStartingHashKey: String(middle),
      });
      await waitUntilActive(streamName);
      await untilClosed(() => shards(streamName), [shardId], clock.sleep);
    },
    merge: async (streamName, shardId, adjacentShardId) => {
      const ranges = await hashKeyRanges(streamName);
      // kinesalite takes them in the order of their hash keys only.
      const [lower, upper] = [shardId, adjacentShardId].sort((a, b) =>
        firstHashKey(ranges, a) < firstHashKey(ranges, b) ? -1 : 1
      );
      await ask("MergeShards", {
        StreamName: streamName,
        ShardToMerge: lower,
        AdjacentShardToMerge: upper,
      });
      await waitUntilActive(streamName);
      await untilClosed(() => shards(streamName), [shardId, adjacentShardId], clock.sleep);
    },
  };
}

async function readStatus(ask: Ask, streamName: string): Promise<string | undefined> {
  try {
    const answer = await ask("DescribeStreamSummary", { StreamName: streamName });
    return answer.StreamDescriptionSummary?.StreamStatus;
  } catch (error) {
    if (error instanceof KinsumerError && error.code === "StreamNotFound") return undefined;
    throw error;
  }
}

function firstHashKey(ranges: ReadonlyMap<string, HashKeyRange>, shardId: string): bigint {
  const range = ranges.get(shardId);
  if (range !== undefined) return BigInt(range.first);
  throw new RangeError(`Cannot merge "${shardId}": there is no such shard`);
}

async function readHashKeyRanges(
  ask: Ask,
  streamName: string,
): Promise<ReadonlyMap<string, HashKeyRange>> {
  const ranges = new Map<string, HashKeyRange>();
  let last: string | undefined;
  do {
    const after = last === undefined ? {} : { ExclusiveStartShardId: last };
    const answer = await ask("DescribeStream", { StreamName: streamName, ...after });
    const { Shards: shards = [], HasMoreShards: hasMore } = answer.StreamDescription ?? {};
    for (const { ShardId: id, HashKeyRange: range } of shards) {
      ranges.set(id, { first: range.StartingHashKey, last: range.EndingHashKey });
    }
    last = hasMore ? shards.at(-1)?.ShardId : undefined;
  } while (last !== undefined);
  return ranges;
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
