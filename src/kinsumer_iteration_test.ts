/**
 * Contract: what counts as processed. Asking for the next record acknowledges the one before;
 * leaving the loop does not; in manual mode only `ack()` does, in any order, and the checkpoint is
 * the low watermark. Reading pauses while nobody takes what was read.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { Fleet, textOf } from "../testing/fleet.ts";
import type { KinsumerRecord, RecordBatch } from "./model.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
const ONE_SHARD = { shardCount: 1 };
const SHARD = "shardId-000000000000";

let environment: TestEnvironment;

async function committed(fleet: Fleet): Promise<string | undefined> {
  return textOf((await fleet.row("checkpoints", SHARD))?.["SequenceNumber"]);
}

describe("iterating over a Kinsumer", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    "delivers the record again that a loop was left with, by break or by throw",
    LIMIT,
    async () => {
      await Fleet.with(environment, ONE_SHARD, async (fleet) => {
        const { kinsumer } = fleet.create();
        await kinsumer.run();
        const put = (await fleet.put(5)).map((each) => each.sequenceNumber);
        const seen: string[] = [];
        for await (const { sequenceNumber } of kinsumer) {
          seen.push(sequenceNumber);
          if (seen.length === 2) break;
        }
        await assert.rejects(async () => {
          for await (const { sequenceNumber } of kinsumer) {
            seen.push(sequenceNumber);
            if (seen.length === 4) throw new Error("the user's own");
          }
        }, /the user's own/);
        for await (const { sequenceNumber } of kinsumer) {
          seen.push(sequenceNumber);
          if (seen.length === 7) break;
        }
        assert.deepEqual(seen, [put[0], put[1], put[1], put[2], put[2], put[3], put[4]]);
        await kinsumer.stop();
        assert.equal(
          await committed(fleet),
          put[3],
          "the record that break left counts as processed",
        );
        const heir = await fleet.join();
        await eventually("it comes again", () => fleet.collector.deliveries.length === 1);
        assert.equal(fleet.collector.deliveries[0]?.sequenceNumber, put[4]);
        await heir.kinsumer.stop();
      });
    },
  );

  it(
    "next() shares one iterator, and acknowledges what the call before it returned",
    LIMIT,
    async () => {
      await Fleet.with(environment, ONE_SHARD, async (fleet) => {
        const { kinsumer } = fleet.create();
        await kinsumer.run();
        const put = (await fleet.put(4)).map((each) => each.sequenceNumber);
        const first = await kinsumer.next();
        const second = await kinsumer.next();
        assert.deepEqual([first?.sequenceNumber, second?.sequenceNumber], put.slice(0, 2));
        await eventually("the first is committed", async () => await committed(fleet) === put[0]);
        await clock.sleep(250);
        assert.equal(await committed(fleet), put[0], "a record in hand counts as processed");
        await kinsumer.next();
        await kinsumer.next();
        const waiting = kinsumer.next();
        await eventually("all are committed", async () => await committed(fleet) === put[3]);
        await kinsumer.stop();
        assert.equal(await waiting, undefined);
        assert.equal(await kinsumer.next(), undefined);
      });
    },
  );

  it("shares the records among several iterators, each record once", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 3 }, async (fleet) => {
      const client = await fleet.join({ work: () => clock.sleep(1) });
      const counts = [0, 0, 0, 0];
      const workers = counts.map((_, worker) =>
        fleet.collector.consume(client.kinsumer, {
          work: () => {
            counts[worker]!++;
            return clock.sleep(1);
          },
        })
      );
      await fleet.put(600);
      await fleet.allCollected();
      await client.kinsumer.stop();
      await Promise.all([...workers, client.consuming]);
      assert.ok(counts.every((count) => count > 20), `one starved: ${counts}`);
      fleet.collector.assertExactlyOnce(fleet.putResults);
      for (const [shardId, last] of fleet.collector.lastByShard()) {
        const row = await fleet.row("checkpoints", shardId);
        assert.equal(textOf(row?.["SequenceNumber"]), last);
      }
    });
  });

  it(
    "batches() hands over one shard's records at a time, and acknowledges them whole",
    LIMIT,
    async () => {
      await Fleet.with(
        environment,
        { shardCount: 2, options: { readLimit: 50 } },
        async (fleet) => {
          const { kinsumer } = fleet.create();
          await kinsumer.run();
          await fleet.put(400);
          const left: RecordBatch[] = [];
          for await (const batch of kinsumer.batches()) {
            left.push(batch);
            break;
          }
          let isFirst = true;
          for await (const batch of kinsumer.batches()) {
            assert.ok(batch.records.length >= 1 && batch.records.length <= 50);
            if (isFirst) {
              const ids = (each: RecordBatch) =>
                each.records.map((record) => record.sequenceNumber);
              assert.deepEqual(ids(batch), ids(left[0]!), "the batch that was left comes again");
              isFirst = false;
            }
            for (const record of batch.records) {
              assert.equal(record.shardId, batch.shardId);
              fleet.collector.add(record, kinsumer.clientId);
            }
            if (fleet.collector.distinctCount === 400) void kinsumer.stop();
          }
          await kinsumer.stop();
          fleet.collector.assertExactlyOnce(fleet.putResults);
          for (const [shardId, last] of fleet.collector.lastByShard()) {
            const row = await fleet.row("checkpoints", shardId);
            assert.equal(textOf(row?.["SequenceNumber"]), last);
          }
        },
      );
    },
  );

  it("commits the low watermark when records are acknowledged out of order", LIMIT, async () => {
    const options = { acknowledge: "manual" } as const;
    await Fleet.with(environment, { shardCount: 1, options }, async (fleet) => {
      const { kinsumer } = fleet.create();
      await kinsumer.run();
      const put = (await fleet.put(6)).map((each) => each.sequenceNumber);
      const records: KinsumerRecord[] = [];
      while (records.length < 6) records.push((await kinsumer.next())!);
      for (const index of [1, 2, 4]) records[index]!.ack();
      await clock.sleep(350);
      assert.equal(await committed(fleet), undefined, "a checkpoint covers an open record");
      records[0]!.ack();
      records[0]!.ack();
      await eventually("up to the third", async () => await committed(fleet) === put[2]);
      records[3]!.ack();
      await eventually("up to the fifth", async () => await committed(fleet) === put[4]);
      await clock.sleep(250);
      assert.equal(await committed(fleet), put[4]);
      await kinsumer.stop({ deadlineMs: 500 });
      assert.equal(await committed(fleet), put[4]);
      await fleet.join({ options: { acknowledge: "auto" } });
      await eventually("the sixth comes again", () => fleet.collector.deliveries.length === 1);
      assert.equal(fleet.collector.deliveries[0]?.sequenceNumber, put[5]);
    });
  });

  it(
    "reads no further than bufferSize while nobody consumes, and then goes on",
    LIMIT,
    async () => {
      const options = { bufferSize: 200, readLimit: 100 };
      await Fleet.with(environment, { shardCount: 1, options }, async (fleet) => {
        await fleet.put(600);
        const { kinsumer, network } = fleet.create();
        await kinsumer.run();
        await eventually("two reads fill the buffer", () => network.count("GetRecords") >= 2);
        await clock.sleep(700);
        assert.equal(network.count("GetRecords"), 2, "it reads on although the buffer is full");
        const consuming = fleet.collector.consume(kinsumer);
        await fleet.allCollected();
        assert.ok(network.count("GetRecords") >= 6);
        await kinsumer.stop();
        await consuming;
        fleet.collector.assertExactlyOnce(fleet.putResults);
      });
    },
  );

  it("holds no more than maxBufferedBytes, those in hand included", LIMIT, async () => {
    const options = { maxBufferedBytes: 1_048_576, readLimit: 2, acknowledge: "manual" } as const;
    await Fleet.with(environment, { shardCount: 1, options }, async (fleet) => {
      const filler = "x".repeat(150_000);
      await fleet.put(Array.from({ length: 14 }, (_, ordinal) => ({
        partitionKey: "one",
        data: JSON.stringify({ ordinal, filler }),
      })));
      const { kinsumer, network } = fleet.create();
      await kinsumer.run();
      const held: KinsumerRecord[] = [];
      const consuming = (async () => {
        for await (const record of kinsumer) {
          fleet.collector.add(record, kinsumer.clientId);
          held.push(record);
        }
      })();
      await eventually("the budget is spent", () => network.count("GetRecords") >= 2);
      await clock.sleep(700);
      const reads = network.count("GetRecords");
      assert.ok(reads <= 4, `${reads} reads of 400 kB each with a budget of 1 MiB`);
      assert.ok(held.length >= 4 && held.length <= 8, `${held.length} records in hand`);
      await eventually("all are handed over", () => {
        for (const record of held) record.ack();
        return held.length === 14;
      });
      fleet.collector.assertExactlyOnce(fleet.putResults);
      for (const record of held) record.ack();
      await kinsumer.stop();
      await consuming;
    });
  });
});
