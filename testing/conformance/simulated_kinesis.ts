/**
 * Lets the simulated stream be asked like a server, as far as its ports can say it.
 *
 * @module
 */

import type { RecordsAnswer } from "../../src/aws/kinesis.ts";
import { KinsumerError } from "../../src/errors.ts";
import type { Position, Shard } from "../../src/model.ts";
import type { Clock } from "../../src/runtime.ts";
import { createSimulatedClock } from "../simulation/clock.ts";
import { createSimulatedStream, type SimulatedStream } from "../simulation/kinesis.ts";
import { type Fields, NoPort, type Reply, type Subject } from "./observation.ts";

type Operation = (stream: SimulatedStream, input: Fields) => Promise<Fields>;

const KNOWN_INPUT: Readonly<Record<string, readonly string[]>> = {
  ListShards: [],
  GetShardIterator: [
    "ShardId",
    "ShardIteratorType",
    "StartingSequenceNumber",
    "Timestamp",
  ],
  PutRecord: ["PartitionKey", "Data"],
  SplitShard: ["ShardToSplit", "NewStartingHashKey"],
  MergeShards: ["ShardToMerge", "AdjacentShardToMerge"],
  DescribeStreamSummary: [],
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ListShards: async (stream) => ({
    Shards: (await stream.view(AT_ONCE).listShards()).map(asShard),
  }),
  GetShardIterator: async (stream, input) => {
    const request = { shardId: String(input["ShardId"]), position: positionOf(input) };
    return { ShardIterator: await stream.view(AT_ONCE).getShardIterator(request) };
  },
  PutRecord: (stream, input) => {
    const partitionKey = String(input["PartitionKey"]);
    const put = stream.put({ partitionKey, data: atob(String(input["Data"])) });
    return Promise.resolve({ ShardId: put.shardId, SequenceNumber: put.sequenceNumber });
  },
  SplitShard: (stream, input) => {
    stream.split(String(input["ShardToSplit"]));
    return Promise.resolve({});
  },
  MergeShards: (stream, input) => {
    stream.merge(String(input["ShardToMerge"]), String(input["AdjacentShardToMerge"]));
    return Promise.resolve({});
  },
  DescribeStreamSummary: async (stream) => {
    const { status } = await stream.view(AT_ONCE).describeStream();
    return { StreamDescriptionSummary: new Summary(status) };
  },
};

/** The port says the status, and nothing else. */
class Summary {
  readonly StreamStatus: string;

  constructor(status: string) {
    this.StreamStatus = status;
  }

  get StreamARN(): never {
    throw new NoPort();
  }
}

const AT_ONCE = { latencyMs: 0, clock: immediate() };

/** A simulated Kinesis of any number of streams. */
export function openSimulatedKinesis(): Subject {
  const timeline = createSimulatedClock({ startMs: Date.UTC(2026, 0, 1) });
  const { clock } = timeline;
  const streams = new Map<string, SimulatedStream>();
  /** By iterator: which stream it is of. */
  const read = new Map<string, SimulatedStream>();
  const answer = async (operation: string, input: Fields): Promise<Fields> => {
    const name = String(input["StreamName"]);
    if (operation === "CreateStream" && !streams.has(name)) {
      streams.set(name, createSimulatedStream({ clock, shards: Number(input["ShardCount"]) }));
      return {};
    }
    if (operation === "GetRecords") return await getRecords(read, input);
    const stream = streams.get(name);
    const carryOut = OPERATIONS[operation];
    const { StreamName: _, ...others } = input;
    const isKnown = Object.keys(others).every((key) => KNOWN_INPUT[operation]?.includes(key));
    if (stream === undefined || carryOut === undefined || !isKnown) throw new NoPort();
    const body = await carryOut(stream, input);
    if (operation === "GetShardIterator") read.set(String(body["ShardIterator"]), stream);
    return body;
  };
  return {
    isSimulated: true,
    pause: (ms) => timeline.advance(ms),
    ask: (operation, input) => asReply(answer(operation, input as Fields)),
  };
}

async function getRecords(read: Map<string, SimulatedStream>, input: Fields): Promise<Fields> {
  const shardIterator = String(input["ShardIterator"]);
  const stream = read.get(shardIterator) ?? [...read.values()][0];
  if (stream === undefined) throw new NoPort();
  const request = { shardId: "", shardIterator, limit: Number(input["Limit"] ?? 10_000) };
  const answer = await stream.view(AT_ONCE).getRecords(request);
  if (answer.nextShardIterator !== undefined) read.set(answer.nextShardIterator, stream);
  return asRecords(answer);
}

/** Requests of the simulation take no time here. */
function immediate(): Clock {
  return { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() };
}

/** An answer, or a refusal, as a server would send it. */
export async function asReply(body: Promise<Fields>): Promise<Reply> {
  const header = (): never => {
    throw new NoPort();
  };
  try {
    return { status: 200, type: undefined, body: await body, header };
  } catch (error) {
    if (!(error instanceof KinsumerError)) throw error;
    return { status: error.httpStatus ?? 0, type: error.awsCode, body: {}, header };
  }
}

function positionOf(input: Fields): Position {
  const type = input["ShardIteratorType"];
  switch (type) {
    case "TRIM_HORIZON":
    case "LATEST":
      return { type };
    case "AFTER_SEQUENCE_NUMBER":
      return { type, sequenceNumber: String(input["StartingSequenceNumber"]) };
    case "AT_TIMESTAMP":
      return { type, timestampMs: Number(input["Timestamp"]) * 1000 };
    default:
      throw new NoPort();
  }
}

function asShard(shard: Shard): Fields {
  return {
    ShardId: shard.shardId,
    ParentShardId: shard.parentShardId,
    AdjacentParentShardId: shard.adjacentParentShardId,
    SequenceNumberRange: {
      StartingSequenceNumber: shard.startingSequenceNumber,
      EndingSequenceNumber: shard.endingSequenceNumber,
    },
  };
}

function asRecords(answer: RecordsAnswer): Fields {
  const { hasChildShards, lagMs, nextShardIterator, records } = answer;
  return {
    Records: records.map(({ approximateArrivalMs = 0, data, partitionKey, sequenceNumber }) => ({
      SequenceNumber: sequenceNumber,
      PartitionKey: partitionKey,
      Data: btoa(new TextDecoder().decode(data)),
      ApproximateArrivalTimestamp: approximateArrivalMs / 1000,
    })),
    MillisBehindLatest: lagMs,
    ...(nextShardIterator !== undefined && { NextShardIterator: nextShardIterator }),
    ...(hasChildShards && { ChildShards: [{}] }),
  };
}
