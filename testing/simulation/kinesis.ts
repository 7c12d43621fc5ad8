/**
 * Remembers a stream in memory and answers for it as Kinesis does: iterators that expire, reads
 * that are throttled, shards that split, merge and end.
 *
 * @module
 */

import type { KinesisApi, RecordsAnswer, StreamDescription } from "../../src/aws/kinesis.ts";
import type { ReceivedRecord, SequenceNumber, Shard } from "../../src/model.ts";
import type { Clock } from "../../src/runtime.ts";
import { type ChannelOptions, createChannel } from "./channel.ts";
import { hashOf, type HashRange, joinRanges, ownsHash, splitRanges } from "./hash_ranges.ts";
import { ReadLimits, type ReadLimitsOptions } from "./read_limits.ts";
import { failure, type Lineage, SimulatedShard } from "./shard.ts";

/** Where a record ended up. */
export interface PutAnswer {
  readonly shardId: string;
  readonly sequenceNumber: SequenceNumber;
}

/** A stream in memory. */
export interface SimulatedStream {
  /** The stream as one client reaches it. */
  view(options?: ChannelOptions): KinesisApi;
  /**
   * Adds a record, at once: to the shard of its partition key, or to the shard that is named.
   *
   * @param record.data text is written as UTF-8
   * @param record.countsAsBytes how many bytes of payload it stands for, without having them;
   * absent: it counts as what it takes as JSON
   */
  put(record: {
    readonly partitionKey?: string;
    readonly shardId?: string;
    readonly data: string | Uint8Array;
    readonly countsAsBytes?: number | undefined;
  }): PutAnswer;
  /** Closes a shard and opens two in its place. Returns their IDs. */
  split(shardId: string): readonly [string, string];
  /** Closes two shards and opens one in their place. Returns its ID. */
  merge(shardId: string, adjacentShardId: string): string;
  /** Forgets the records of a shard up to a sequence number, as retention does. */
  trim(shardId: string, through: SequenceNumber): void;
  /** Takes a closed shard off the list, as retention does in the end. */
  forget(shardId: string): void;
  /** Deletes the stream with all that is in it, and makes it anew, with the shards it began with. */
  recreate(): void;
  setStatus(status: StreamDescription["status"]): void;
  /** Every shard that is listed. */
  shards(): readonly Shard[];
  /** Every record that a shard still has, in order. */
  records(shardId: string): readonly ReceivedRecord[];
}

/** What there is to choose. */
export interface SimulatedStreamOptions extends ReadLimitsOptions {
  /** How many shards the stream begins with. */
  readonly shards: number;
  /** Whether the last answer of a closed shard names its children. @default {true} */
  readonly namesChildShards?: boolean;
  /** How long an iterator lives, in milliseconds. @default {300_000} */
  readonly iteratorTtlMs?: number;
  /**
   * The sequence number of the first record. The default exceeds 2^53 and soon gains a digit, so
   * that neither strings nor numbers compare rightly.
   *
   * @default {"9999999999999950"}
   */
  readonly firstSequenceNumber?: SequenceNumber;
}

/** Makes a stream whose shards share the partition keys evenly. */
export function createSimulatedStream(options: SimulatedStreamOptions): SimulatedStream {
  const stream = new Stream(options);
  return {
    view: (channelOptions = {}) => createApi(stream, { clock: options.clock, channelOptions }),
    put: (record) => stream.put(record),
    split: (shardId) => stream.split(shardId),
    merge: (shardId, adjacentShardId) => stream.merge(shardId, adjacentShardId),
    trim: (shardId, through) => stream.shard(shardId).trim(BigInt(through)),
    forget: (shardId) => stream.forget(shardId),
    recreate: () => stream.recreate(),
    setStatus: (status) => void (stream.status = status),
    shards: () => stream.list(),
    records: (shardId) => stream.shard(shardId).records,
  };
}

function createApi(
  stream: Stream,
  options: { readonly clock: Clock; readonly channelOptions: ChannelOptions },
): KinesisApi {
  const call = createChannel({ clock: options.clock }, options.channelOptions);
  return {
    listShards: (signal) =>
      call({ operation: "ListShards", args: {}, signal }, () => stream.list()),
    getShardIterator: (args, signal) =>
      call({ operation: "GetShardIterator", args, signal }, () => stream.iterator(args)),
    getRecords: (args, signal) =>
      call({ operation: "GetRecords", args, signal }, () => stream.read(args)),
    describeStream: (signal) =>
      call({ operation: "DescribeStream", args: {}, signal }, () => ({ status: stream.status })),
  };
}

class Stream {
  status: StreamDescription["status"] = "ACTIVE";
  readonly #options: SimulatedStreamOptions;
  readonly #shards = new Map<string, SimulatedShard>();
  readonly #limits: ReadLimits;
  #shardCount = 0;
  #recordCount = 0;
  /** Iterators of before are of another stream. */
  #bornAtMs = Number.NEGATIVE_INFINITY;
  /** The last sequence number that was given to anything. */
  #tip: bigint;

  constructor(options: SimulatedStreamOptions) {
    this.#options = options;
    this.#limits = new ReadLimits(options);
    this.#tip = BigInt(options.firstSequenceNumber ?? "9999999999999950") - 1n;
    this.#openFirst();
  }

  recreate(): void {
    this.#shards.clear();
    this.#shardCount = 0;
    this.#bornAtMs = this.#options.clock.monotonicMs();
    this.#tip += 1_000n; // no number of before is of this stream
    this.#openFirst();
  }

  list(): readonly Shard[] {
    return [...this.#shards.values()].map(({ lineage, start, end }) => ({
      ...lineage,
      startingSequenceNumber: String(start),
      ...(end !== undefined && { endingSequenceNumber: String(end) }),
    }));
  }

  shard(shardId: string): SimulatedShard {
    const shard = this.#shards.get(shardId);
    if (shard === undefined) throw failure("StreamNotFound", "ResourceNotFoundException", shardId);
    return shard;
  }

  put(record: Parameters<SimulatedStream["put"]>[0]): PutAnswer {
    const { partitionKey = "", data } = record;
    const shard = record.shardId === undefined
      ? this.#shardOf(partitionKey)
      : this.shard(record.shardId);
    const { shardId } = shard.lineage;
    if (shard.end !== undefined) throw new Error(`Cannot put to shard "${shardId}": it is closed`);
    this.#tip += 1n + BigInt(this.#recordCount++ % 7);
    const sequenceNumber = String(this.#tip);
    if (record.countsAsBytes !== undefined) {
      this.#limits.countAs(sequenceNumber, record.countsAsBytes);
    }
    shard.add({
      sequenceNumber,
      ...(record.partitionKey !== undefined && { partitionKey }),
      data: typeof data === "string" ? new TextEncoder().encode(data) : data,
      approximateArrivalMs: this.#options.clock.nowMs(),
    });
    return { shardId, sequenceNumber };
  }

  split(shardId: string): readonly [string, string] {
    const parent = this.#close(shardId);
    const [left = [], right = []] = splitRanges(parent.ranges, 2);
    const lineage = { parentShardId: shardId };
    return [this.#open(lineage, left), this.#open(lineage, right)];
  }

  merge(parentShardId: string, adjacentParentShardId: string): string {
    const parents = [this.#close(parentShardId), this.#close(adjacentParentShardId)];
    const ranges = joinRanges(parents.flatMap((parent) => parent.ranges));
    return this.#open({ parentShardId, adjacentParentShardId }, ranges);
  }

  forget(shardId: string): void {
    if (this.shard(shardId).end === undefined) {
      throw new Error(`Cannot forget shard "${shardId}": it is open`);
    }
    this.#shards.delete(shardId);
  }

  iterator(request: Parameters<KinesisApi["getShardIterator"]>[0]): string {
    const after = this.shard(request.shardId).after(request.position, this.#tip);
    return this.#iteratorAfter(request.shardId, after);
  }

  read(request: Parameters<KinesisApi["getRecords"]>[0]): RecordsAnswer {
    const [shardId = "", after = "0", issuedMs = "0"] = request.shardIterator.split("/");
    const shard = this.shard(shardId);
    this.#assertIsAlive(shardId, Number(issuedMs));
    this.#limits.assertMayRead(shard);
    const readCount = shard.countThrough(BigInt(after));
    const records = this.#limits.fitting(shard.records.slice(readCount, readCount + request.limit));
    this.#limits.charge(shard, records);
    const firstLeft = shard.records[readCount + records.length];
    const hasEnded = shard.end !== undefined && firstLeft === undefined;
    const arrivalMs = firstLeft?.approximateArrivalMs;
    return {
      records,
      lagMs: arrivalMs === undefined ? 0 : this.#options.clock.nowMs() - arrivalMs,
      hasChildShards: hasEnded && (this.#options.namesChildShards ?? true),
      byteLength: this.#limits.byteLengthOf(records),
      ...(!hasEnded && {
        nextShardIterator: this.#iteratorAfter(
          shardId,
          BigInt(records.at(-1)?.sequenceNumber ?? after),
        ),
      }),
    };
  }

  #iteratorAfter(shardId: string, after: bigint): string {
    return `${shardId}/${after}/${this.#options.clock.monotonicMs()}`;
  }

  #assertIsAlive(shardId: string, issuedMs: number): void {
    const { clock, iteratorTtlMs = 300_000 } = this.#options;
    if (clock.monotonicMs() - issuedMs > iteratorTtlMs || issuedMs < this.#bornAtMs) {
      throw failure("IteratorExpired", "ExpiredIteratorException", shardId);
    }
  }

  #shardOf(partitionKey: string): SimulatedShard {
    const hash = hashOf(partitionKey);
    const open = [...this.#shards.values()].filter(({ end }) => end === undefined);
    const shard = open.find(({ ranges }) => ownsHash(ranges, hash));
    if (shard === undefined) throw new Error("Cannot put: no open shard takes the partition key");
    return shard;
  }

  #openFirst(): void {
    const whole: readonly HashRange[] = [{ from: 0, to: 1 }];
    for (const ranges of splitRanges(whole, this.#options.shards)) this.#open({}, ranges);
  }

  #open(lineage: Omit<Lineage, "shardId">, ranges: readonly HashRange[]): string {
    const shardId = `shardId-${String(this.#shardCount++).padStart(12, "0")}`;
    this.#tip += 1n;
    this.#shards.set(shardId, new SimulatedShard({ shardId, ...lineage }, ranges, this.#tip));
    return shardId;
  }

  #close(shardId: string): SimulatedShard {
    const shard = this.shard(shardId);
    if (shard.end !== undefined) throw new Error(`Cannot close shard "${shardId}" twice`);
    this.#tip += 1n;
    shard.end = this.#tip;
    return shard;
  }
}
