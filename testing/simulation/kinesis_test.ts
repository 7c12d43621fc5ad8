// Contract: beyond the contract of every stream (testing/contract/), the simulated one does on
// demand what local servers cannot: expiry, throttling, lag, retention, false ends and faults.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinesisApi, RecordsAnswer } from "../../src/aws/kinesis.ts";
import { KinsumerError } from "../../src/errors.ts";
import type { Position } from "../../src/model.ts";
import type { ChannelOptions } from "./channel.ts";
import { createSimulatedClock, type SimulatedClock } from "./clock.ts";
import {
  createSimulatedStream,
  type SimulatedStream,
  type SimulatedStreamOptions,
} from "./kinesis.ts";

const START_MS = 1_795_412_454_604;
const FIRST = "shardId-000000000000";
const TRIM_HORIZON: Position = { type: "TRIM_HORIZON" };

interface World {
  readonly time: SimulatedClock;
  readonly stream: SimulatedStream;
  readonly api: KinesisApi;
}

function createWorld(
  options: Partial<SimulatedStreamOptions> = {},
  channel: ChannelOptions = { latencyMs: 0 },
): World {
  const time = createSimulatedClock({ startMs: START_MS });
  const stream = createSimulatedStream({ clock: time.clock, shards: 1, ...options });
  return { time, stream, api: stream.view(channel) };
}

/** Lets the requests under way be carried out. */
async function run<Answer>(world: World, asking: Promise<Answer>): Promise<Answer> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  asking.then(over, over);
  await world.time.runUntil(() => isOver, 10_000);
  return asking;
}

function iteratorOf(world: World, position: Position = TRIM_HORIZON): Promise<string> {
  return run(world, world.api.getShardIterator({ shardId: FIRST, position }));
}

function read(world: World, shardIterator: string, limit = 100): Promise<RecordsAnswer> {
  return run(world, world.api.getRecords({ shardId: FIRST, shardIterator, limit }));
}

describe("createSimulatedStream()", () => {
  it("numbers records so that neither strings nor doubles compare rightly", () => {
    const { stream } = createWorld();
    const numbers = Array.from({ length: 40 }, () => {
      return stream.put({ shardId: FIRST, data: "" }).sequenceNumber;
    });
    const pairs = numbers.slice(1).map((number, index) => [numbers[index] ?? "", number] as const);
    assert.ok(pairs.every(([one, next]) => BigInt(one) < BigInt(next)));
    assert.ok(pairs.some(([one, next]) => one > next), "as strings they do");
    assert.ok(pairs.some(([one, next]) => Number(one) === Number(next)), "as doubles they do");
  });

  it("cuts an answer at its most bytes, and keeps the shard busy for what exceeds a second's", async () => {
    const world = createWorld({ bytesPerSecond: 1_000, mostAnswerBytes: 3_000 });
    for (let each = 0; each < 20; each++) {
      world.stream.put({ shardId: FIRST, data: "x".repeat(300) });
    }
    const first = await read(world, await iteratorOf(world));
    assert.ok(
      first.records.length > 1 && first.records.length < 20,
      `${first.records.length} records`,
    );
    const next = first.nextShardIterator ?? "";
    await assert.rejects(read(world, next), { code: "Throttled" });
    await world.time.advance(first.byteLength); // at 1,000 bytes a second: a millisecond for each
    const second = await read(world, next);
    assert.equal(
      second.records[0]?.sequenceNumber,
      world.stream.records(FIRST)[first.records.length]?.sequenceNumber,
    );
  });

  it("answers with a single record however large it is", async () => {
    const world = createWorld({ mostAnswerBytes: 10 });
    for (const data of ["a", "b"]) world.stream.put({ shardId: FIRST, data });
    assert.equal((await read(world, await iteratorOf(world))).records.length, 1);
  });

  it("lets an iterator live for five minutes and not a millisecond longer", async () => {
    const world = createWorld();
    const shardIterator = await iteratorOf(world);
    await world.time.advance(300_000);
    await read(world, shardIterator);
    await world.time.advance(1);
    await assert.rejects(read(world, shardIterator), { code: "IteratorExpired" });
  });

  it("throttles the sixth read of a shard within a second, over all clients", async () => {
    const world = createWorld({ readsPerSecond: 5 });
    const shardIterator = await iteratorOf(world);
    const other = world.stream.view({ latencyMs: 0 });
    for (let count = 0; count < 4; count++) await read(world, shardIterator);
    await run(world, other.getRecords({ shardId: FIRST, shardIterator, limit: 1 }));
    await assert.rejects(read(world, shardIterator), { code: "Throttled", retryable: true });
    await world.time.advance(999);
    await assert.rejects(read(world, shardIterator), { code: "Throttled" });
    await world.time.advance(1);
    await read(world, shardIterator);
  });

  it("tells the lag of the first record that was not returned", async () => {
    const world = createWorld();
    world.stream.put({ shardId: FIRST, data: "a" });
    await world.time.advance(1000);
    world.stream.put({ shardId: FIRST, data: "b" });
    await world.time.advance(500);
    const shardIterator = await iteratorOf(world);
    assert.equal((await read(world, shardIterator, 1)).lagMs, 500);
    assert.equal((await read(world, shardIterator, 2)).lagMs, 0);
  });

  it("AT_TIMESTAMP begins with the first record that arrived then or later", async () => {
    const world = createWorld();
    world.stream.put({ shardId: FIRST, data: "a" });
    await world.time.advance(1000);
    const { sequenceNumber } = world.stream.put({ shardId: FIRST, data: "b" });
    for (const [timestampMs, count] of [[START_MS + 1, 1], [START_MS + 1000, 1], [START_MS, 2]]) {
      const position = { type: "AT_TIMESTAMP", timestampMs: timestampMs ?? 0 } as const;
      const { records } = await read(world, await iteratorOf(world, position));
      assert.equal(records.length, count);
      assert.equal(records.at(-1)?.sequenceNumber, sequenceNumber);
    }
    const position = { type: "AT_TIMESTAMP", timestampMs: START_MS + 1001 } as const;
    const shardIterator = await iteratorOf(world, position);
    assert.deepEqual((await read(world, shardIterator)).records, []);
  });

  it("refuses positions of another shard and positions that were trimmed away", async () => {
    const world = createWorld();
    const puts = ["a", "b", "c"].map((data) => world.stream.put({ shardId: FIRST, data }));
    const [one, two, three] = puts.map(({ sequenceNumber }) => sequenceNumber);
    const after = (sequenceNumber = ""): Promise<string> =>
      iteratorOf(world, { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber });
    world.stream.trim(FIRST, two ?? "");
    await assert.rejects(after(one), { code: "InvalidSequenceNumber" });
    await assert.rejects(after("1"), { code: "InvalidSequenceNumber" });
    await assert.rejects(after("99999999999999999999"), { code: "InvalidSequenceNumber" });
    const trimmed = await read(world, await iteratorOf(world));
    assert.deepEqual(trimmed.records.map((record) => record.sequenceNumber), [three]);
    assert.equal((await read(world, await after(two))).records.length, 1);
    assert.equal((await read(world, await after(three))).records.length, 0);
  });

  for (const namesChildShards of [true, false]) {
    it(`ends a closed shard with its last record; children named: ${namesChildShards}`, async () => {
      const world = createWorld({ namesChildShards });
      world.stream.put({ shardId: FIRST, data: "a" });
      world.stream.put({ shardId: FIRST, data: "b" });
      world.stream.split(FIRST);
      const first = await read(world, await iteratorOf(world), 1);
      assert.equal(first.hasChildShards, false);
      const last = await read(world, first.nextShardIterator ?? "", 1);
      assert.equal(last.records.length, 1);
      assert.equal(last.nextShardIterator, undefined);
      assert.equal(last.hasChildShards, namesChildShards);
      assert.throws(() => world.stream.put({ shardId: FIRST, data: "c" }), /closed/);
    });
  }

  it("keeps each partition key in one open shard through splits and merges", () => {
    const { stream } = createWorld({ shards: 3 });
    const shardsOfKeys = (): readonly string[] =>
      Array.from(
        { length: 300 },
        (_, key) => stream.put({ partitionKey: `key ${key}`, data: "" }).shardId,
      );
    assert.equal(new Set(shardsOfKeys()).size, 3);
    const [left, right] = stream.split(FIRST);
    assert.deepEqual([...new Set(shardsOfKeys())].sort(), [
      "shardId-000000000001",
      "shardId-000000000002",
      left,
      right,
    ]);
    const merged = stream.merge(right, "shardId-000000000001");
    const expected = ["shardId-000000000002", left, merged];
    assert.deepEqual([...new Set(shardsOfKeys())].sort(), expected);
  });

  it("forgets a closed shard, never an open one", async () => {
    const world = createWorld();
    assert.throws(() => world.stream.forget(FIRST), /open/);
    world.stream.split(FIRST);
    world.stream.forget(FIRST);
    await assert.rejects(iteratorOf(world), { code: "StreamNotFound" });
    const parents = world.stream.shards().map(({ parentShardId }) => parentShardId);
    assert.deepEqual(parents, [FIRST, FIRST]);
  });
});

describe("view()", () => {
  it("takes a millisecond for each request unless it is told otherwise", async () => {
    const world = createWorld({}, {});
    await run(world, world.api.listShards());
    assert.equal(world.time.clock.monotonicMs(), 1);
  });

  it("throws what intercept() throws, and carries nothing out", async () => {
    const asked: string[] = [];
    const fault = new KinsumerError("Throttled", "Slow down", { retryable: true });
    const intercept = (operation: string): void => {
      asked.push(operation);
      if (operation === "GetRecords") throw fault;
    };
    const world = createWorld({ readsPerSecond: 1 }, { latencyMs: 0, intercept });
    const shardIterator = await iteratorOf(world);
    await assert.rejects(read(world, shardIterator), fault);
    assert.deepEqual(asked, ["GetShardIterator", "GetRecords"]);
    const request = { shardId: FIRST, shardIterator, limit: 1 };
    await run(world, world.stream.view().getRecords(request));
  });

  it("rejects with the signal's reason, and leaves no sleeper", async () => {
    const world = createWorld({}, { latencyMs: 1000 });
    const controller = new AbortController();
    const rejected = assert.rejects(world.api.listShards(controller.signal), { message: "enough" });
    await world.time.advance(10);
    controller.abort(new Error("enough"));
    await world.time.settle();
    await rejected;
    assert.equal(world.time.sleeperCount(), 0);
  });
});
