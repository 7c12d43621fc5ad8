/**
 * Contract: across a merge and a split no record is lost or doubled, the records of a key stay in
 * order, and a child is not read before its parents are finished.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { Fleet, textOf } from "../testing/fleet.ts";
import { isClosed, parentIds } from "./rules/lineage.ts";

const LIMIT = { timeout: 60_000 };
const COUNT = 4_321;

let environment: TestEnvironment;

/** Every child was captured after each of its parents was finished. */
async function assertParentsFirst(fleet: Fleet): Promise<void> {
  const shards = await environment.streams.shards(fleet.streamName);
  const happened = fleet.log.map(({ event }) =>
    "shardId" in event ? `${event.type} ${event.shardId}` : event.type
  );
  for (const shard of shards) {
    const capturedAt = happened.indexOf(`shard-captured ${shard.shardId}`);
    assert.notEqual(capturedAt, -1, `${shard.shardId} was never read`);
    for (const parentId of parentIds(shard)) {
      const finishedAt = happened.indexOf(`shard-finished ${parentId}`);
      assert.notEqual(finishedAt, -1, `${parentId} was never finished`);
      assert.ok(finishedAt < capturedAt, `${shard.shardId} was read before ${parentId} ended`);
    }
  }
}

/** The last record of a parent was handed over before the first of any child. */
async function assertParentsDrained(fleet: Fleet): Promise<void> {
  const shards = await environment.streams.shards(fleet.streamName);
  const order = fleet.collector.deliveries.map(({ shardId }) => shardId);
  for (const shard of shards) {
    const first = order.indexOf(shard.shardId);
    for (const parentId of parentIds(shard)) {
      const last = order.lastIndexOf(parentId);
      assert.ok(last < first, `${parentId} gave a record after its child ${shard.shardId} did`);
    }
  }
}

/** The leader lists every shard but the finished, whose rows say that they are. */
async function assertPublished(fleet: Fleet): Promise<void> {
  const shards = await environment.streams.shards(fleet.streamName);
  const open = shards.filter((shard) => !isClosed(shard)).map((shard) => shard.shardId);
  await eventually(
    "the shard cache lists the open shards",
    async () => assert.deepEqual(await fleet.shardCache(), open.sort()) ?? true,
  );
  for (const { shardId } of shards.filter(isClosed)) {
    const row = await fleet.row("checkpoints", shardId);
    const finished = row?.["Finished"];
    assert.ok(finished !== undefined && "N" in finished && /^\d{19}$/.test(finished.N), shardId);
    assert.match(textOf(row?.["FinishedRFC"]) ?? "", /^\w{3}, \d\d \w{3} \d{4} .* \+0000$/);
    assert.equal(textOf(row?.["OwnerID"]), undefined);
  }
}

async function assertAll(fleet: Fleet): Promise<void> {
  await fleet.allCollected();
  await eventually("all children are owned", async () => {
    const cache = await fleet.shardCache();
    const owned = new Set(fleet.events("shard-captured").map(({ shardId }) => shardId));
    return cache.every((shardId) => owned.has(shardId));
  });
  await assertPublished(fleet);
  fleet.collector.assertExactlyOnce(fleet.putResults);
  await assertParentsFirst(fleet);
  await assertParentsDrained(fleet);
}

describe("a fleet across a reshard", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it("reads on through a merge amid 2 × 4,321 records", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      const clients = [await fleet.join(), await fleet.join()];
      await fleet.balanced(clients, 4);
      const before = (await environment.streams.shards(fleet.streamName)).map((e) => e.shardId);
      await fleet.put(COUNT);
      await environment.streams.merge(fleet.streamName, before[0]!, before[1]!);
      await fleet.put(COUNT);
      await assertAll(fleet);
      await fleet.balanced(clients, 3);
      assert.deepEqual(await fleet.shardCache(), [...before.slice(2), "shardId-000000000004"]);
    });
  });

  it("reads on through a split amid 2 × 4,321 records", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const clients = [await fleet.join(), await fleet.join()];
      await fleet.balanced(clients, 2);
      await fleet.put(COUNT);
      await environment.streams.split(fleet.streamName, "shardId-000000000000");
      await fleet.put(COUNT);
      await assertAll(fleet);
      await fleet.balanced(clients, 3);
    });
  });

  it("does not read a child while a record of a parent is in somebody's hands", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      let letGo = () => {};
      const held = new Promise<void>((resolve) => letGo = resolve);
      const reader = await fleet.join({
        work: ({ shardId }) => isParent(shardId) ? held : undefined,
      });
      const helpers = [1, 2].map(() => fleet.collector.consume(reader.kinsumer));
      await fleet.put(200);
      const [left, right] = ["shardId-000000000000", "shardId-000000000001"] as const;
      await environment.streams.merge(fleet.streamName, left, right);
      await fleet.put(200);
      await eventually(
        "the parent that is not held is finished",
        () => fleet.events("shard-finished").length === 1,
      );
      await eventually(
        "the leader has listed the shards meanwhile",
        () => reader.network.count("ListShards") >= 3,
      );
      assert.ok(fleet.collector.deliveries.every(({ shardId }) => isParent(shardId)));
      assert.equal((await fleet.shardCache()).includes("shardId-000000000002"), false);
      letGo();
      await assertAll(fleet);
      await reader.kinsumer.stop();
      await Promise.all(helpers);

      function isParent(shardId: string): boolean {
        return shardId === left || shardId === right;
      }
    });
  });

  it(
    "finds the children after a restart between the parents' end and their own",
    LIMIT,
    async () => {
      await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
        await fleet.put(300);
        await environment.streams.split(fleet.streamName, "shardId-000000000000");
        const options = { leaderActionIntervalMs: 3_600_000, shardCheckIntervalMs: 600 };
        const first = await fleet.join({ options });
        await eventually(
          "the parent is finished",
          () => fleet.events("shard-finished").length === 1,
        );
        await first.kinsumer.stop();
        await fleet.put(300);
        await fleet.join();
        await assertAll(fleet);
      });
    },
  );
});
