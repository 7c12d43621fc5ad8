/**
 * Contract: one run takes what is free, consumes it, and leaves nothing behind; several share the
 * shards; a killed one loses nothing, and holds nothing up for longer than its time to live, however
 * short the runs after it are. The bounds of time and of requests are kept.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS, Fleet } from "../testing/fleet.ts";
import { Network } from "../testing/network.ts";
import type { KinsumerOptions } from "./options.ts";
import type { RunOnceHandler, RunOnceOptions } from "./run_options.ts";
import { runOnce } from "./run_once.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
const SHARD = "shardId-000000000000";
/** Far more than any of these runs takes on a busy machine. */
const PATIENT = { budgetMs: 30_000 };

let environment: TestEnvironment;
let runs = 0;

interface Running {
  readonly network: Network;
  readonly result: ReturnType<typeof runOnce>;
}

/** Runs once, and notes each record with the fleet's account. */
function start(
  fleet: Fleet,
  run: RunOnceOptions = PATIENT,
  { handler, options }: {
    readonly handler?: RunOnceHandler;
    readonly options?: Partial<KinsumerOptions>;
  } = {},
): Running {
  const network = new Network();
  const clientId = `run-${++runs}`;
  const all = {
    ...environment.clientOptions(),
    ...FAST_OPTIONS,
    streamName: fleet.streamName,
    applicationName: fleet.applicationName,
    onEvent: (event: Parameters<NonNullable<KinsumerOptions["onEvent"]>>[0]) =>
      void fleet.log.push({ clientId, event }),
    ...options,
    clientId,
    runtime: network.runtime,
  };
  const result = runOnce(all, async (record, context) => {
    await handler?.(record, context);
    fleet.collector.add(record, clientId);
  }, run);
  result.catch(() => {}); // whoever awaits it sees it
  return { network, result };
}

const once = (...args: Parameters<typeof start>) => start(...args).result;

describe("runOnce()", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it("consumes all there is, commits, releases and leaves", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      await fleet.put(200);
      const { network, result: running } = start(fleet);
      const result = await running;
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.equal(result.reason, "caughtUp");
      assert.equal(result.records, 200);
      assert.equal(result.isCaughtUp, true);
      assert.equal(result.isClean, true);
      assert.deepEqual(result.heldShardIds, []);
      assert.equal(result.requests, network.count());
      assert.deepEqual(result.shards.map(({ state }) => state), Array(4).fill("caughtUp"));
      const last = fleet.collector.lastByShard();
      for (const { shardId, sequenceNumber, lagMs } of result.shards) {
        assert.equal(sequenceNumber, last.get(shardId));
        assert.equal(lagMs, 0);
      }
      assert.equal(network.timerCount, 0, "a timer runs on");
      await fleet.assertSettled();
      await fleet.put(100);
      assert.equal((await once(fleet)).records, 100);
      fleet.collector.assertExactlyOnce(fleet.putResults);
    });
  });

  it("costs 21 requests where four shards have nothing new", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      await fleet.put(20);
      await once(fleet);
      // A local server that does not take CBOR is asked twice at first.
      const options = { wire: "json" } as const;
      const { network, result } = start(fleet, { ...PATIENT, maxRequests: 50 }, { options });
      assert.equal((await result).records, 0);
      assert.deepEqual(Object.fromEntries(network.counts()), {
        BatchGetItem: 1,
        DeleteItem: 1,
        GetRecords: 4,
        GetShardIterator: 4,
        ListShards: 1,
        Scan: 1,
        UpdateItem: 9,
      });
    });
  });

  it("goes on with the children of a split, in order", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      await fleet.put(60);
      await environment.streams.split(fleet.streamName, SHARD);
      await fleet.put(60);
      const result = await once(fleet);
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.equal(result.isCaughtUp, true);
      const states = result.shards.map(({ state }) => state);
      assert.deepEqual(states, ["finished", "caughtUp", "caughtUp", "caughtUp"]);
    });
  });

  it("shares the shards among several at once, each record once", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 8 }, async (fleet) => {
      await fleet.put(400);
      const all = await Promise.all(
        [1, 2, 3].map(() => once(fleet, PATIENT, { handler: () => clock.sleep(2) })),
      );
      await once(fleet);
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.equal(all.reduce((sum, { records }) => sum + records, 0) <= 400, true);
      await fleet.assertSettled();
    });
  });

  it("leaves a fleet that stays alone", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      const { kinsumer } = await fleet.join();
      await eventually("all are owned", () => kinsumer.ownedShardIds.length === 4, 10_000);
      await fleet.put(100);
      const from = fleet.log.length;
      const result = await once(fleet);
      await fleet.allCollected();
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.equal(result.records, 0);
      assert.deepEqual(result.heldShardIds.length, 4);
      assert.equal(result.isCaughtUp, true);
      assert.deepEqual(fleet.events("shard-released", from), []);
      assert.deepEqual(fleet.events("rebalanced", from), []);
    });
  });

  it("loses nothing where a run is killed, and its shards are taken over", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      await fleet.put(200);
      const victim = start(fleet, { budgetMs: 6_000 }, { handler: () => clock.sleep(10) });
      await eventually("it has begun", () => fleet.collector.deliveries.length > 20, 10_000);
      victim.network.cut("silent");
      const heir = await once(fleet, PATIENT);
      await fleet.collector.all(fleet.putResults);
      assert.equal(heir.isCaughtUp, true);
      assert.equal(heir.heldShardIds.length, 0);
      await victim.result.catch(() => {});
      assert.deepEqual((await fleet.rows("clients")).length, 0, "the dead one's row stayed");
    });
  });

  it("takes over by runs that are shorter than the dead one's time to live", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(100);
      const options = { clientRecordMaxAgeMs: 4_000 };
      const slow = { handler: () => clock.sleep(20), options };
      const victim = start(fleet, { budgetMs: 8_000 }, slow);
      await eventually("it has begun", () => fleet.collector.deliveries.length > 5, 10_000);
      victim.network.cut("silent");
      let count = 0;
      for (let isThrough = false; !isThrough && count < 12; count++) {
        isThrough = (await once(fleet, { budgetMs: 1_200 }, { options })).isCaughtUp;
      }
      await fleet.collector.all(fleet.putResults);
      assert.ok(count >= 4, `only ${count} runs: somebody was not waited for`);
      await victim.result.catch(() => {});
    });
  });

  it("takes free shards at once, although a dead one's row is there", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 3 }, async (fleet) => {
      await fleet.put(60);
      for (const ID of ["dead-1", "dead-2"]) {
        await fleet.writeRow("clients", ID, {
          LastUpdate: { N: "1700000000000000000" },
          MaxAgeMs: { N: "3600000" },
          Leaving: { BOOL: true },
        });
      }
      const result = await once(fleet, { budgetMs: 8_000 });
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.equal(result.reason, "caughtUp");
    });
  });

  it("stops in order when the time is up, and the next run goes on", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      await fleet.put(300);
      const slow = { handler: () => clock.sleep(10) };
      const first = await once(fleet, { budgetMs: 1_500 }, slow);
      assert.equal(first.reason, "budget");
      assert.equal(first.isCaughtUp, false);
      assert.equal(first.isClean, true);
      assert.ok(first.records > 0 && first.records < 300, `${first.records} records`);
      await once(fleet);
      fleet.collector.assertExactlyOnce(fleet.putResults);
      await fleet.assertSettled();
    });
  });

  it("stops in order before it has made as many requests as it may", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 12 }, async (fleet) => {
      await fleet.put(240);
      const options = { readLimit: 5, commitIntervalMs: 5_000 };
      let count = 0;
      for (let isThrough = false; !isThrough && count < 20; count++) {
        const { network, result } = start(fleet, { ...PATIENT, maxRequests: 50 }, { options });
        const { isCaughtUp, isClean, reason, requests } = await result;
        assert.ok(requests <= 50 && network.count() <= 50, `${network.count()} requests`);
        assert.equal(isClean, true);
        assert.ok(isCaughtUp || reason === "requests", reason);
        isThrough = isCaughtUp;
      }
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.ok(count > 1, "there was no need to stop");
      await fleet.assertSettled();
    });
  });

  it("comes to all shards in turn where it can afford a few at a time", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 18 }, async (fleet) => {
      const seen = new Set<string>();
      for (let count = 0; count < 3; count++) {
        const { shards } = await once(fleet, { ...PATIENT, maxRequests: 50 });
        for (const { shardId } of shards) seen.add(shardId);
        assert.ok(shards.length < 18, "it could afford them all");
      }
      assert.equal(seen.size, 18, "three runs that can afford seven left a shard out");
    });
  });

  it("keeps the bound where checkpoints and beats would use it up", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      await fleet.put(200);
      const options = {
        commitIntervalMs: 10,
        shardCheckIntervalMs: 50,
        clientRecordMaxAgeMs: 1_000,
      };
      let count = 0;
      for (let isThrough = false; !isThrough && count < 40; count++) {
        const run = { ...PATIENT, maxRequests: 40, process: {} };
        const handler = () => clock.sleep(10);
        const { network, result } = start(fleet, run, { handler, options });
        const { isCaughtUp, isClean, reason, records } = await result;
        const told = `run ${count}: ${reason}, ${records} records, ${network.count()} requests`;
        assert.ok(network.count() <= 40, told);
        assert.ok(isClean, `${told}: not clean`);
        isThrough = isCaughtUp;
      }
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.ok(count > 1, "there was no need to stop");
      await fleet.assertSettled();
    });
  });

  it("stops in order when its signal aborts", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(100);
      const giveUp = new AbortController();
      const handler: RunOnceHandler = () => {
        if (fleet.collector.deliveries.length === 30) giveUp.abort();
        return clock.sleep(5);
      };
      const result = await once(fleet, { ...PATIENT, signal: giveUp.signal }, { handler });
      assert.equal(result.reason, "signal");
      await once(fleet);
      fleet.collector.assertExactlyOnce(fleet.putResults);
    });
  });

  it("rejects with what the handler throws, and that record comes again", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(50);
      const handler: RunOnceHandler = () => {
        if (fleet.collector.deliveries.length === 20) throw new Error("the sink is full");
      };
      await assert.rejects(once(fleet, PATIENT, { handler }), /the sink is full/);
      await once(fleet);
      fleet.collector.assertExactlyOnce(fleet.putResults);
      await fleet.assertSettled();
    });
  });

  it("treats failures by the policy of process(), shards side by side", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      const put = await fleet.put(80);
      const bad = put[10]!;
      let mostAtOnce = 0;
      let atOnce = 0;
      const handler: RunOnceHandler = async ({ shardId, sequenceNumber }) => {
        mostAtOnce = Math.max(mostAtOnce, ++atOnce);
        await clock.sleep(5);
        atOnce--;
        const isBad = shardId === bad.shardId && sequenceNumber === bad.sequenceNumber;
        if (isBad) throw new Error("poison");
      };
      const onFailure = { attempts: 2, firstDelayMs: 1, action: "skip" } as const;
      const result = await once(fleet, { ...PATIENT, process: { onFailure } }, { handler });
      assert.equal(result.reason, "caughtUp");
      assert.equal(result.isCaughtUp, true);
      fleet.collector.assertExactlyOnce(put.filter((each) => each !== bad));
      assert.ok(mostAtOnce > 1, "one shard after the other");
      assert.equal((await once(fleet)).records, 0);
      await fleet.put(20);
      const stopping = once(fleet, { ...PATIENT, process: {} }, {
        handler: () => {
          throw new Error("the sink is full");
        },
      });
      await assert.rejects(stopping, { code: "HandlerFailed" });
      assert.deepEqual(await fleet.rows("clients"), []);
    });
  });

  it("lets other shards flow beside one that it pauses, and ends behind", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const put = await fleet.put(40);
      let isBroken = true;
      const handler: RunOnceHandler = ({ shardId }) => {
        if (isBroken && shardId === SHARD) throw new Error("the sink is full");
      };
      const onFailure = { attempts: 1, action: "pauseShard" } as const;
      const result = await once(fleet, { budgetMs: 2_500, process: { onFailure } }, { handler });
      const others = put.filter(({ shardId }) => shardId !== SHARD);
      assert.ok(
        others.length > 0 && others.length < 40,
        `${others.length} of 40 in the other shard`,
      );
      fleet.collector.assertExactlyOnce(others);
      assert.deepEqual([result.reason, result.isCaughtUp], ["budget", false]);
      isBroken = false;
      await once(fleet, PATIENT, { handler });
      fleet.collector.assertExactlyOnce(put);
    });
  });

  it("rejects where it cannot start, and leaves no row behind", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const options = { streamName: environment.uniqueName("absent") };
      await assert.rejects(once(fleet, PATIENT, { options }), { code: "StreamNotFound" });
      assert.deepEqual(await fleet.rows("clients"), []);
      const other = { applicationName: environment.uniqueName("none") };
      await assert.rejects(once(fleet, PATIENT, { options: other }), { code: "TableNotFound" });
    });
  });

  it("refuses what is not allowed", LIMIT, async () => {
    const names = { streamName: "s", applicationName: "a", region: "x-1" };
    const refuse = (run: unknown, error: unknown) =>
      assert.rejects(
        runOnce(names, () => {}, run as RunOnceOptions),
        error as typeof RangeError,
      );
    await refuse({ budgetMs: 499 }, RangeError);
    await refuse({ budgetMs: "5" }, TypeError);
    await refuse({ maxRequests: 19 }, RangeError);
    await refuse({ lagMs: -1 }, RangeError);
    await refuse({ untilCaughtUp: 1 }, TypeError);
    await refuse({ budget: 1 }, TypeError);
    await assert.rejects(runOnce(names, undefined as unknown as RunOnceHandler), TypeError);
    await assert.rejects(runOnce({} as KinsumerOptions, () => {}), TypeError);
  });
});
