/**
 * The contract P1 to P8 where nobody stays: visits that come and go on a schedule, several at once,
 * some of them killed, beside reshards, lost answers and skewed clocks, by seed; every second one is
 * made of the door for isolates. And for a fleet that
 * stays: checkpoints that lead nowhere, and starts by shard across a reshard.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet } from "../testing/simulation/fleet.ts";
import { playSchedule, startRun } from "../testing/simulation/schedule.ts";
import { runOnce as runOnceAtEdge } from "./edge/mod.ts";
import { KinsumerError } from "./errors.ts";
import type { KinsumerOptions } from "./options.ts";
import { runOnce } from "./run_once.ts";

const SEEDS = 60;

describe("visits, by seed", () => {
  it(
    `lose nothing and keep the order, killed or not: ${SEEDS} seeds`,
    { timeout: 120_000 },
    async () => {
      for (let seed = 1; seed <= SEEDS; seed++) await playSchedule(seed, [runOnce, runOnceAtEdge]);
    },
  );

  it("leave nothing behind, and repeat nothing, where nobody is killed", async () => {
    const fleet = createSimulatedFleet({ seed: 7, shards: 6 });
    fleet.put(600);
    const all = [1, 2, 3].map((seed) =>
      startRun(fleet, `v${seed}`, {
        runOnce: seed !== 2 ? runOnceAtEdge : runOnce,
        seed: 0,
        budgetMs: 60_000,
        handlerMs: 3,
      })
    );
    await fleet.clock.runUntil(() => all.every((each) => each.isOver()), 120_000);
    const results = await Promise.all(all.map(({ result }) => result));
    assert.equal(results.reduce((sum, { records }) => sum + records, 0), 600);
    assert.deepEqual(fleet.account.violations, []);
    assert.deepEqual(fleet.account.duplicates(), []);
    assert.deepEqual(fleet.tables.clientRows(), []);
    const owners = fleet.tables.checkpoints().map(({ ownerId }) => ownerId);
    assert.deepEqual(owners, Array(6).fill(undefined), "a shard was not released");
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the runs");
  });

  for (const [where, door] of [["", runOnce], [" at the edge", runOnceAtEdge]] as const) {
    it(`hands nothing over after a hang${where}: others may have the shard`, async () => {
      const fleet = createSimulatedFleet({ seed: 11, shards: 1 });
      fleet.put(100);
      let count = 0;
      const facts = { seed: 1, budgetMs: 600_000, handlerMs: 200, runOnce: door };
      const hung = startRun(fleet, "hung", { ...facts, onRecord: () => count++ });
      hung.result.catch(() => {});
      fleet.account.excuse("hung");
      await fleet.clock.runUntil(() => count > 10, 20_000);
      hung.pause();
      const handedOver = count;
      await fleet.clock.advance(20_000);
      const next = startRun(fleet, "next", { runOnce, seed: 2, budgetMs: 120_000, handlerMs: 1 });
      await fleet.clock.runUntil(() => next.isOver() && fleet.account.isComplete, 120_000);
      hung.resume();
      await fleet.clock.advance(30_000);
      assert.equal(count, handedOver);
      assert.deepEqual(fleet.account.violations, []);
    });
  }

  it("gives way to nobody and takes nothing from a fleet that stays", async () => {
    const fleet = createSimulatedFleet({ seed: 8, shards: 4 });
    const [a, b] = [await fleet.start("a"), await fleet.start("b")];
    await fleet.clock.advance(20_000);
    fleet.put(200);
    const one = startRun(fleet, "v", { runOnce, seed: 1, budgetMs: 20_000, handlerMs: 0 });
    await fleet.clock.runUntil(() => one.isOver() && fleet.account.isComplete, 60_000);
    assert.equal((await one.result).records, 0);
    const moves = [a, b].flatMap(({ events }) => events).filter(({ type }) =>
      type === "shard-lost"
    );
    assert.deepEqual(moves, []);
    assert.deepEqual(fleet.account.violations, []);
    assert.deepEqual(fleet.account.duplicates(), []);
  });
});

describe("a checkpoint that leads nowhere, simulated", () => {
  /** Consumes a part of a shard, and lets the retention take the next part. */
  async function trimmed(policy: NonNullable<KinsumerOptions["onInvalidCheckpoint"]>) {
    const fleet = createSimulatedFleet({ seed: 9, shards: 2 });
    fleet.put(40, "shardId-000000000000");
    fleet.put(40, "shardId-000000000001");
    const first = await fleet.start("a");
    await fleet.clock.runUntil(() => fleet.account.isComplete, 20_000);
    await fleet.stop(first);
    fleet.put(40, "shardId-000000000000");
    const records = fleet.stream.records("shardId-000000000000");
    fleet.stream.trim("shardId-000000000000", records[59]!.sequenceNumber);
    fleet.put(10, "shardId-000000000001");
    const second = await fleet.start("b", {
      options: { onInvalidCheckpoint: policy },
      consume: async (kinsumer) => {
        for (;;) {
          try {
            for await (const record of kinsumer) seen.push(record.shardId);
            return;
          } catch (error) {
            assert.ok(error instanceof KinsumerError && error.code === "InvalidCheckpoint");
            refused++;
          }
        }
      },
    });
    const seen: string[] = [];
    let refused = 0;
    await fleet.clock.advance(30_000);
    const of = (shardId: string) => seen.filter((each) => each === shardId).length;
    const events = second.events.filter(({ type }) => type === "checkpoint-invalid");
    return { refused, events, bad: of("shardId-000000000000"), good: of("shardId-000000000001") };
  }

  it("is told once, and only that shard waits, by the policy fail", async () => {
    const { refused, events, bad, good } = await trimmed("fail");
    assert.deepEqual({ refused, bad, good, told: events.length }, {
      refused: 1,
      bad: 0,
      good: 10,
      told: 1,
    });
  });

  it("is read on from what is left by the policy horizon, from now on by latest", async () => {
    const horizon = await trimmed("horizon");
    assert.deepEqual([horizon.refused, horizon.bad, horizon.good], [0, 20, 10]);
    const latest = await trimmed("latest");
    assert.deepEqual([latest.refused, latest.bad, latest.good], [0, 0, 10]);
    assert.equal(horizon.events.length + latest.events.length, 2);
  });
});

describe("starts by shard, simulated", () => {
  it("lose nothing of what follows a named place, across a split, a merge and a crash", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const fleet = createSimulatedFleet({ seed, shards: 2 });
      const parent = "shardId-000000000000";
      fleet.put(20, parent);
      const skipped = fleet.stream.records(parent).slice(0, 10);
      const [left, right] = fleet.stream.split(parent);
      fleet.put(20, left);
      fleet.put(20, right);
      const merged = fleet.stream.merge(left, right);
      fleet.put(20, merged);
      await fleet.clock.advance(5_000);
      const startAt = {
        [parent]: { after: skipped[9]!.sequenceNumber },
        others: "latest",
      } as const;
      const seen = new Set<string>();
      const consume: NonNullable<Parameters<typeof fleet.start>[1]>["consume"] = async (
        kinsumer,
        machine,
      ) => {
        for await (const { shardId, sequenceNumber } of kinsumer) {
          await machine.clock.sleep(20);
          seen.add(`${shardId} ${sequenceNumber}`);
        }
      };
      const victim = await fleet.start("a", { options: { startAt }, consume });
      await fleet.clock.advance(200 + seed * 150);
      victim.crash();
      await fleet.start("b", { options: { startAt }, consume });
      await fleet.clock.advance(60_000);
      const wanted = [parent, left, right, merged].flatMap((shardId) =>
        fleet.stream.records(shardId).map((each) => `${shardId} ${each.sequenceNumber}`)
      ).slice(10);
      const missing = wanted.filter((each) => !seen.has(each));
      assert.deepEqual(missing, [], `seed ${seed}`);
      assert.equal(seen.size, wanted.length, `seed ${seed}: more than was asked for`);
    }
  });
});
