// The simulated Go client keeps Go's rules: capture by the age of the row, i mod n, checkpoints of
// what it handed over; and its doings excuse nothing of ours.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet, type SimulatedFleet } from "./fleet.ts";
import { GoClient } from "./go_client.ts";

const CHECK_MS = 1_000;

function startGo(fleet: SimulatedFleet, clientId: string, workMs = 0) {
  const machine = fleet.clock.machine();
  const errors: unknown[] = [];
  const { account, stream, tables } = fleet;
  const client = new GoClient({
    clientId,
    clock: machine.clock,
    tables,
    kinesis: stream.view({ clock: machine.clock }),
    checkIntervalMs: CHECK_MS,
    commitIntervalMs: 200,
    workMs,
    onCaptured: (shardId) => account.captured(clientId, shardId),
    onPublished: (shardIds) => account.go.published(shardIds),
    onRecord: (record) => account.deliveredToGo(clientId, record),
    onError: (error) => errors.push(error),
  });
  account.go.joined(clientId, clientId);
  const done = client.run().then(() => account.go.gone(clientId));
  const kill = () => {
    machine.pause();
    account.goKilled(clientId, clientId);
  };
  return { client, done, errors, kill };
}

function owners(fleet: SimulatedFleet): readonly (string | undefined)[] {
  return fleet.tables.checkpoints().map(({ ownerId }) => ownerId);
}

const OURS = { goShardCheckIntervalMs: CHECK_MS, idleDelayMs: 250 };

describe("GoClient", () => {
  it("leads, publishes and shares by i mod n among its own kind", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 4 });
    const [a, b] = [startGo(fleet, "a"), startGo(fleet, "b")];
    fleet.put(100);
    await fleet.clock.advance(6_000);
    assert.deepEqual(owners(fleet), ["a", "b", "a", "b"]);
    assert.equal(fleet.tables.leader()?.clientId, "a");
    assert.equal(fleet.account.isComplete, true);
    a.client.stop();
    b.client.stop();
    await fleet.clock.advance(3_000);
    assert.deepEqual(owners(fleet), [undefined, undefined, undefined, undefined]);
    assert.deepEqual([fleet.tables.clientRows(), a.errors, b.errors], [[], [], []]);
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the stop");
    assert.deepEqual([fleet.account.violations, fleet.account.duplicates()], [[], []]);
  });

  it("shares i mod n with ours, either leading, and an orderly change repeats nothing", async () => {
    for (const id of ["0-go", "z-go"]) {
      const fleet = createSimulatedFleet({ seed: 2, shards: 4, defaults: OURS });
      await fleet.start("m", { handlerMs: 5 });
      const go = startGo(fleet, id, 5);
      for (let second = 0; second < 10; second++) {
        fleet.put(20);
        await fleet.clock.advance(1_000);
      }
      const [first, second] = [id, "m"].sort();
      assert.deepEqual(owners(fleet), [first, second, first, second]);
      assert.equal(fleet.tables.leader()?.clientId, first);
      go.client.stop();
      await fleet.clock.runUntil(() => owners(fleet).every((owner) => owner === "m"), 20_000);
      await fleet.clock.runUntil(() => fleet.account.isComplete, 20_000);
      assert.deepEqual([fleet.account.violations, fleet.account.duplicates()], [[], []]);
    }
  });

  it("is taken for dead after five of its looks, not before, and loses nothing by a kill", async () => {
    const fleet = createSimulatedFleet({ seed: 3, shards: 2, defaults: OURS });
    const go = startGo(fleet, "0-go", 20);
    await fleet.start("m");
    await fleet.clock.advance(6_000);
    fleet.put(60);
    await fleet.clock.advance(600);
    go.kill();
    const fromMs = fleet.clock.clock.monotonicMs();
    await fleet.clock.runUntil(() => owners(fleet).every((owner) => owner === "m"), 30_000);
    const tookMs = fleet.clock.clock.monotonicMs() - fromMs;
    assert.ok(tookMs >= 4 * CHECK_MS, `it was taken for dead after ${tookMs} ms`);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 20_000);
    assert.deepEqual(fleet.account.violations, []);
  });

  it("takes a live shard whose owner's clock is behind, which is accounted as Go's doing", async () => {
    const fleet = createSimulatedFleet({ seed: 4, shards: 2, defaults: OURS });
    const m = await fleet.start("m", { handlerMs: 10, wallOffsetMs: -600_000 });
    await fleet.clock.advance(5_000);
    startGo(fleet, "z-go");
    fleet.put(400);
    await fleet.clock.advance(20_000);
    const lost = m.events.filter((event) => event.type === "shard-lost");
    assert.ok(lost.length > 0, "Go took no shard");
    await fleet.clock.runUntil(() => fleet.account.isComplete, 60_000);
    assert.deepEqual(fleet.account.violations, []);
    assert.ok(fleet.account.duplicates().length > 0, "nothing came twice");
  });

  it("excuses nothing of ours: a client that takes a living Go client's shard is told of", async () => {
    const fleet = createSimulatedFleet({ seed: 5, shards: 1 });
    startGo(fleet, "a-go");
    await fleet.clock.advance(3_000);
    const row = fleet.tables.items("checkpoints")[0]!;
    fleet.tables.put("checkpoints", { ...row, OwnerID: { S: "m" } });
    assert.deepEqual(fleet.account.violations.map(({ promise }) => promise), ["P4"]);
  });
});
