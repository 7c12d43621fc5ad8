/**
 * Contract: `stop()` always resolves within its deadline, with checkpoints committed and shards
 * released, and leaves nothing behind: no row, no timer, no request. What follows goes on exactly
 * where it ended.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { Fleet, textOf } from "../testing/fleet.ts";
import type { SentRequest } from "../testing/network.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
/** How much later than its deadline a stop may resolve on a busy machine. */
const SLACK_MS = 400;
const NEVER = new Promise<void>(() => {});

let environment: TestEnvironment;

describe("stop()", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    "leaves every checkpoint at the last processed record, unowned, and no client",
    LIMIT,
    async () => {
      await Fleet.with(environment, { shardCount: 5 }, async (fleet) => {
        const clients = [await fleet.join(), await fleet.join(), await fleet.join()];
        await fleet.balanced(clients, 5);
        await fleet.put(1_000);
        await fleet.allCollected();
        await Promise.all(clients.map(({ kinsumer }) => kinsumer.stop()));
        await Promise.all(clients.map(({ consuming }) => consuming));
        assert.equal((await fleet.rows("checkpoints")).length, 5);
        await fleet.assertSettled();
        assert.ok(fleet.events("stopped").every(({ isClean }) => isClean));
        assert.equal(fleet.events("stopped").length, 3);
        fleet.collector.assertExactlyOnce(fleet.putResults);
      });
    },
  );

  it("lets the next go on where it ended: 3 rounds under load, no duplicate", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      const endLoad = fleet.putContinuously(60);
      for (let round = 1; round <= 3; round++) {
        const clients = [await fleet.join(), await fleet.join()];
        const before = fleet.collector.distinctCount;
        await eventually("some records come", () => fleet.collector.distinctCount > before + 300);
        await Promise.all(clients.map(({ kinsumer }) => kinsumer.stop()));
        await Promise.all(clients.map(({ consuming }) => consuming));
        assert.deepEqual(fleet.collector.duplicates(), [], `round ${round}`);
        await fleet.assertSettled();
      }
      await endLoad();
      await fleet.join();
      await fleet.allCollected();
      fleet.collector.assertExactlyOnce(fleet.putResults);
    });
  });

  it(
    "resolves within its deadline while a record is held for ever, which comes again",
    LIMIT,
    async () => {
      await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
        const { kinsumer } = await fleet.join({ work: () => NEVER });
        await fleet.put(100);
        const held = await eventually("a record is held", () => fleet.collector.deliveries[0]);
        const atMs = clock.monotonicMs();
        const first = kinsumer.stop({ deadlineMs: 1_500 });
        assert.equal(kinsumer.stop(), first, "a second call waits for the first");
        await first;
        const tookMs = clock.monotonicMs() - atMs;
        assert.ok(tookMs <= 1_500 + SLACK_MS, `it took ${tookMs} ms`);
        assert.deepEqual(await fleet.rows("clients"), []);
        const released = fleet.events("shard-released");
        assert.deepEqual(
          released.map(({ shardId, isClean }) => [shardId, isClean]).sort(),
          ["shardId-000000000000", "shardId-000000000001"].map((id) => [id, id !== held.shardId]),
        );
        await fleet.join();
        await fleet.allCollected();
        assert.equal(fleet.collector.timesOf(held), 2);
        assert.equal(fleet.collector.duplicates().length, 1);
      });
    },
  );

  it("resolves within its deadline although nothing is answered any more", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const { kinsumer, network, consuming } = await fleet.join();
      await fleet.put(100);
      await fleet.allCollected();
      network.cut("silent");
      const atMs = clock.monotonicMs();
      await kinsumer.stop({ deadlineMs: 500 });
      const tookMs = clock.monotonicMs() - atMs;
      assert.ok(tookMs <= 500 + SLACK_MS, `it took ${tookMs} ms`);
      await consuming;
      assert.equal(network.inFlightCount, 0);
      assert.equal(fleet.events("stopped")[0]?.isClean, false);
    });
  });

  it("hands over nothing more, and ends every iterator", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer } = fleet.create();
      await kinsumer.run();
      await fleet.put(10);
      const record = await kinsumer.next();
      assert.ok(record);
      const stopping = kinsumer.stop();
      const records: unknown[] = [];
      for await (const each of kinsumer) records.push(each);
      for await (const each of kinsumer.batches()) records.push(each);
      assert.deepEqual(records, []);
      assert.equal(await kinsumer.next(), undefined); // acknowledges what next() returned before
      await stopping;
      const row = await fleet.row("checkpoints", record.shardId);
      assert.equal(textOf(row?.["SequenceNumber"]), record.sequenceNumber);
      assert.equal(record.signal.aborted, false, "an orderly stop is no loss");
    });
  });

  it("does not wait for a record that the loop was left with", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer } = fleet.create();
      await kinsumer.run();
      const put = await fleet.put(5);
      let stopping = Promise.resolve();
      const atMs = clock.monotonicMs();
      for await (const record of kinsumer) {
        if (record.sequenceNumber !== put[2]!.sequenceNumber) continue;
        stopping = kinsumer.stop({ deadlineMs: 20_000 });
        break;
      }
      await stopping;
      assert.ok(clock.monotonicMs() - atMs < 10_000, "it waited for its deadline");
      const row = await fleet.row("checkpoints", put[0]!.shardId);
      assert.equal(textOf(row?.["SequenceNumber"]), put[1]!.sequenceNumber);
    });
  });

  it("before run() resolves at once, and run() is refused afterwards", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer, network } = fleet.create();
      await kinsumer.stop();
      assert.equal(network.count(), 0);
      await assert.rejects(kinsumer.run(), { name: "KinsumerError", code: "AlreadyRunning" });
      assert.equal(await kinsumer.next(), undefined);
      await kinsumer.stop();
    });
  });

  it("during run() calls it off", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer, network } = fleet.create();
      const running = kinsumer.run();
      const refused = assert.rejects(running, { name: "KinsumerError", code: "NotRunning" });
      await kinsumer.stop();
      await refused;
      assert.equal(network.inFlightCount, 0);
      assert.deepEqual(await fleet.rows("clients"), []);
      await assert.rejects(kinsumer.run(), { code: "AlreadyRunning" });
    });
  });

  it("during run() leaves no row, even when the registration is under way", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer, network } = fleet.create();
      let letGo = () => {};
      const held = new Promise<void>((resolve) => letGo = resolve);
      const isRegistration = ({ operation }: SentRequest) => operation === "UpdateItem";
      network.holdAnswer = (request) => isRegistration(request) ? held : undefined;
      const running = kinsumer.run().catch(() => {});
      await eventually("it registers", async () => (await fleet.rows("clients")).length === 1);
      const stopping = kinsumer.stop();
      letGo();
      await Promise.all([running, stopping]);
      assert.deepEqual(await fleet.rows("clients"), [], "a row of nobody is left");
    });
  });

  it("is what Symbol.asyncDispose does", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer } = await fleet.join();
      await fleet.put(20);
      await fleet.allCollected();
      await kinsumer[Symbol.asyncDispose]();
      assert.equal(await kinsumer.next(), undefined);
      await fleet.assertSettled();
    });
  });

  it("refuses a deadline that is not allowed", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, (fleet) => {
      const { kinsumer } = fleet.create();
      for (const deadlineMs of [-1, Number.NaN, 3_600_001]) {
        assert.throws(() => kinsumer.stop({ deadlineMs }), RangeError, String(deadlineMs));
      }
      return Promise.resolve();
    });
  });

  it("leaves no timer and no request, and sends nothing afterwards", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      const clients = [await fleet.join(), await fleet.join()];
      await fleet.balanced(clients, 4);
      await fleet.put(200);
      await fleet.allCollected();
      assert.ok(clients.every(({ network }) => network.timerCount > 0), "timers go unseen");
      await Promise.all(clients.map(({ kinsumer }) => kinsumer.stop()));
      await clock.sleep(0);
      for (const { network } of clients) {
        assert.equal(network.timerCount, 0, "timers are left");
        assert.equal(network.inFlightCount, 0, "requests are left");
      }
      const sent = clients.map(({ network }) => network.count());
      await clock.sleep(500);
      assert.deepEqual(clients.map(({ network }) => network.count()), sent);
    });
  });
});
