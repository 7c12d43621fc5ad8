/**
 * Contract: a checkpoint that leads nowhere loses nothing silently. `fail` leaves the shard alone and
 * tells the loop, `horizon` reads what is left, `latest` what comes; the others flow on, and an event
 * names the gap.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS, Fleet, textOf } from "../testing/fleet.ts";
import type { PutResult } from "../testing/streams.ts";
import type { KinsumerError } from "./errors.ts";
import { runOnce } from "./run_once.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
const DAY_MS = 86_400_000;
const SHARD = "shardId-000000000000";
const OTHER = "shardId-000000000001";

let environment: TestEnvironment;

function inShard(put: readonly PutResult[], shardId: string): readonly PutResult[] {
  return put.filter((each) => each.shardId === shardId);
}

/** Consumes a whole stream, deletes it, and makes it anew with other records. */
async function remake(fleet: Fleet): Promise<readonly PutResult[]> {
  await fleet.put(40);
  const first = await fleet.join();
  await fleet.allCollected();
  await first.kinsumer.stop();
  await recreate(fleet);
  return await fleet.put(40);
}

async function recreate({ streamName }: Fleet): Promise<void> {
  await environment.streams.delete(streamName);
  await clock.sleep(1_100); // kinesalite's sequence numbers count from the second of the creation
  await environment.streams.create(streamName, { shardCount: 2 });
}

/** Makes the row of a shard say that it was processed up to so long ago. */
async function age(fleet: Fleet, shardId: string, ageMs: number): Promise<string> {
  const { Shard: _, ...row } = (await fleet.row("checkpoints", shardId)) ?? {};
  const ProcessedThroughMs = { N: String(clock.nowMs() - ageMs) };
  await fleet.writeRow("checkpoints", shardId, { ...row, ProcessedThroughMs });
  return textOf(row["SequenceNumber"]) ?? "";
}

describe("onInvalidCheckpoint", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    '"fail" tells the loop once a shard, keeps the checkpoint, and reads nothing',
    LIMIT,
    async () => {
      await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
        const put = await remake(fleet);
        const sequenceNumber = textOf((await fleet.row("checkpoints", SHARD))?.["SequenceNumber"]);
        const { kinsumer } = fleet.create();
        await kinsumer.run();
        const codes: string[] = [];
        for (let each = 0; each < 2; each++) {
          await assert.rejects(kinsumer.next(), (error: KinsumerError) => {
            codes.push(`${error.code} ${error.shardId}`);
            assert.match(error.message, /it is not of this shard/);
            return true;
          });
        }
        assert.deepEqual(codes.sort(), [
          `InvalidCheckpoint ${SHARD}`,
          `InvalidCheckpoint ${OTHER}`,
        ]);
        const events = fleet.events("checkpoint-invalid");
        const event = events.find(({ shardId }) => shardId === SHARD);
        assert.equal(event?.reason, "foreign");
        assert.equal(event?.policy, "fail");
        assert.equal(event?.sequenceNumber, sequenceNumber);
        assert.equal(event?.nextSequenceNumber, inShard(put, SHARD)[0]?.sequenceNumber);
        await kinsumer.stop();
        const row = await fleet.row("checkpoints", SHARD);
        assert.equal(textOf(row?.["SequenceNumber"]), sequenceNumber);
      });
    },
  );

  it('"fail" lets the other shards flow', LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const early = await fleet.put(40);
      const first = await fleet.join();
      await fleet.allCollected();
      await first.kinsumer.stop();
      await age(fleet, SHARD, DAY_MS + 60_000);
      const late = await fleet.put(40);
      const second = await fleet.join();
      await assert.rejects(second.consuming, { code: "InvalidCheckpoint", shardId: SHARD });
      const { kinsumer } = second;
      const again = fleet.collector.consume(kinsumer);
      await fleet.collector.all([...early, ...inShard(late, OTHER)]);
      assert.ok(inShard(late, SHARD).every((each) => fleet.collector.timesOf(each) === 0), "read");
      await kinsumer.stop();
      await again;
    });
  });

  for (const process of [undefined, {}]) {
    const how = process === undefined ? "" : ", with process() too";
    it(`"fail" lets the other shards of one run flow, and rejects it${how}`, LIMIT, async () => {
      await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
        const early = await fleet.put(40);
        const first = await fleet.join();
        await fleet.allCollected();
        await first.kinsumer.stop();
        await age(fleet, SHARD, DAY_MS + 60_000);
        const late = await fleet.put(40);
        const options = {
          ...environment.clientOptions(),
          ...FAST_OPTIONS,
          streamName: fleet.streamName,
          applicationName: fleet.applicationName,
        };
        const running = runOnce(
          options,
          (record) => clock.sleep(5).then(() => void fleet.collector.add(record, "once")),
          { process },
        );
        await assert.rejects(running, { code: "InvalidCheckpoint", shardId: SHARD });
        await fleet.collector.all([...early, ...inShard(late, OTHER)]);
        assert.ok(
          inShard(late, SHARD).every((each) => fleet.collector.timesOf(each) === 0),
          "read",
        );
        assert.deepEqual(await fleet.rows("clients"), []);
      });
    });
  }

  it('"horizon" reads a stream that was made anew whole, and commits', LIMIT, async () => {
    const options = { onInvalidCheckpoint: "horizon" } as const;
    await Fleet.with(environment, { shardCount: 2, options }, async (fleet) => {
      await remake(fleet);
      const second = await fleet.join();
      await fleet.allCollected();
      await second.kinsumer.stop();
      fleet.collector.assertExactlyOnce(fleet.putResults);
      await fleet.assertSettled();
      assert.equal(fleet.events("checkpoint-invalid").length, 2);
    });
  });

  it('"latest" reads only what comes from then on', LIMIT, async () => {
    const options = { onInvalidCheckpoint: "latest" } as const;
    await Fleet.with(environment, { shardCount: 2, options }, async (fleet) => {
      const skipped = await remake(fleet);
      await clock.sleep(30);
      const from = fleet.log.length;
      await fleet.join();
      // A shard is captured before anyone has looked whether its checkpoint leads anywhere.
      const told = () => fleet.events("checkpoint-invalid", from).length === 2;
      await eventually("told", told, 10_000);
      const late = await fleet.put(40);
      await fleet.collector.all(late);
      assert.ok(skipped.every((each) => fleet.collector.timesOf(each) === 0), "not skipped");
    });
  });

  it("takes no shard of a new stream for finished because the old one's was", LIMIT, async () => {
    const options = { onInvalidCheckpoint: "horizon" } as const;
    await Fleet.with(environment, { shardCount: 2, options }, async (fleet) => {
      await fleet.put(40);
      const first = await fleet.join();
      await fleet.allCollected();
      await environment.streams.split(fleet.streamName, SHARD);
      await eventually("finished", () => fleet.events("shard-finished").length === 1, 10_000);
      await first.kinsumer.stop();
      await recreate(fleet);
      await fleet.put(40);
      const second = await fleet.join();
      await fleet.allCollected();
      await second.kinsumer.stop();
      fleet.collector.assertExactlyOnce(fleet.putResults);
      const row = await fleet.row("checkpoints", SHARD);
      assert.equal(row?.["Finished"], undefined);
    });
  });

  it("names the gap of a checkpoint that is older than the retention", LIMIT, async () => {
    const options = { onInvalidCheckpoint: "horizon" } as const;
    await Fleet.with(environment, { shardCount: 1, options }, async (fleet) => {
      const put = await fleet.put(10);
      const first = await fleet.join();
      await fleet.allCollected();
      await first.kinsumer.stop();
      const sequenceNumber = await age(fleet, SHARD, DAY_MS + 60_000);
      await fleet.join();
      await eventually("told", () => fleet.events("checkpoint-invalid").length === 1, 10_000);
      const [event] = fleet.events("checkpoint-invalid");
      assert.equal(event?.reason, "trimmed");
      assert.equal(event?.sequenceNumber, sequenceNumber);
      assert.ok(event!.processedThroughMs! < clock.nowMs() - DAY_MS, "no time");
      assert.equal(event?.nextSequenceNumber, put[0]?.sequenceNumber); // kinesalite trims nothing
      assert.ok(event!.nextArrivalMs! > 0, "no time of arrival");
    });
  });

  it("suspects no checkpoint of a shard that was only quiet", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(10);
      const first = await fleet.join();
      await fleet.allCollected();
      await first.kinsumer.stop();
      const row = await fleet.row("checkpoints", SHARD);
      const through = row?.["ProcessedThroughMs"];
      assert.ok(through !== undefined && "N" in through, "the row does not say");
      assert.ok(Math.abs(Number(through.N) - clock.nowMs()) < 30_000, through.N);
      await age(fleet, SHARD, DAY_MS - 60_000);
      await fleet.put(10);
      await fleet.join();
      await fleet.allCollected();
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.deepEqual(fleet.events("checkpoint-invalid"), []);
    });
  });
});

describe("caughtUp()", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it("resolves once all that was put is processed, also across a split", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      await fleet.put(50);
      await environment.streams.split(fleet.streamName, SHARD);
      await fleet.put(50);
      const { kinsumer } = await fleet.join({ work: () => clock.sleep(2) });
      assert.equal(await kinsumer.caughtUp({ lagMs: 0 }), true);
      fleet.collector.assertExactlyOnce(fleet.putResults);
    });
  });

  it("does not resolve while a record is in somebody's hands", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(1);
      const { kinsumer } = fleet.create();
      await kinsumer.run();
      await kinsumer.next();
      const giveUp = new AbortController();
      const waiting = kinsumer.caughtUp({ signal: giveUp.signal });
      const first = await Promise.race([waiting, clock.sleep(800).then(() => "waits")]);
      assert.equal(first, "waits");
      giveUp.abort(new Error("enough"));
      await assert.rejects(waiting, /enough/);
      kinsumer.next().catch(() => {});
      assert.equal(await kinsumer.caughtUp(), true);
    });
  });

  it(
    "is false after a stop, and refused before run() and for a lag that is none",
    LIMIT,
    async () => {
      await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
        await fleet.put(1);
        const { kinsumer } = fleet.create();
        await assert.rejects(kinsumer.caughtUp(), { code: "NotRunning" });
        await kinsumer.run();
        await assert.rejects(kinsumer.caughtUp({ lagMs: -1 }), RangeError);
        const waiting = kinsumer.caughtUp();
        await kinsumer.stop();
        assert.equal(await waiting, false);
      });
    },
  );
});
