/**
 * Contract: on real servers that throttle, fail and drop connections, `process()` keeps what its
 * policies say: nothing else is passed over, order holds, the checkpoint stands where the last
 * unprocessed record is; and what a crash repeats can be recognised.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { type FaultProxy, startFaultProxy } from "../testing/fault_proxy.ts";
import { Fleet, type FleetClient, textOf } from "../testing/fleet.ts";
import type { PutResult } from "../testing/streams.ts";
import { deadLetterStream, readDeadLetter } from "./dead_letter_stream.ts";
import { dedupeTable } from "./dedupe_table.ts";
import { KinsumerError } from "./errors.ts";
import type { Handler, HandlerContext, ProcessCounts, ProcessOptions } from "./handling.ts";
import type { KinsumerRecord } from "./model.ts";
import type { KinsumerOptions } from "./options.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
const SHARD = "shardId-000000000000";
const QUICK = { attempts: 2, firstDelayMs: 10, maxDelayMs: 50 };

let environment: TestEnvironment;

interface Processing extends Pick<FleetClient, "kinsumer" | "clientId" | "network"> {
  readonly done: Promise<ProcessCounts>;
}

type SingleOptions = ProcessOptions & { readonly batch?: false };

/** A client at work; every record that its handler takes is noted in the fleet's account. */
async function processing(
  fleet: Fleet,
  handler: Handler,
  { options, ...process }: SingleOptions & { readonly options?: Partial<KinsumerOptions> } = {},
): Promise<Processing> {
  const client = fleet.create(options);
  await client.kinsumer.run();
  const done = client.kinsumer.process(async (record, context) => {
    await handler(record, context);
    if (!context.signal.aborted) fleet.collector.add(record, client.clientId);
  }, process);
  done.catch(() => {}); // whoever awaits it sees it
  return { ...client, done };
}

/** A proxy that throttles, fails and drops a part of all requests. */
async function withStorm(use: (storm: Partial<KinsumerOptions>) => Promise<void>): Promise<void> {
  const { kinesisEndpoint = "", dynamodbEndpoint = "" } = environment;
  const proxy: FaultProxy = await startFaultProxy({ kinesisEndpoint, dynamodbEndpoint });
  try {
    const operation = ["GetRecords", "GetShardIterator", "PutRecord"];
    proxy.faults.add({ kind: "throttle", operation, probability: 0.15 });
    proxy.faults.add({ kind: "server-error", probability: 0.05 });
    proxy.faults.add({ kind: "drop", probability: 0.03 });
    proxy.faults.add({ kind: "drop", isApplied: true, service: "dynamodb", probability: 0.05 });
    await use({
      kinesisEndpoint: proxy.kinesisEndpoint,
      dynamodbEndpoint: proxy.dynamodbEndpoint,
      readLimit: 20, // many reads, so that some are struck
    });
    const struck = Object.values(proxy.faults.hits).reduce((sum, hits) => sum + hits, 0);
    assert.ok(struck > 0, "nothing was struck");
  } finally {
    await proxy.stop();
  }
}

const committed = async (fleet: Fleet, shardId = SHARD): Promise<string | undefined> =>
  textOf((await fleet.row("checkpoints", shardId))?.["SequenceNumber"]);

const isSame = (record: PutResult, other: PutResult | undefined) =>
  record.shardId === other?.shardId && record.sequenceNumber === other.sequenceNumber;

function without(all: readonly PutResult[], ...left: readonly PutResult[]): readonly PutResult[] {
  return all.filter((each) => !left.some((other) => isSame(each, other)));
}

/** The record that fails: the first of those put of a shard. */
function poisonOf(fleet: Fleet, at: number): PutResult {
  return fleet.putResults.filter(({ shardId }) => shardId === SHARD)[at]!;
}

const fails = (poison: () => PutResult | undefined): Handler => async (record) => {
  await Promise.resolve();
  if (isSame(record, poison())) throw new Error("poison");
};

describe("process() on real servers", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it("processes every record once, in order, whatever the network does", LIMIT, async () => {
    await withStorm((storm) =>
      Fleet.with(environment, { shardCount: 3 }, async (fleet) => {
        const client = await processing(fleet, () => clock.sleep(1), { options: storm });
        await fleet.put(600);
        await fleet.allCollected();
        await client.kinsumer.stop();
        const counts = await client.done;
        fleet.collector.assertExactlyOnce(fleet.putResults);
        assert.equal(counts.processed, 600);
        await fleet.assertSettled();
      })
    );
  });

  it("skips what the policy lets go, and nothing else", LIMIT, async () => {
    await withStorm((storm) =>
      Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
        await fleet.put(200);
        const poison = poisonOf(fleet, 10);
        const onFailure = { ...QUICK, action: "skip" } as const;
        const client = await processing(fleet, fails(() => poison), { onFailure, options: storm });
        await fleet.collector.all(without(fleet.putResults, poison));
        await client.kinsumer.stop();
        const counts = await client.done;
        fleet.collector.assertExactlyOnce(without(fleet.putResults, poison));
        assert.deepEqual([counts.processed, counts.skipped, counts.failures], [199, 1, 2]);
        const [skipped] = fleet.events("record-skipped");
        assert.equal(skipped?.sequenceNumber, poison.sequenceNumber);
        await fleet.assertSettled();
      })
    );
  });

  it("stops and rejects by default; another client goes on at that record", LIMIT, async () => {
    await withStorm((storm) =>
      Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
        await fleet.put(200);
        const poison = poisonOf(fleet, 10);
        const onFailure = QUICK;
        const client = await processing(fleet, fails(() => poison), { onFailure, options: storm });
        await assert.rejects(client.done, (error) =>
          error instanceof KinsumerError && error.code === "HandlerFailed" &&
          error.shardId === SHARD && error.sequenceNumber === poison.sequenceNumber &&
          (error.cause as Error).message === "poison");
        assert.equal(await committed(fleet), poisonOf(fleet, 9).sequenceNumber);
        const heir = await processing(fleet, () => {}, { options: storm });
        await fleet.allCollected();
        await heir.kinsumer.stop();
        fleet.collector.assertExactlyOnce(fleet.putResults);
        await fleet.assertSettled();
      })
    );
  });

  it("pauses one shard while the others go on, until it is told to", LIMIT, async () => {
    await withStorm((storm) =>
      Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
        await fleet.put(100);
        let poison: PutResult | undefined = poisonOf(fleet, 10);
        const { kinsumer, done } = await processing(fleet, fails(() => poison), {
          onFailure: { ...QUICK, action: "pauseShard" },
          options: storm,
        });
        await eventually("the shard is paused", () => kinsumer.pausedShards.length === 1);
        assert.equal(kinsumer.pausedShards[0]?.shardId, SHARD);
        await fleet.put(100);
        const others = fleet.putResults.filter(({ shardId }) => shardId !== SHARD);
        await fleet.collector.all(others);
        assert.equal(fleet.collector.distinctCount, others.length + 10);
        assert.equal(await committed(fleet), poisonOf(fleet, 9).sequenceNumber);
        poison = undefined;
        assert.equal(kinsumer.resumeShard(SHARD), true);
        await fleet.allCollected();
        await kinsumer.stop();
        await done;
        fleet.collector.assertExactlyOnce(fleet.putResults);
        assert.equal(fleet.events("shard-resumed").length, 1);
        await fleet.assertSettled();
      })
    );
  });

  it("puts dead letters into another stream, whole, before it goes on", LIMIT, async () => {
    await withStorm((storm) =>
      Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
        await fleet.put(100);
        const poison = poisonOf(fleet, 10);
        const streamName = environment.uniqueName("dead");
        await environment.streams.create(streamName, { shardCount: 1 });
        const { dynamodbEndpoint: _, ...local } = { ...environment.clientOptions(), ...storm };
        const onFailure = { ...QUICK, deadLetter: deadLetterStream({ ...local, streamName }) };
        const client = await processing(fleet, fails(() => poison), { onFailure, options: storm });
        await fleet.collector.all(without(fleet.putResults, poison));
        await client.kinsumer.stop();
        assert.equal((await client.done).deadLettered, 1);
        fleet.collector.assertExactlyOnce(without(fleet.putResults, poison));
        const [letter] = await recordsOf(streamName);
        const { facts, data } = readDeadLetter(letter!.data);
        assert.equal(facts.id, `${fleet.streamName}/${SHARD}/${poison.sequenceNumber}`);
        assert.equal(letter?.partitionKey, facts.partitionKey);
        assert.deepEqual(facts.error, { name: "Error", message: "poison" });
        assert.equal(typeof JSON.parse(new TextDecoder().decode(data)).ordinal, "number");
      })
    );
  });

  it("finds the poison in a batch", LIMIT, async () => {
    await withStorm((storm) =>
      Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
        await fleet.put(300);
        const poison = poisonOf(fleet, 123);
        const { kinsumer, clientId } = fleet.create(storm);
        await kinsumer.run();
        const done = kinsumer.process((records) => {
          if (records.some((record) => isSame(record, poison))) throw new Error("poison");
          for (const record of records) fleet.collector.add(record, clientId);
        }, { batch: true, onFailure: { ...QUICK, action: "skip" } });
        await fleet.collector.all(without(fleet.putResults, poison));
        await kinsumer.stop();
        await done;
        fleet.collector.assertExactlyOnce(without(fleet.putResults, poison));
        await fleet.assertSettled();
      })
    );
  });

  it("gives a handler its shard, attempt, lag, signal and logger", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const lines: unknown[] = [];
      const write = (message: string, fields?: Record<string, unknown>) => {
        if (message === "mine") lines.push(fields);
      };
      const logger = { debug: write, info: write, warn: write, error: write };
      const seen: { record: KinsumerRecord; context: HandlerContext }[] = [];
      const handler: Handler = (record, context) => {
        seen.push({ record, context });
        context.logger.info("mine", { also: 1 });
        if (context.attempt === 1) throw new Error("once");
      };
      const options = { logger };
      const { kinsumer, done, clientId } = await processing(fleet, handler, {
        onFailure: QUICK,
        options,
      });
      const [put] = await fleet.put(1);
      await fleet.allCollected();
      await kinsumer.stop();
      await done;
      assert.deepEqual(seen.map(({ context }) => context.attempt), [1, 2]);
      const { record, context } = seen[1]!;
      assert.equal(record.id, `${fleet.streamName}/${SHARD}/${put?.sequenceNumber}`);
      assert.equal(context.shardId, SHARD);
      assert.equal(context.lagMs, record.lagMs);
      assert.equal(context.signal.aborted, false);
      const { sequenceNumber } = put!;
      assert.deepEqual(lines, [
        { clientId, shardId: SHARD, sequenceNumber, attempt: 1, also: 1 },
        { clientId, shardId: SHARD, sequenceNumber, attempt: 2, also: 1 },
      ]);
    });
  });

  it("ends with await using, with a signal, and refuses what cannot be", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(10);
      const stopping = new AbortController();
      const { kinsumer, done } = await processing(fleet, () => {}, { signal: stopping.signal });
      await assert.rejects(kinsumer.process(() => {}), { code: "AlreadyRunning" });
      await fleet.allCollected();
      stopping.abort();
      assert.equal((await done).processed, 10);
      await fleet.assertSettled();
      const late = fleet.create().kinsumer;
      await assert.rejects(late.process(() => {}), { code: "NotRunning" });
      await assert.rejects(late.process("handler" as unknown as Handler), TypeError);
      const manual = fleet.create({ acknowledge: "manual" }).kinsumer;
      await manual.run();
      await assert.rejects(manual.process(() => {}), TypeError);
      let counts: Promise<ProcessCounts> | undefined;
      const disposed = await processing(fleet, () => {});
      try {
        counts = disposed.done;
      } finally {
        await disposed.kinsumer[Symbol.asyncDispose]();
      }
      assert.equal((await counts).processed, 0);
    });
  });
});

/** What a stream holds. */
async function recordsOf(streamName: string): Promise<readonly KinsumerRecord[]> {
  const found: KinsumerRecord[] = [];
  await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
    const { kinsumer } = fleet.create({ streamName });
    await kinsumer.run();
    for await (const record of kinsumer) {
      found.push(record);
      break;
    }
  });
  return found;
}

describe("what a crash repeats", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  /** A client works, vanishes in the middle, and another takes over. */
  async function crash(
    fleet: Fleet,
    handler: (record: KinsumerRecord) => Promise<void>,
    options: ProcessOptions = {},
  ): Promise<readonly Processing[]> {
    const first = await processing(fleet, handler, {
      ...options,
      batch: false,
      options: { commitIntervalMs: 600_000 },
    });
    await fleet.put(60);
    await eventually("half is done", () => fleet.collector.deliveries.length >= 30);
    first.network.cut("refused");
    const second = await processing(fleet, handler, { ...options, batch: false });
    const last = fleet.putResults.at(-1)!.sequenceNumber;
    await eventually("all is done", async () => await committed(fleet) === last, 30_000);
    await second.kinsumer.stop();
    await second.done;
    return [first, second];
  }

  it("has its effect once, where the effect is a write on condition", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const tableName = environment.uniqueName("effects");
      await environment.dynamodb.createTable({ tableName, hashKey: "id" });
      await eventually(
        "the table is there",
        async () => (await environment.dynamodb.describeTable({ tableName }))?.status === "ACTIVE",
      );
      let refused = 0;
      await crash(fleet, async (record) => {
        await clock.sleep(5);
        try {
          await environment.askDynamoDb("PutItem", {
            TableName: tableName,
            Item: { id: { S: record.id }, writes: { N: "1" } },
            ConditionExpression: "attribute_not_exists(id)",
          });
        } catch (error) {
          const isDone = error instanceof KinsumerError &&
            error.awsCode === "ConditionalCheckFailedException";
          if (!isDone) throw error;
          refused++;
        }
      });
      assert.ok(refused >= 20, `the crash repeated only ${refused} records`);
      const rows = await environment.dynamodb.scan({ tableName });
      assert.equal(rows.length, 60);
      await environment.dynamodb.deleteTable({ tableName });
    });
  });

  for (const concurrency of ["shard", "partitionKey"] as const) {
    it(`is left out with a dedupe table, in the order of the ${concurrency}`, LIMIT, async () => {
      await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
        const tableName = environment.uniqueName("dedupe");
        const { kinesisEndpoint: _, ...local } = environment.clientOptions();
        const dedupe = dedupeTable({ ...local, tableName });
        await dedupe.createTable();
        await dedupe.createTable();
        const calls = new Map<string, number>();
        const [, second] = await crash(fleet, async (record) => {
          await clock.sleep(5);
          calls.set(record.id, (calls.get(record.id) ?? 0) + 1);
        }, { dedupe, concurrency: { by: concurrency, limit: 4 } });
        const twice = [...calls.values()].filter((count) => count > 1).length;
        assert.ok(twice <= 4, `${twice} records were processed twice`);
        assert.equal(calls.size, 60);
        const { deduplicated } = await second!.done;
        assert.ok(deduplicated >= 20, `only ${deduplicated} records were recognised`);
        await environment.dynamodb.deleteTable({ tableName });
      });
    });
  }
});

describe("stream()", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it("acknowledges a chunk when the next is pulled, and reads nothing ahead", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer } = fleet.create();
      await kinsumer.run();
      const put = (await fleet.put(5)).map(({ sequenceNumber }) => sequenceNumber);
      const reader = kinsumer.stream().getReader();
      assert.equal((await reader.read()).value?.sequenceNumber, put[0]);
      await clock.sleep(400);
      assert.equal(await committed(fleet), undefined, "a chunk in hand counts as processed");
      assert.equal((await reader.read()).value?.sequenceNumber, put[1]);
      await eventually("the first is committed", async () => await committed(fleet) === put[0]);
      await reader.cancel();
      const again = kinsumer.stream().getReader();
      assert.equal((await again.read()).value?.sequenceNumber, put[1], "cancel gave nothing back");
      await again.cancel();
      await kinsumer.stop();
      assert.equal(await committed(fleet), put[0]);
    });
  });

  it("pipes into a sink, chunk by chunk; the end acknowledges the last", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const { kinsumer, clientId } = fleet.create();
      await kinsumer.run();
      await fleet.put(100);
      let writing = 0;
      const piped = kinsumer.stream().pipeTo(
        new WritableStream<KinsumerRecord>({
          write: async (record) => {
            assert.equal(++writing, 1, "two chunks at once");
            await clock.sleep(1);
            fleet.collector.add(record, clientId);
            writing--;
          },
        }),
      );
      await fleet.allCollected();
      await kinsumer.stop();
      await piped;
      fleet.collector.assertExactlyOnce(fleet.putResults);
      await fleet.assertSettled();
    });
  });

  it("gives back the chunk at which the sink failed", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer } = fleet.create();
      await kinsumer.run();
      const put = (await fleet.put(5)).map(({ sequenceNumber }) => sequenceNumber);
      let count = 0;
      const sink = () =>
        new WritableStream<KinsumerRecord>({
          write: () => {
            if (++count === 3) throw new Error("the sink is full");
          },
        });
      await assert.rejects(kinsumer.stream().pipeTo(sink()), /the sink is full/);
      const next = await kinsumer.next();
      assert.equal(next?.sequenceNumber, put[2]);
      await kinsumer.stop({ deadlineMs: 300 });
      assert.equal(await committed(fleet), put[1]);
    });
  });
});
