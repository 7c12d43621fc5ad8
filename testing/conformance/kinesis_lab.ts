/**
 * Does what the probes of a stream have in common: makes, fills, reshards and reads one, over the
 * operations of the service.
 *
 * @module
 */

import {
  type Fields,
  listOf,
  type Reply,
  type Subject,
  textOf,
  Unexpected,
} from "./observation.ts";

/** Where a record went. */
export interface Put {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

/** One read. */
export interface Read {
  readonly texts: readonly string[];
  readonly sequenceNumbers: readonly string[];
  /** The answer as it came. */
  readonly body: Fields;
  readonly next: string | undefined;
}

const CHANGE_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 10;
const MIDDLE = String(2n ** 127n);
let streamCount = 0;

/** Asks, and takes nothing but success for an answer. */
export async function must(subject: Subject, operation: string, input: unknown): Promise<Fields> {
  const reply = await subject.ask(operation, input);
  if (reply.status !== 200) throw new Unexpected(operation, reply);
  return reply.body;
}

/** One stream of a subject. */
export class Lab {
  readonly subject: Subject;
  readonly streamName: string;

  private constructor(subject: Subject, streamName: string) {
    this.subject = subject;
    this.streamName = streamName;
  }

  /** A new stream. */
  static async open(subject: Subject, shardCount: number = 1): Promise<Lab> {
    const streamName = `probe-${Date.now().toString(36)}-${streamCount++}`;
    const lab = new Lab(subject, streamName);
    await must(subject, "CreateStream", { StreamName: streamName, ShardCount: shardCount });
    await lab.untilActive();
    return lab;
  }

  async untilActive(): Promise<void> {
    for (let waitedMs = 0; waitedMs < CHANGE_TIMEOUT_MS; waitedMs += POLL_INTERVAL_MS) {
      const answer = await this.must("DescribeStreamSummary", {});
      const summary = answer["StreamDescriptionSummary"] as Fields | undefined;
      if (summary?.["StreamStatus"] === "ACTIVE") return;
      await this.subject.pause(POLL_INTERVAL_MS);
    }
    throw new Error(`Stream "${this.streamName}" does not become active`);
  }

  ask(operation: string, input: Fields): Promise<Reply> {
    return this.subject.ask(operation, { StreamName: this.streamName, ...input });
  }

  must(operation: string, input: Fields): Promise<Fields> {
    return must(this.subject, operation, { StreamName: this.streamName, ...input });
  }

  /** Puts records of one key, one by one. */
  async put(...texts: readonly string[]): Promise<readonly Put[]> {
    const puts: Put[] = [];
    for (const text of texts) {
      const answer = await this.must("PutRecord", { PartitionKey: "key", Data: btoa(text) });
      const { ShardId: shardId, SequenceNumber: sequenceNumber } = answer;
      puts.push({ shardId: String(shardId), sequenceNumber: String(sequenceNumber) });
    }
    return puts;
  }

  async iterator(shardId: string, type: string, position: Fields = {}): Promise<string> {
    const input = { ShardId: shardId, ShardIteratorType: type, ...position };
    return String((await this.must("GetShardIterator", input))["ShardIterator"]);
  }

  async read(iterator: string, limit: number = 1_000): Promise<Read> {
    const body = await must(this.subject, "GetRecords", { ShardIterator: iterator, Limit: limit });
    const records = listOf(body, "Records");
    return {
      texts: records.map((record) => atob(String(record["Data"]))),
      sequenceNumbers: records.map((record) => String(record["SequenceNumber"])),
      body,
      next: textOf(body, "NextShardIterator"),
    };
  }

  /** Reads a shard to its end, or to an answer without records. */
  async readAll(
    shardId: string,
  ): Promise<{ readonly texts: readonly string[]; readonly last: Read }> {
    let last = await this.read(await this.iterator(shardId, "TRIM_HORIZON"));
    const texts = [...last.texts];
    for (let reads = 1; reads < 20 && last.next !== undefined && last.texts.length > 0; reads++) {
      last = await this.read(last.next);
      texts.push(...last.texts);
    }
    return { texts, last };
  }

  async shards(input: Fields = {}): Promise<readonly Fields[]> {
    return listOf(await this.must("ListShards", input), "Shards");
  }

  /** Splits the stream's only first shard in the middle; returns its ID. */
  async split(): Promise<string> {
    const shardId = "shardId-000000000000";
    await this.must("SplitShard", { ShardToSplit: shardId, NewStartingHashKey: MIDDLE });
    await this.untilActive();
    return shardId;
  }

  /** Merges the two shards that a stream of two begins with. */
  async merge(): Promise<readonly [string, string]> {
    const ids = ["shardId-000000000000", "shardId-000000000001"] as const;
    await this.must("MergeShards", { ShardToMerge: ids[0], AdjacentShardToMerge: ids[1] });
    await this.untilActive();
    return ids;
  }
}

/** A field of a shard's SequenceNumberRange. */
export function rangeOf(shard: Fields | undefined, name: string): string | undefined {
  const range = shard?.["SequenceNumberRange"];
  return range === undefined || range === null ? undefined : textOf(range as Fields, name);
}

/** How the service refuses an argument; a client takes either for the same. */
export const BAD_ARGUMENT: readonly string[] = ["InvalidArgumentException", "ValidationException"];

/** The IDs of shards, cut down to their numbers. */
export function idsOf(shards: readonly Fields[]): string {
  return shards.map((shard) => String(shard["ShardId"]).replace(/^shardId-0*(?=\d)/, "")).join(" ");
}

/** Texts in a few words. */
export function shown(texts: readonly string[]): string {
  return texts.length === 0 ? "nothing" : texts.join(" ");
}

/** Whether two lists have the same texts, in the same order. */
export function isSame(one: readonly string[], other: readonly string[]): boolean {
  return shown(one) === shown(other);
}
