// The contract: what cannot be read ends all reading; what a slow line does not bring in time is
// asked for in smaller parts; only a moment that is not answered for is looked for by reading all.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../testing/wire_doubles.ts";
import type { KinesisApi, RecordsAnswer } from "../aws/kinesis.ts";
import { KinsumerError } from "../errors.ts";
import { follow, type Following } from "./follow.ts";

const NOTHING: RecordsAnswer = {
  records: [],
  nextShardIterator: "next",
  lagMs: 0,
  hasChildShards: false,
  byteLength: 2,
};

type Read = Parameters<KinesisApi["getRecords"]>[0];

function failure(code: "AccessDenied" | "RequestTimeout"): KinsumerError {
  return new KinsumerError(code, code, { retryable: code === "RequestTimeout" });
}

/** Reads two shards. @param read answers each read @param positions gets where iterators begin */
async function followTwo(
  read: (request: Read, clock: ManualClock) => RecordsAnswer,
  given: Partial<Following> = {},
  positions: string[] = [],
): Promise<void> {
  const clock = new ManualClock({ isSelfMoving: true });
  const kinesis: KinesisApi = {
    listShards: () => Promise.resolve([{ shardId: "a" }, { shardId: "b" }]),
    getShardIterator: ({ position }) => {
      positions.push(position.type);
      return Promise.resolve("first");
    },
    // As late as the network is: else the loops would leave nobody else a turn.
    getRecords: async (request) => {
      await new Promise((resolve) => setImmediate(resolve));
      return read(request, clock);
    },
    describeStream: () => Promise.reject(new Error("Nobody asks")),
  };
  await follow({
    ...{ kinesis, glance: kinesis, clock, signal: new AbortController().signal },
    ...{ position: { type: "TRIM_HORIZON" }, isEndless: true, intervalMs: 1_000, readLimit: 1_000 },
    onRecords: () => Promise.resolve(),
    onRetry: () => {},
    ...given,
  });
}

describe("follow()", () => {
  it("ends the reading of all shards where one cannot be read", { timeout: 10_000 }, async () => {
    let reads = 0;
    const following = followTwo(({ shardId }) => {
      reads++;
      if (shardId === "b" && reads > 5) throw failure("AccessDenied");
      return NOTHING;
    });
    await assert.rejects(following, { code: "AccessDenied" });
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    const readsAtEnd = reads;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(reads, readsAtEnd);
  });

  it("asks a slow line for less, from the moment that was asked for", async () => {
    const positions: string[] = [];
    const limits: number[] = [];
    await followTwo(
      ({ limit }) => {
        limits.push(limit);
        if (limit > 200) throw failure("RequestTimeout");
        return NOTHING;
      },
      { position: { type: "AT_TIMESTAMP", timestampMs: 1 }, shardId: "a", isEndless: false },
      positions,
    );
    assert.deepEqual(limits, [1_000, 500, 250, 125]);
    assert.deepEqual(positions, ["AT_TIMESTAMP"]);
  });

  it("does not end at the tip of less than was asked for", async () => {
    const limits: number[] = [];
    await followTwo(({ limit }) => {
      limits.push(limit);
      if (limit > 4) throw failure("RequestTimeout");
      const record = { sequenceNumber: "1", partitionKey: "k", data: new Uint8Array(0) };
      return limits.length < 6 ? { ...NOTHING, records: Array(limit).fill(record) } : NOTHING;
    }, { shardId: "a", isEndless: false, readLimit: 8 });
    assert.deepEqual(limits, [8, 4, 8, 4, 8, 4]);
  });
});
