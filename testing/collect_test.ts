/**
 * Contract: the account finds what it is kept for: a lost record, a doubled one, a foreign one, and
 * one out of order. A test that could not fail would show nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinsumerRecord } from "../src/model.ts";
import { Collector, eventually, Producer } from "./collect.ts";

function record(shardId: string, sequenceNumber: string, ordinal: number, partitionKey = "k") {
  return { shardId, sequenceNumber, partitionKey, json: () => ({ ordinal }) } as KinsumerRecord;
}

describe("Collector", () => {
  const put = ["9", "10", "11"].map((sequenceNumber) => ({ shardId: "s", sequenceNumber }));
  const good = [record("s", "9", 0), record("s", "10", 1), record("s", "11", 2)];

  function collect(records: readonly KinsumerRecord[]): Collector {
    const collector = new Collector();
    for (const each of records) collector.add(each, "client");
    return collector;
  }

  it("is content when each record came once and in order", () => {
    const collector = collect(good);
    collector.assertExactlyOnce(put);
    assert.equal(collector.distinctCount, 3);
    assert.deepEqual([...collector.lastByShard()], [["s", "11"]]);
  });

  it("finds a lost, a doubled and a foreign record", () => {
    assert.throws(() => collect(good.slice(1)).assertExactlyOnce(put), /1 of 3 records are lost/);
    const doubled = collect([...good, good[1]!]);
    assert.throws(() => doubled.assertExactlyOnce(put), /1 records were handed over again/);
    assert.deepEqual(doubled.duplicates().map((each) => each.sequenceNumber), ["10"]);
    doubled.assertOrdered();
    const foreign = collect([...good, record("s", "12", 3)]);
    assert.throws(() => foreign.assertExactlyOnce(put), /nobody put/);
  });

  it("finds what is out of order, by shard as numbers and by key across shards", () => {
    const byShard = collect([record("s", "10", 0, "a"), record("s", "9", 0, "b")]);
    assert.throws(() => byShard.assertOrdered(), /s: 9 came after 10/);
    const byKey = collect([record("child", "20", 1), record("parent", "9", 0)]);
    assert.throws(() => byKey.assertOrdered(), /k: 0 came after 1/);
  });

  it("waits until all have come, or says how many have not", async () => {
    await collect(good).all(put);
    await assert.rejects(
      collect(good.slice(2)).all(put, 30),
      /2 of 3 records were not handed over/,
    );
  });
});

describe("Producer", () => {
  it("numbers the records of each key", () => {
    const producer = new Producer({ keyCount: 2 });
    const made = [...producer.make(3), ...producer.make(1)];
    const pairs = made.map((
      { partitionKey, data },
    ) => [partitionKey, JSON.parse(String(data)).ordinal]);
    assert.deepEqual(pairs, [["key-0", 0], ["key-1", 0], ["key-0", 1], ["key-1", 1]]);
  });
});

describe("eventually()", () => {
  it("waits for a value, passing over failed assertions, and says what did not come", async () => {
    let looks = 0;
    assert.equal(await eventually("three", () => ++looks === 3 && looks), 3);
    await eventually("four", () => assert.equal(++looks, 4) ?? true);
    await assert.rejects(eventually("the end", () => false, 30), /after 30 ms: the end/);
    await assert.rejects(eventually("it", () => Promise.reject(new RangeError("own"))), RangeError);
  });
});
