/**
 * Contract: a fleet on real local servers. Each record is handed over once, whoever joins or leaves
 * in an orderly way; only the shards that must move do; the lowest living ID leads; and the fleet
 * lives beside clients of the Go library.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { Fleet, type FleetClient } from "../testing/fleet.ts";
import { systemRuntime } from "./runtime.ts";
import { nextUpdate, updateAttributes } from "./tables/item.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
const WEEK_MS = 7 * 24 * 3_600_000;

let environment: TestEnvironment;

/** A row as the Go library writes it. */
function goRow(name: string, ageMs: number) {
  return { Name: { S: name }, ...updateAttributes(nextUpdate(clock.nowMs() - ageMs)) };
}

describe("a fleet", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it("hands 4,321 records over once each, put while 3 clients join 10 shards", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 10 }, async (fleet) => {
      const putting = (async () => {
        for (let part = 0; part < 10; part++) await fleet.put(part === 0 ? 421 : 390);
        await fleet.put(390);
      })();
      const clients: FleetClient[] = [];
      for (let each = 0; each < 3; each++) {
        clients.push(await fleet.join());
        await clock.sleep(50);
      }
      await putting;
      assert.equal(fleet.putResults.length, 4_321);
      await fleet.allCollected();
      await fleet.balanced(clients, 10);
      await Promise.all(clients.map(({ kinsumer }) => kinsumer.stop()));
      fleet.collector.assertExactlyOnce(fleet.putResults);
    });
  });

  it(
    "moves the fewest shards at a join and at a clean leave, without a duplicate",
    LIMIT,
    async () => {
      await Fleet.with(environment, { shardCount: 12 }, async (fleet) => {
        const endLoad = fleet.putContinuously();
        const first = await fleet.join();
        const second = await fleet.join();
        await fleet.balanced([first, second], 12);

        const beforeJoin = fleet.log.length;
        const third = await fleet.join();
        await fleet.balanced([first, second, third], 12);
        const moved = third.kinsumer.ownedShardIds;
        assert.equal(moved.length, 4);
        const joined = fleet.events("shard-captured", beforeJoin);
        assert.deepEqual(joined.map(({ shardId }) => shardId).sort(), moved);
        assert.ok(joined.every(({ by }) => by === third.clientId));
        const releases = () => fleet.events("shard-released", beforeJoin);
        await eventually("the releases are answered", () => releases().length >= moved.length);
        const given = releases();
        assert.deepEqual(given.map(({ shardId }) => shardId).sort(), moved);
        assert.ok(given.every(({ isClean }) => isClean));

        const beforeLeave = fleet.log.length;
        await third.kinsumer.stop();
        await third.consuming;
        await fleet.balanced([first, second], 12);
        await eventually(
          "the heirs read all of it",
          () => fleet.events("shard-captured", beforeLeave).length >= moved.length,
        );
        const left = fleet.events("shard-captured", beforeLeave);
        assert.deepEqual(left.map(({ shardId }) => shardId).sort(), moved);

        await endLoad();
        await fleet.allCollected();
        assert.deepEqual(fleet.events("shard-lost"), []);
        fleet.collector.assertExactlyOnce(fleet.putResults);
      });
    },
  );

  it("hands a leaving leader's shards on without waiting for its time to live", LIMIT, async () => {
    const options = { clientRecordMaxAgeMs: 60_000 };
    await Fleet.with(environment, { shardCount: 4, options }, async (fleet) => {
      const leader = await fleet.join({ options: { clientId: "a" } });
      const heir = await fleet.join({ options: { clientId: "b" } });
      await fleet.balanced([leader, heir], 4);
      await fleet.put(500);
      await leader.kinsumer.stop();
      await eventually("the heir owns all", () => heir.kinsumer.ownedShardIds.length === 4, 5_000);
      await eventually("the heir leads", () => heir.kinsumer.isLeader, 5_000);
      await fleet.put(500);
      await fleet.allCollected();
      fleet.collector.assertExactlyOnce(fleet.putResults);
    });
  });

  it("is led by the lowest ID, and a leader yields to a lower one", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const middle = await fleet.join({ options: { clientId: "m", clientName: "middle" } });
      await eventually("m leads", () => middle.kinsumer.isLeader);
      assert.equal(await fleet.leaderId(), "m");
      const highest = await fleet.join({ options: { clientId: "z" } });
      await fleet.balanced([middle, highest], 2);
      assert.equal(highest.kinsumer.isLeader, false);
      const lowest = await fleet.join({ options: { clientId: "a" } });
      await eventually("a leads", () => lowest.kinsumer.isLeader && !middle.kinsumer.isLeader);
      assert.equal(await fleet.leaderId(), "a");
      assert.deepEqual(fleet.events("leader-won").map(({ clientId }) => clientId), ["m", "a"]);
      assert.deepEqual(fleet.events("leader-lost").map(({ clientId }) => clientId), ["m"]);
    });
  });

  it("removes the row of a Go client that is a week old", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      await fleet.writeRow("clients", "0-old", goRow("old", WEEK_MS));
      const client = await fleet.join();
      await eventually("it is gone", async () => await fleet.row("clients", "0-old") === undefined);
      await eventually("it is announced", () => fleet.events("client-left").length > 0);
      const left = fleet.events("client-left").map((
        { otherClientId, reason },
      ) => [otherClientId, reason]);
      assert.deepEqual(left, [["0-old", "dead"]]);
      await fleet.balanced([client], 4);
    });
  });

  it("leaves the shards that i mod n gives to a living Go client alone", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 6 }, async (fleet) => {
      await fleet.writeRow("clients", "b", goRow("go", 1_000));
      const one = await fleet.join({ options: { clientId: "a" } });
      const other = await fleet.join({ options: { clientId: "c" } });
      const put = await fleet.put(600);
      const shards = (await environment.streams.shards(fleet.streamName)).map((e) => e.shardId);
      const share = (rank: number) => shards.sort().filter((_, index) => index % 3 === rank);
      await eventually(
        "a has its share",
        () => assert.deepEqual(one.kinsumer.ownedShardIds, share(0)) ?? true,
      );
      await eventually(
        "c has its share",
        () => assert.deepEqual(other.kinsumer.ownedShardIds, share(2)) ?? true,
      );
      const foreign = new Set(share(1));
      const before = fleet.collector.deliveries.filter((each) => foreign.has(each.shardId)).length;
      await fleet.put(600);
      const ours = fleet.putResults.filter((each) => !foreign.has(each.shardId));
      await fleet.collector.all(ours);
      await clock.sleep(500);
      const read = fleet.collector.deliveries.filter((each) => foreign.has(each.shardId)).length;
      assert.equal(read, before, "records of the Go client's shards were read");
      assert.ok(put.some((each) => foreign.has(each.shardId)));
      assert.ok(await fleet.row("clients", "b"), "the Go client's row was removed");
      assert.deepEqual(fleet.collector.duplicates(), []);
    });
  });

  it("follows a Go leader: shard i of its cache belongs to client i mod n", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 5 }, async (fleet) => {
      const shards = (await environment.streams.shards(fleet.streamName)).map((e) => e.shardId);
      await fleet.writeRow("clients", "0-go", goRow("go", 1_000));
      await fleet.writeRow("metadata", "Leader", { ID: { S: "0-go" }, ...goRow("go", 1_000) });
      await fleet.writeRow("metadata", "ShardCache", {
        ShardIDs: { L: shards.sort().map((S) => ({ S })) },
        ...updateAttributes(nextUpdate(clock.nowMs())),
      });
      const client = await fleet.join({ options: { clientId: "1-ours" } });
      await fleet.put(500);
      await eventually(
        "it has its share",
        () => assert.deepEqual(client.kinsumer.ownedShardIds, [shards[1], shards[3]]) ?? true,
      );
      const isMine = (shardId: string) => shardId === shards[1] || shardId === shards[3];
      await fleet.collector.all(fleet.putResults.filter((each) => isMine(each.shardId)));
      assert.ok(fleet.collector.deliveries.every((each) => isMine(each.shardId)));
      assert.equal(client.kinsumer.isLeader, false);
      assert.equal(await fleet.leaderId(), "0-go");
    });
  });
});
