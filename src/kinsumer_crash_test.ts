/**
 * Contract: a client that the network has left loses its shards to the others within a stated
 * bound, stops handing records over before they begin, and takes part again once it is back. No
 * record is lost; again come only those that were handed over after the last commit.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS, Fleet, type FleetClient } from "../testing/fleet.ts";
import type { Cut } from "../testing/network.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
const MAX_AGE_MS = FAST_OPTIONS.clientRecordMaxAgeMs;
/**
 * A dead follower: its time to live, then a look, a beat and a claim. A dead leader: besides, the
 * others watch each other only from a third of its time to live on. The rest is for a busy machine.
 */
const FAIL_OVER_BOUND_MS = 2 * MAX_AGE_MS + 2_000;

let environment: TestEnvironment;

/** By shard: the last sequence number that a client is known to have committed. */
function committedBy(fleet: Fleet, clientId: string): ReadonlyMap<string, bigint> {
  return new Map(
    fleet.events("checkpointed").filter(({ by }) => by === clientId).map((
      { shardId, sequenceNumber = "-1" },
    ) => [shardId, BigInt(sequenceNumber)]),
  );
}

/** The vanished client handed nothing over after its heir's first record of that shard. */
function assertFenced(fleet: Fleet, vanished: FleetClient, cutAtMs: number): void {
  const taken = new Set<string>();
  for (const { clientId, shardId, atMs } of fleet.collector.deliveries) {
    if (atMs < cutAtMs) continue;
    if (clientId !== vanished.clientId) taken.add(shardId);
    else assert.ok(!taken.has(shardId), `${shardId} was handed over by two clients at once`);
  }
}

describe("a fleet, when a client vanishes", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  const cases: readonly { who: string; clientId: string; how: Cut }[] = [
    { who: "a follower whose requests are refused", clientId: "z", how: "refused" },
    { who: "the leader, whose requests are never answered", clientId: "a", how: "silent" },
  ];
  for (const { who, clientId, how } of cases) {
    it(`survives ${who}, and takes it back`, LIMIT, async () => {
      await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
        const signals = new Map<string, AbortSignal>();
        let isSlow = true;
        const vanished = await fleet.join({
          options: { clientId },
          work: (record) => {
            signals.set(record.shardId, record.signal);
            return isSlow ? clock.sleep(8) : undefined;
          },
        });
        const survivor = await fleet.join({ options: { clientId: "m" } });
        await fleet.balanced([vanished, survivor], 4);
        await fleet.put(3_000);
        await eventually(
          "the slow client has begun, and committed",
          () => committedBy(fleet, clientId).size > 0 && signals.size > 0,
        );

        const shardIds = vanished.kinsumer.ownedShardIds;
        const cutAtMs = clock.monotonicMs();
        const logFrom = fleet.log.length;
        vanished.network.cut(how);
        assert.equal(shardIds.length, 2);
        await eventually(
          "the survivor reads its shards",
          () => shardIds.every((id) => survivor.kinsumer.ownedShardIds.includes(id)),
          FAIL_OVER_BOUND_MS,
        );
        const lost = fleet.events("shard-lost", logFrom).filter(({ by }) => by === clientId);
        assert.deepEqual(
          lost.map((e) => [e.shardId, e.reason]).sort(),
          shardIds.map((id) => [
            id,
            "lease-expired",
          ]),
        );
        assert.ok([...signals].every(([, signal]) => signal.aborted), "a signal is not aborted");
        await fleet.allCollected();
        assertFenced(fleet, vanished, cutAtMs);
        const last = fleet.collector.deliveries.filter((each) => each.clientId === clientId).pop();
        assert.ok(last!.atMs - cutAtMs <= MAX_AGE_MS + 100, "it handed over after its lease");

        isSlow = false;
        vanished.network.mend();
        await fleet.balanced([vanished, survivor], 4);
        const committed = committedBy(fleet, clientId);
        for (const each of fleet.collector.duplicates()) {
          assert.ok(
            BigInt(each.sequenceNumber) > (committed.get(each.shardId) ?? -1n),
            `${each.shardId}: ${each.sequenceNumber} came again although it was committed`,
          );
        }
        fleet.collector.assertOrdered();
        const again = fleet.collector.duplicates().length;
        const from = fleet.collector.deliveries.length;
        await fleet.put(400);
        await fleet.allCollected();
        assert.equal(fleet.collector.duplicates().length, again, "duplicates after all was well");
        const since = fleet.collector.deliveries.slice(from);
        assert.ok(since.some((each) => each.clientId === clientId), "it takes no part");
        await Promise.all([vanished, survivor].map(({ kinsumer }) => kinsumer.stop()));
        await fleet.assertSettled();
      });
    });
  }

  it("does not count a lost shard among its own", LIMIT, async () => {
    const options = { clientRecordMaxAgeMs: 400 };
    await Fleet.with(environment, { shardCount: 2, options }, async (fleet) => {
      const client = await fleet.join();
      await fleet.put(20);
      await fleet.allCollected();
      client.network.cut("refused");
      await eventually("it has lost both", () => fleet.events("shard-lost").length === 2);
      assert.deepEqual(client.kinsumer.ownedShardIds, []);
    });
  });

  it("goes on after a short cut without losing a shard", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const client = await fleet.join();
      await fleet.put(300);
      await fleet.allCollected();
      client.network.cut("refused");
      const putting = fleet.put(300);
      await clock.sleep(MAX_AGE_MS / 4);
      client.network.mend();
      await putting;
      await fleet.allCollected();
      assert.deepEqual(fleet.events("shard-lost"), []);
      assert.ok(fleet.events("retried").length > 0);
      fleet.collector.assertExactlyOnce(fleet.putResults);
    });
  });

  it("waits out throttling and failures of the service", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const { runtime } = fleet.create().network;
      let asked = 0;
      const client = await fleet.join({
        options: {
          runtime: {
            ...runtime,
            fetch: (url, request) => {
              if (fleet.collector.distinctCount === 0 || ++asked % 3 !== 0) {
                return runtime.fetch(url, request);
              }
              const __type = "x#ProvisionedThroughputExceededException";
              return Promise.resolve(new Response(JSON.stringify({ __type }), { status: 400 }));
            },
          },
        },
      });
      for (let part = 0; part < 10; part++) {
        await fleet.put(100);
        await clock.sleep(60);
      }
      await fleet.allCollected();
      await client.kinsumer.stop();
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.deepEqual([...new Set(fleet.events("retried").map(({ error }) => error.code))], [
        "Throttled",
      ]);
      assert.deepEqual(fleet.events("failed"), []);
    });
  });

  it("fails with ClientIdInUse when another process registers under its ID", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const older = await fleet.join({ options: { clientId: "twin" } });
      await fleet.balanced([older], 2);
      const newer = await fleet.join({ options: { clientId: "twin" } });
      await assert.rejects(older.consuming, { name: "KinsumerError", code: "ClientIdInUse" });
      await assert.rejects(older.kinsumer.next(), { code: "ClientIdInUse" });
      await fleet.put(200);
      await fleet.allCollected();
      await fleet.balanced([newer], 2);
      fleet.collector.assertExactlyOnce(fleet.putResults);
    });
  });
});
