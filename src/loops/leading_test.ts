// The contract: a calm fleet asks DynamoDB for little, because the leader's heartbeats say that it
// leads; and yet a leader that dies, hangs or cannot look is succeeded in time, and one that was
// succeeded writes nothing as leader.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet, type SimulatedFleet } from "../../testing/simulation/fleet.ts";

const MINUTE_MS = 60_000;

function leadUpdates(fleet: SimulatedFleet, forMs: number): Promise<number> {
  return countChanges(fleet, forMs, () => fleet.tables.leader()?.lastUpdate);
}

async function countChanges(
  fleet: SimulatedFleet,
  forMs: number,
  read: () => string | undefined,
): Promise<number> {
  let changes = 0;
  let last = read();
  for (let passedMs = 0; passedMs < forMs; passedMs += 100) {
    await fleet.clock.advance(100);
    if (read() !== last) changes++;
    last = read();
  }
  return changes;
}

function beatOfGo(fleet: SimulatedFleet): void {
  fleet.tables.put("clients", {
    ID: { S: "z-go" },
    Name: { S: "go" },
    LastUpdate: { N: `${fleet.clock.clock.nowMs()}000000` },
    LastUpdateRFC: { S: "-" },
  });
}

describe("the lead of a calm fleet", () => {
  it("costs less than one request a second and client, with two clients or with three", async () => {
    for (const names of [["a", "b"], ["a", "b", "c"]]) {
      const fleet = createSimulatedFleet({ seed: 31, shards: 8 });
      let requests = 0;
      const dynamodb = { intercept: () => void requests++ };
      for (const name of names) await fleet.start(name, { dynamodb });
      await fleet.clock.advance(MINUTE_MS);
      requests = 0;
      await fleet.clock.advance(5 * MINUTE_MS);
      const rate = requests / names.length / (5 * 60);
      assert.ok(rate <= 0.96, `${rate} requests a second and client`);
    }
  });

  it("passes on within twenty seconds when the leader dies, however long its record is unrenewed", async () => {
    for (const calmMs of [20_000, 21_500, 23_000, 24_500, 26_000, 47_000]) {
      const fleet = createSimulatedFleet({ seed: calmMs, shards: 4 });
      const a = await fleet.start("a");
      const b = await fleet.start("b");
      await fleet.clock.advance(calmMs);
      assert.equal(a.kinsumer.isLeader, true, "the lowest ID leads");
      a.crash();
      await fleet.clock.runUntil(() => b.kinsumer.ownedShardIds.length === 4, 19_500);
      assert.equal(b.kinsumer.isLeader, true, "the survivor leads");
    }
  });

  it("notices a dead follower within fifteen seconds, however calm it was", async () => {
    for (const calmMs of [20_000, 21_500, 23_000, 24_500, 26_000]) {
      const fleet = createSimulatedFleet({ seed: calmMs, shards: 4 });
      const a = await fleet.start("a");
      const b = await fleet.start("b");
      await fleet.clock.advance(calmMs);
      b.crash();
      await fleet.clock.runUntil(() => a.kinsumer.ownedShardIds.length === 4, 15_000);
    }
  });

  it("passes on within twenty seconds when the leader and the next in line die at once", async () => {
    for (const calmMs of [20_000, 22_000, 24_000, 26_000, 28_000]) {
      const fleet = createSimulatedFleet({ seed: calmMs, shards: 6 });
      const dying = [await fleet.start("a"), await fleet.start("b")];
      const c = await fleet.start("c");
      await fleet.clock.advance(calmMs);
      for (const each of dying) each.crash();
      await fleet.clock.runUntil(() => c.kinsumer.ownedShardIds.length === 6, 19_500);
    }
  });

  it("is renewed twice a minute, and with each look while a Go client is there", async () => {
    const fleet = createSimulatedFleet({ seed: 32, shards: 2 });
    await fleet.start("a");
    await fleet.start("b");
    await fleet.clock.advance(20_000);
    const calm = await leadUpdates(fleet, 3 * MINUTE_MS);
    assert.ok(calm >= 5 && calm <= 7, `${calm} renewals in three minutes`);
    beatOfGo(fleet);
    const mixed = await leadUpdates(fleet, MINUTE_MS);
    assert.ok(mixed >= 15, `${mixed} renewals in a minute beside a Go client`);
  });

  it("puts the published list right again beside a Go client, whoever wrote it late", async () => {
    const fleet = createSimulatedFleet({ seed: 35, shards: 3 });
    await fleet.start("a");
    await fleet.clock.advance(20_000);
    beatOfGo(fleet);
    await fleet.clock.advance(10_000);
    const published = () => fleet.tables.shardCache()?.shardIds.length;
    assert.equal(published(), 3);
    const LastUpdate = { N: `${fleet.clock.clock.nowMs()}000000` };
    const ShardIDs = { L: [{ S: "shardId-000000000000" }] };
    fleet.tables.put("metadata", { Key: { S: "ShardCache" }, ShardIDs, LastUpdate });
    assert.equal(published(), 1);
    await fleet.clock.runUntil(() => published() === 3, 65_000);
  });

  it("is given up in the heartbeats of a leader that cannot look at the fleet, and passes on", async () => {
    const fleet = createSimulatedFleet({ seed: 33, shards: 4 });
    let isRefusing = false;
    const intercept = (operation: string) => {
      if (isRefusing && operation === "Scan") throw new TypeError("fetch failed");
    };
    await fleet.start("a", { dynamodb: { intercept } });
    const b = await fleet.start("b");
    await fleet.clock.advance(20_000);
    const saysSo = () =>
      fleet.tables.clientRows().find(({ clientId }) => clientId === "a")?.ledClientCount;
    assert.equal(saysSo(), 2, "the leader's row says that it leads");
    isRefusing = true;
    await fleet.clock.runUntil(() => saysSo() === undefined, 10_000);
    await fleet.clock.runUntil(() => b.kinsumer.isLeader, 12_000);
  });

  it("is not taken for its own by a leader that hung, until it has won it again", async () => {
    const fleet = createSimulatedFleet({ seed: 34, shards: 4 });
    const a = await fleet.start("a");
    const b = await fleet.start("b");
    await fleet.clock.advance(20_000);
    a.machine.pause();
    await fleet.clock.runUntil(() => b.kinsumer.isLeader, 20_000);
    const told = a.events.length;
    a.machine.resume();
    await fleet.clock.runUntil(() => !b.kinsumer.isLeader && a.kinsumer.isLeader, 30_000);
    const since = a.events.slice(told).map(({ type }) => type);
    const lost = since.indexOf("leader-lost");
    assert.ok(lost >= 0, `it has not noticed: ${since.join(", ")}`);
    const early = since.slice(0, lost).filter((type) =>
      type === "rebalanced" || type === "client-left"
    );
    assert.deepEqual(early, [], "it acted as leader before it had noticed");
    fleet.put(100);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 30_000);
    assert.deepEqual(fleet.account.violations, []);
  });

  it("is not taken for its own by a leader whose heartbeats failed, though its looks did not", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const fleet = createSimulatedFleet({ seed, shards: 4 });
      let isRefusing = false;
      const intercept = (operation: string) => {
        if (isRefusing && operation === "UpdateItem") throw new TypeError("fetch failed");
      };
      const a = await fleet.start("a", { dynamodb: { intercept } });
      const b = await fleet.start("b");
      await fleet.clock.advance(20_000 + 300 * seed);
      isRefusing = true;
      await fleet.clock.runUntil(() => b.kinsumer.isLeader, 20_000);
      isRefusing = false;
      const told = a.events.length;
      await fleet.clock.runUntil(() => !b.kinsumer.isLeader && a.kinsumer.isLeader, 30_000);
      const since = a.events.slice(told).map(({ type }) => type);
      const early = since.slice(0, since.lastIndexOf("leader-won")).filter((type) =>
        type === "rebalanced" || type === "client-left"
      );
      assert.deepEqual(early, [], `seed ${seed}: ${since.join(", ")}`);
    }
  });
});
