/**
 * Speaks Kinesis, as far as a consumer of one stream needs it.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { Position, ReceivedRecord, Shard } from "../model.ts";
import { AnswerReader, malformed } from "./answers.ts";
import { type Ask, askBy, isAwsCode } from "./ask.ts";
import type { AwsCall } from "./call.ts";
import { createDocumentsReader, type RecordsReader } from "./documents.ts";

/** One answer of GetRecords. */
export interface RecordsAnswer {
  /** In sequence-number order; often empty, even with more to come. */
  readonly records: readonly ReceivedRecord[];
  /** Where to read on. Absent at the end of a closed shard, and sometimes by mistake. */
  readonly nextShardIterator?: string | undefined;
  /** How far behind the tip of the shard this answer is, in milliseconds. */
  readonly lagMs?: number | undefined;
  /** True when the answer names child shards: the shard has truly ended. */
  readonly hasChildShards: boolean;
  /** About how many bytes the answer took on the wire. */
  readonly byteLength: number;
}

/** What the stream says of itself. */
export interface StreamDescription {
  /** `CREATING`, `DELETING`, `ACTIVE` or `UPDATING`; the last two can be read. */
  readonly status: string;
  /** How long the stream keeps its records: milliseconds; absent: not known. */
  readonly retentionMs?: number | undefined;
}

/**
 * The calls that a consumer makes to the stream. Implement it to bring a client of your own.
 *
 * Every method rejects with a {@link KinsumerError} whose code tells an expired iterator
 * (`IteratorExpired`), throttling (`Throttled`) and the rest apart.
 */
export interface KinesisApi {
  /** Every shard that the service lists, open and closed. */
  listShards(signal?: AbortSignal): Promise<readonly Shard[]>;
  /** Where reading begins, or goes on: an iterator, good for five minutes. */
  getShardIterator(
    request: { readonly shardId: string; readonly position: Position },
    signal?: AbortSignal,
  ): Promise<string>;
  /** Reads what follows an iterator. */
  getRecords(
    request: {
      readonly shardId: string;
      readonly shardIterator: string;
      /** At most so many records: 1 to 10,000. */
      readonly limit: number;
    },
    signal?: AbortSignal,
  ): Promise<RecordsAnswer>;
  /** What the stream says of itself: its state, its retention. */
  describeStream(signal?: AbortSignal): Promise<StreamDescription>;
}

const TARGET_PREFIX = "Kinesis_20131202.";
/** Of up to 1,000 shards each. */
const MAX_LIST_PAGES = 1_000;
/** A token lives for 300 s: a listing that is slower than that begins anew, so many times. */
const MAX_LIST_RESTARTS = 3;
const HOUR_MS = 3_600_000;

/** Makes a {@link KinesisApi} that speaks to one stream by `call`. */
export function createKinesisApi(
  options: {
    readonly call: AwsCall;
    readonly streamName: string;
    /** Names the stream in the requests in place of its name. */
    readonly streamArn?: string | undefined;
    /** Reads the records. @default in JSON, each answer parsed as a whole */
    readonly readRecords?: RecordsReader | undefined;
  },
): KinesisApi {
  const { call, streamName, streamArn, readRecords = createDocumentsReader(call) } = options;
  const named = streamArn === undefined ? { StreamName: streamName } : { StreamARN: streamArn };
  // GetRecords knows no name: its iterator names the stream, but not whose it is.
  const owned = streamArn === undefined ? {} : named;
  const ask = askBy(call, TARGET_PREFIX);
  return {
    listShards: (signal) => listShards(ask, named, signal),
    getShardIterator: async ({ shardId, position }, signal) => {
      const input = { ...named, ShardId: shardId, ...writePosition(position) };
      const answer = ask("GetShardIterator", input, signal);
      return (await answer.catch((error) => rethrow(error, { shardId, position })))
        .text("ShardIterator");
    },
    getRecords: async ({ shardId, shardIterator, limit }, signal) => {
      const input = { ...owned, ShardIterator: shardIterator, Limit: limit };
      return await readRecords(input, signal).catch((error) => rethrow(error, { shardId }));
    },
    describeStream: async (signal) => {
      const answer = await ask("DescribeStreamSummary", named, signal);
      const summary = answer.within("StreamDescriptionSummary");
      const hours = summary.optionalNumber("RetentionPeriodHours");
      const retentionMs = hours === undefined ? undefined : hours * HOUR_MS;
      return { status: summary.text("StreamStatus"), retentionMs };
    },
  };
}

async function listShards(
  ask: Ask,
  named: unknown,
  signal: AbortSignal | undefined,
): Promise<readonly Shard[]> {
  for (let restarts = 0;; restarts++) {
    try {
      return await listPages((input) => ask("ListShards", input, signal), named);
    } catch (error) {
      if (!isAwsCode(error, "ExpiredNextTokenException")) throw error;
      if (restarts >= MAX_LIST_RESTARTS) throw tokensExpired(error);
    }
  }
}

/** The same token would be refused again; a listing that begins anew may succeed. */
function tokensExpired(cause: unknown): KinsumerError {
  return new KinsumerError("ServiceFailure", "Cannot list the shards: each next token expired", {
    cause,
    operation: "ListShards",
    awsCode: "ExpiredNextTokenException",
    retryable: true,
  });
}

async function listPages(
  ask: (input: unknown) => Promise<AnswerReader>,
  named: unknown,
): Promise<readonly Shard[]> {
  const shards = new Map<string, Shard>();
  let input: unknown = named;
  for (let page = 1; page <= MAX_LIST_PAGES; page++) {
    const answer = await ask(input);
    for (const raw of answer.list("Shards")) {
      const shard = readShard(raw);
      shards.set(shard.shardId, shard);
    }
    const token = answer.optionalText("NextToken");
    if (token === undefined || token === "") return [...shards.values()];
    input = { NextToken: token }; // it names the stream; the service refuses a name beside it
  }
  throw malformed("ListShards", `more than ${MAX_LIST_PAGES} pages`);
}

function readShard(raw: unknown): Shard {
  const fields = new AnswerReader("ListShards", raw);
  const range = fields.within("SequenceNumberRange", {});
  return {
    shardId: fields.text("ShardId"),
    parentShardId: fields.optionalText("ParentShardId"),
    adjacentParentShardId: fields.optionalText("AdjacentParentShardId"),
    startingSequenceNumber: range.optionalText("StartingSequenceNumber"),
    endingSequenceNumber: range.optionalText("EndingSequenceNumber"),
  };
}

function writePosition(position: Position): Record<string, unknown> {
  return {
    ShardIteratorType: position.type,
    ...("sequenceNumber" in position && { StartingSequenceNumber: position.sequenceNumber }),
    ...("timestampMs" in position && { Timestamp: position.timestampMs / 1000 }), // in seconds
  };
}

/** How the service refuses a sequence number that is not one, or is not of this shard. */
const BAD_ARGUMENT = ["InvalidArgumentException", "ValidationException"];

/** Raises a failure again, with the shard that it is about. */
function rethrow(
  error: unknown,
  about: { readonly shardId: string; readonly position?: Position },
): never {
  if (!(error instanceof KinsumerError)) throw error;
  const { shardId, position } = about;
  const { code, message, cause, awsCode } = error;
  const facts = { ...error, cause, shardId };
  const isPlace = position !== undefined && "sequenceNumber" in position;
  if (!isPlace || !isAwsCode(error, ...BAD_ARGUMENT)) {
    throw new KinsumerError(code, message, facts);
  }
  const preposition = position.type === "AT_SEQUENCE_NUMBER" ? "at" : "after";
  throw new KinsumerError(
    "InvalidSequenceNumber",
    `Cannot read shard "${shardId}" ${preposition} sequence number ` +
      `"${position.sequenceNumber}": it is not one of this shard (${awsCode})`,
    facts,
  );
}
