// Contract: a simulated world hands a consumer's records over in no time, with faults on demand;
// its time passes only while somebody waits, and not while a record is being worked on.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinsumerEvent } from "../src/events.ts";
import { Kinsumer } from "../src/kinsumer.ts";
import type { KinsumerRecord } from "../src/model.ts";
import type { KinsumerOptions } from "../src/options.ts";
import { systemRuntime } from "../src/runtime.ts";
import { type SimulatedKinesis, simulateKinesis } from "./simulated.ts";

const TIMEOUT = { timeout: 50_000 };
/** What a handler waits for that does real work. */
const realWork = (ms: number): Promise<void> => systemRuntime().clock.sleep(ms);

interface Client {
  readonly kinsumer: Kinsumer;
  readonly events: KinsumerEvent[];
}

function open(simulated: SimulatedKinesis, options: Partial<KinsumerOptions> = {}): Client {
  const events: KinsumerEvent[] = [];
  const kinsumer = new Kinsumer({
    applicationName: "billing",
    ...simulated.clientOptions(),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { kinsumer, events };
}

const texts = (records: readonly KinsumerRecord[]): string[] =>
  records.map((record) => record.text()).sort();

describe("simulateKinesis()", () => {
  it("hands over text, bytes and JSON, wherever they were put", TIMEOUT, async () => {
    const simulated = simulateKinesis({ shards: 2 });
    const { kinsumer } = open(simulated);
    const put = simulated.putRecords([
      "text",
      new TextEncoder().encode("bytes"),
      { data: "a payload of its own" },
      { data: { total: 12 }, shardId: "shardId-000000000001" },
      { data: "a", partitionKey: "ann" },
    ]);
    await kinsumer.createRequiredTables();
    const records = await simulated.consumeAll(kinsumer, { until: 5 });
    assert.deepEqual(
      texts(records),
      ["a", "bytes", "text", '{"data":"a payload of its own"}', '{"total":12}'].sort(),
    );
    assert.equal(put[3]?.shardId, "shardId-000000000001");
    const ann = records.find(({ sequenceNumber }) => sequenceNumber === put[4]?.sequenceNumber);
    assert.equal(ann?.partitionKey, "ann");
    await kinsumer.stop();
    assert.deepEqual(
      simulated.checkpoints().map(({ ownerId }) => ownerId),
      [undefined, undefined],
    );
    await kinsumer.deleteTables();
  });

  it(
    "lets a client read on after its iterators expired, and repeats nothing",
    TIMEOUT,
    async () => {
      const simulated = simulateKinesis();
      const { kinsumer } = open(simulated);
      simulated.putRecords(["before"]);
      await kinsumer.run();
      await simulated.consumeAll(kinsumer, { until: 1 });
      const iterators = simulated.fail({ operation: "GetShardIterator" });
      simulated.expireIterators();
      simulated.putRecords(["after"]);
      assert.deepEqual(texts(await simulated.consumeAll(kinsumer, { until: 1 })), ["after"]);
      assert.equal(iterators.hitCount, 1, "no new iterator was asked for");
      await kinsumer.stop();
    },
  );

  it("takes a shard away: its signal aborts, and it is delivered again", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer, events } = open(simulated);
    assert.throws(() => simulated.loseShard("shardId-000000000000"), /nobody owns it/);
    simulated.putRecords(["held"]);
    await kinsumer.run();
    const held = await kinsumer.next();
    simulated.loseShard("shardId-000000000000");
    assert.equal(simulated.checkpoints()[0]?.ownerId, "another-client");
    await simulated.advance(61_000);
    assert.equal(held?.signal.aborted, true);
    assert.ok(
      events.some((event) => event.type === "shard-lost" && event.reason === "taken"),
      "no event told the loss",
    );
    const again = await kinsumer.next();
    assert.equal(again?.text(), "held");
    assert.equal(again?.signal.aborted, false);
    again?.ack();
    await kinsumer.stop();
    assert.equal(simulated.checkpoints()[0]?.sequenceNumber, again?.sequenceNumber);
  });

  it("throttles reads, of one shard or all, as often as asked", TIMEOUT, async () => {
    const simulated = simulateKinesis({ shards: 2 });
    const { kinsumer } = open(simulated);
    const throttled = simulated.throttle({ times: 3, shardId: "shardId-000000000001" });
    simulated.putRecords([
      { data: "free", shardId: "shardId-000000000000" },
      { data: "slow", shardId: "shardId-000000000001" },
    ]);
    const records = await simulated.consumeAll(kinsumer, { until: 2 });
    assert.deepEqual(records.map((record) => record.text()), ["free", "slow"]);
    assert.equal(throttled.hitCount, 3);
    await kinsumer.stop();
  });

  it("fails what it is told to, with a code or an error", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    simulated.fail({ operation: "DescribeStream", error: "AccessDenied" });
    const { kinsumer } = open(simulated);
    await assert.rejects(kinsumer.run(), { code: "AccessDenied" });
    const error = new Error("of the test's own");
    simulated.fail({ operation: "DescribeStream", error });
    await assert.rejects(kinsumer.run(), error);
    const ended = simulated.fail({ operation: "DescribeStream", times: 5 });
    ended.end();
    await kinsumer.run();
    assert.equal(ended.hitCount, 0);
    await kinsumer.stop();
  });

  it("splits and merges shards, whose children wait for their parents", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated);
    simulated.putRecords(["1"]);
    const [left, right] = simulated.splitShard("shardId-000000000000");
    simulated.putRecords([{ data: "2", shardId: left }, { data: "2", shardId: right }]);
    const merged = simulated.mergeShards(left, right);
    simulated.putRecords([{ data: "3", shardId: merged }]);
    assert.equal(simulated.shards().length, 4);
    const records = await simulated.consumeAll(kinsumer, { until: 4 });
    assert.deepEqual(records.map((record) => record.text()), ["1", "2", "2", "3"]);
    await kinsumer.stop();
  });

  it("shares the shards among clients, and moves them when one stops", TIMEOUT, async () => {
    const simulated = simulateKinesis({ shards: 4 });
    const [one, other] = [open(simulated).kinsumer, open(simulated).kinsumer];
    assert.notEqual(one.clientId, other.clientId);
    await Promise.all([one.run(), other.run()]);
    await simulated.advance(20_000);
    assert.equal(one.ownedShardIds.length, 2);
    assert.equal(other.ownedShardIds.length, 2);
    await one.stop();
    await simulated.advance(10_000);
    assert.equal(other.ownedShardIds.length, 4);
    await other.stop();
  });

  it("refuses options out of range", () => {
    assert.throws(() => simulateKinesis({ shards: 0 }), /shards must be .* from 1 to 1000, got 0/);
    assert.throws(() => simulateKinesis({ patienceMs: -1 }), RangeError);
    const simulated = simulateKinesis();
    assert.throws(() => simulated.throttle({ times: 0 }), RangeError);
    assert.throws(() => simulated.putRecords([undefined]), TypeError);
    assert.throws(() => simulated.splitShard("shardId-000000000009"), { code: "StreamNotFound" });
  });
});

describe("consumeAll()", () => {
  it("runs a handler with each record, one after the other", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated);
    simulated.putRecords(["1", "2", "3"]);
    const seen: string[] = [];
    const handler = async (record: KinsumerRecord): Promise<void> => {
      await realWork(1);
      seen.push(record.text());
    };
    const until = (records: readonly KinsumerRecord[]): boolean => records.length === 3;
    await simulated.consumeAll(kinsumer, { until, handler });
    assert.deepEqual(seen, ["1", "2", "3"]);
    await kinsumer.stop();
  });

  it("throws what the handler throws, and that record is handed over again", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated);
    simulated.putRecords(["bad"]);
    await kinsumer.run();
    const handler = (): never => {
      throw new Error("cannot handle it");
    };
    const consumed = simulated.consumeAll(kinsumer, { until: 1, handler });
    await assert.rejects(consumed, /cannot handle it/);
    assert.deepEqual(texts(await simulated.consumeAll(kinsumer, { until: 1 })), ["bad"]);
    await kinsumer.stop();
  });

  it("leaves it to the caller to acknowledge, where told so", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated, { acknowledge: "manual" });
    simulated.putRecords(["1", "2"]);
    await kinsumer.run();
    const records = await simulated.consumeAll(kinsumer, { until: 2, isAcknowledging: false });
    await simulated.advance(5_000);
    assert.equal(simulated.checkpoints()[0]?.sequenceNumber, undefined);
    for (const record of records) record.ack();
    await kinsumer.stop();
    assert.equal(simulated.checkpoints()[0]?.sequenceNumber, records[1]?.sequenceNumber);
  });

  it("says how many records came, when no more do", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated);
    simulated.putRecords(["1"]);
    await assert.rejects(simulated.consumeAll(kinsumer, { until: 2, timeoutMs: 1_000_000 }), {
      name: "LocalKinesisError",
      code: "ConsumeTimeout",
      message: "Cannot consume 2 records within 1000000 ms: 1 came (1 of shardId-000000000000); " +
        `client "${kinsumer.clientId}" owned shardId-000000000000`,
    });
    await assert.rejects(kinsumer.run(), { code: "AlreadyRunning" }); // it is stopped
  });

  it("stops the consumer that it ran, and no other", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer, events } = open(simulated);
    simulated.putRecords(["1", "2"]);
    await kinsumer.run();
    await simulated.consumeAll(kinsumer, { until: 1 });
    assert.equal(events.at(-1)?.type === "stopped", false, "it was running before");
    await kinsumer.stop();
    const next = open(simulated);
    assert.deepEqual(texts(await simulated.consumeAll(next.kinsumer, { until: 1 })), ["2"]);
    assert.equal(next.events.at(-1)?.type, "stopped");
  });

  it("gives a record back whose handler takes too long", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    simulated.putRecords(["slow"]);
    const handler = (): Promise<void> => simulated.clock.sleep(2_000_000);
    const slow = simulated.consumeAll(open(simulated).kinsumer, { until: 1, handler });
    await assert.rejects(slow, { code: "ConsumeTimeout", message: /within 300000 ms: 1 came/ });
    const next = open(simulated).kinsumer;
    assert.deepEqual(texts(await simulated.consumeAll(next, { until: 1 })), ["slow"]);
  });
});

describe("simulated time", () => {
  it("stands still while nobody waits", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated);
    await kinsumer.run();
    await simulated.advance(1_000);
    const fromMs = simulated.clock.monotonicMs();
    await realWork(20);
    assert.equal(simulated.clock.monotonicMs(), fromMs);
    await kinsumer.stop();
  });

  it("passes at once while somebody waits for a record", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated);
    await kinsumer.run();
    const record = kinsumer.next();
    await simulated.advance(300_000);
    simulated.putRecords(["late"]);
    assert.equal((await record)?.text(), "late");
    (await record)?.ack();
    await kinsumer.stop();
  });

  it("passes until a consumer has caught up", TIMEOUT, async () => {
    const simulated = simulateKinesis({ shards: 2 });
    const { kinsumer } = open(simulated);
    simulated.putRecords(["1", "2", "3"]);
    await kinsumer.run();
    const seen: string[] = [];
    const consuming = (async () => {
      for await (const record of kinsumer) {
        await realWork(5);
        seen.push(record.text());
      }
    })();
    assert.equal(await kinsumer.caughtUp(), true);
    assert.deepEqual(seen.sort(), ["1", "2", "3"]);
    await kinsumer.stop();
    await consuming;
  });

  it(
    "passes while a handler of process() waits to be tried again, and not while it runs",
    TIMEOUT,
    async () => {
      const simulated = simulateKinesis({ patienceMs: 60_000 });
      const { kinsumer } = open(simulated);
      simulated.putRecords(["1", "2"]);
      await kinsumer.run();
      const startedMs: number[] = [];
      const processing = kinsumer.process(async (_record, { attempt }) => {
        const fromMs = simulated.clock.monotonicMs();
        startedMs.push(fromMs);
        await realWork(5);
        assert.equal(simulated.clock.monotonicMs(), fromMs);
        if (attempt < 3) throw new Error("not yet");
      }, { timeoutMs: 100 });
      assert.equal(await kinsumer.caughtUp(), true);
      await kinsumer.stop();
      const { failures, processed } = await processing;
      assert.deepEqual({ failures, processed }, { failures: 4, processed: 2 });
      assert.ok((startedMs[2] ?? 0) - (startedMs[0] ?? 0) > 200, "the policy's delays have passed");
    },
  );

  it("does not run away from a handler that does real work", TIMEOUT, async () => {
    const simulated = simulateKinesis({ shards: 2, patienceMs: 10_000 });
    const { kinsumer, events } = open(simulated);
    const seen: string[] = [];
    const spentMs: number[] = [];
    const work = async (): Promise<void> => {
      for await (const record of kinsumer) {
        const fromMs = simulated.clock.monotonicMs();
        await realWork(20);
        spentMs.push(simulated.clock.monotonicMs() - fromMs);
        assert.equal(record.signal.aborted, false);
        seen.push(record.text());
      }
    };
    await kinsumer.run();
    const put = ["1", "2", "3", "4"];
    simulated.putRecords(put);
    // The second worker waits for a record, and later the stop for both, while the first works.
    const workers = [work(), work(), work(), work(), work()];
    while (seen.length < 2) await realWork(1);
    await kinsumer.stop({ deadlineMs: 100 });
    await Promise.all(workers);
    assert.deepEqual(spentMs, spentMs.map(() => 0));
    assert.deepEqual(events.filter(({ type }) => type === "shard-lost"), []);
    assert.deepEqual(events.at(-1), {
      type: "stopped",
      clientId: kinsumer.clientId,
      isClean: true,
    });
    const next = open(simulated).kinsumer;
    const leftCount = put.length - seen.length;
    const left = leftCount > 0 ? await simulated.consumeAll(next, { until: leftCount }) : [];
    assert.deepEqual([...seen, ...texts(left)].sort(), put);
    await next.stop();
  });

  it("passes while a handler sleeps on the simulated clock", TIMEOUT, async () => {
    const simulated = simulateKinesis({ patienceMs: 60_000 });
    const { kinsumer } = open(simulated);
    simulated.putRecords(["1"]);
    const handler = async (): Promise<void> => {
      const fromMs = simulated.clock.nowMs();
      await simulated.clock.sleep(600_000);
      assert.equal(simulated.clock.nowMs() - fromMs, 600_000);
    };
    const options = { until: 1, handler, timeoutMs: 700_000 };
    const [record] = await simulated.consumeAll(kinsumer, options);
    assert.equal(record?.signal.aborted, false, "ten minutes of work cost no shard");
    await kinsumer.stop();
  });

  it(
    "passes when patience has ended with who holds a record and waits for a stop",
    TIMEOUT,
    async () => {
      const simulated = simulateKinesis({ patienceMs: 5 });
      const { kinsumer, events } = open(simulated);
      simulated.putRecords(["held"]);
      await kinsumer.run();
      assert.equal((await kinsumer.next())?.text(), "held");
      await kinsumer.stop();
      const released = events.find(({ type }) => type === "shard-released");
      assert.ok(released?.type === "shard-released" && !released.isClean, "it was not given up");
      const next = open(simulated).kinsumer;
      assert.deepEqual(texts(await simulated.consumeAll(next, { until: 1 })), ["held"]);
      await next.stop();
    },
  );

  it("passes while records are collected, to be acknowledged by hand", TIMEOUT, async () => {
    const simulated = simulateKinesis({ patienceMs: 60_000 });
    const { kinsumer } = open(simulated, { acknowledge: "manual" });
    await kinsumer.run();
    const records: KinsumerRecord[] = [];
    for (const data of ["1", "2", "3"]) {
      simulated.putRecords([data]);
      const record = await kinsumer.next();
      if (record) records.push(record);
    }
    for (const record of records) record.ack();
    await kinsumer.stop();
    assert.equal(simulated.checkpoints()[0]?.sequenceNumber, records[2]?.sequenceNumber);
  });

  it("rests when somebody waits in vain for a record, until there is one", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated);
    await kinsumer.run();
    const record = kinsumer.next();
    let restedMs = -1;
    while (restedMs !== simulated.clock.monotonicMs()) {
      restedMs = simulated.clock.monotonicMs();
      await realWork(20);
    }
    assert.ok(restedMs >= 600_000 && restedMs < 700_000, `it rests after ${restedMs} ms`);
    simulated.putRecords(["at last"]);
    assert.equal((await record)?.text(), "at last");
    (await record)?.ack();
    await kinsumer.stop();
  });

  it("rests when somebody waits in vain to be caught up", TIMEOUT, async () => {
    const simulated = simulateKinesis();
    const { kinsumer } = open(simulated);
    simulated.putRecords(["nobody takes it"]);
    await kinsumer.run();
    const caughtUp = kinsumer.caughtUp();
    let restedMs = -1;
    while (restedMs !== simulated.clock.monotonicMs()) {
      restedMs = simulated.clock.monotonicMs();
      await realWork(20);
    }
    assert.ok(restedMs >= 600_000 && restedMs < 700_000, `it rests after ${restedMs} ms`);
    await simulated.consumeAll(kinsumer, { until: 1 });
    assert.equal(await caughtUp, true);
    await kinsumer.stop();
  });

  it("is a world's own, and the same for the same seed", TIMEOUT, async () => {
    const play = async (seed: number): Promise<readonly string[]> => {
      const simulated = simulateKinesis({ shards: 3, seed });
      const told: string[] = [];
      const onEvent = (event: KinsumerEvent): void => {
        told.push(`${simulated.clock.monotonicMs()} ${JSON.stringify(event)}`);
      };
      const { kinsumer } = open(simulated, { onEvent });
      simulated.putRecords(["1", "2", "3", "4", "5"]);
      simulated.throttle({ times: seed });
      await kinsumer.run();
      const records = await simulated.consumeAll(kinsumer, { until: 5 });
      simulated.loseShard("shardId-000000000001");
      await simulated.advance(5_000);
      await kinsumer.stop();
      return [...told, ...records.map((record) => record.text())];
    };
    const [alone, other] = [await play(1), await play(2)];
    assert.notDeepEqual(alone, other);
    const together = await Promise.all([play(1), play(2), play(1)]);
    assert.deepEqual(together, [alone, other, alone]);
  });
});
