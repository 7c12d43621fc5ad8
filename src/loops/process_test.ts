// The contract of process(): a record counts as processed when its handler, in time and while the
// shard is owned, said so; order holds as asked for; a failure is followed by what the policy says
// and by nothing else: no other record is passed over, no checkpoint passes an unprocessed record.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet, type SimulatedFleet } from "../../testing/simulation/fleet.ts";
import {
  HandlerAccount,
  type HandlerRun,
  type SimulatedWork,
} from "../../testing/simulation/processing.ts";
import { KinsumerError } from "../errors.ts";
import type { KinsumerEvent } from "../events.ts";

const FIRST = "shardId-000000000000";
const SECOND = "shardId-000000000001";
const LIMIT = { timeout: 120_000 };

function open(shards: number, seed = 1): { fleet: SimulatedFleet; handlers: HandlerAccount } {
  const fleet = createSimulatedFleet({ seed, shards });
  return { fleet, handlers: new HandlerAccount(fleet) };
}

const complete = (fleet: SimulatedFleet, limitMs = 120_000): Promise<void> =>
  fleet.clock.runUntil(() => fleet.account.isComplete, limitMs);

const takes = (ms: number): SimulatedWork => ({ machine }) => machine.clock.sleep(ms);

/** Fails for one record, so many times. */
function poison(place: number, times = Infinity, ms = 0): SimulatedWork {
  let failures = 0;
  return async ({ machine, places }) => {
    await machine.clock.sleep(ms);
    if (places.includes(place) && failures++ < times) throw new Error(`poison ${place}`);
  };
}

function committed(fleet: SimulatedFleet, shardId = FIRST): string | undefined {
  return fleet.tables.checkpoints().find((row) => row.shardId === shardId)?.sequenceNumber;
}

function ofType<Type extends KinsumerEvent["type"]>(
  events: readonly KinsumerEvent[],
  type: Type,
): readonly Extract<KinsumerEvent, { type: Type }>[] {
  return events.filter((event) => event.type === type) as Extract<KinsumerEvent, { type: Type }>[];
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at);

function assertKept({ account }: SimulatedFleet): void {
  assert.deepEqual(account.violations, []);
}

/** Each record is processed once; within a shard, in order. */
function assertOnceInOrder(handlers: HandlerAccount, count: number): void {
  assert.deepEqual([...handlers.done()].sort((a, b) => a - b), numbers(count));
  for (const shardId of new Set(handlers.runs.map((run) => run.shardId))) {
    const done = handlers.done(shardId);
    assert.deepEqual(done, [...done].sort((a, b) => a - b), `${shardId} is out of order`);
  }
}

describe("process()", LIMIT, () => {
  it("keeps each shard's order and runs no more shards side by side than the limit", async () => {
    const { fleet, handlers } = open(6);
    fleet.put(300);
    const process = { concurrency: { limit: 4 } };
    const a = await handlers.start(fleet, { name: "a", work: takes(10), process });
    await complete(fleet);
    await fleet.stop(a);
    await a.done;
    assertOnceInOrder(handlers, 300);
    assert.equal(handlers.most(), 4);
    assert.equal(handlers.most(({ shardId }) => shardId === FIRST), 1);
    assert.deepEqual(a.counts(), {
      processed: 300,
      failures: 0,
      skipped: 0,
      deadLettered: 0,
      deduplicated: 0,
    });
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the stop");
    assertKept(fleet);
  });

  it("gives every shard its turn although one has much more to do", async () => {
    const { fleet, handlers } = open(3);
    fleet.put(2_000, FIRST);
    fleet.put(10, SECOND);
    const process = { concurrency: { limit: 1 } };
    await handlers.start(fleet, { name: "a", work: takes(10), process });
    await fleet.clock.advance(4_000);
    assert.equal(handlers.done(SECOND).length, 10);
    assert.ok(handlers.done(FIRST).length < 2_000, "the long shard was done first");
    assertKept(fleet);
  });

  it("keeps the order of each key and runs keys of a shard side by side", async () => {
    const { fleet, handlers } = open(1);
    const keys = new Map<number, string>();
    for (let place = 0; place < 200; place++) {
      const partitionKey = `key ${place % 5}`;
      keys.set(place, partitionKey);
      fleet.account.produced(fleet.stream.put({ partitionKey, data: String(place) }));
    }
    const work: SimulatedWork = ({ machine, places }) =>
      machine.clock.sleep(1 + (places[0]! * 7) % 40);
    const process = { concurrency: { by: "partitionKey", limit: 16 } } as const;
    const a = await handlers.start(fleet, { name: "a", work, process });
    await complete(fleet);
    await fleet.stop(a);
    assert.equal(handlers.most(), 5);
    for (const key of new Set(keys.values())) {
      const isOfKey = ({ places }: HandlerRun) => keys.get(places[0]!) === key;
      assert.equal(handlers.most(isOfKey), 1, `${key} ran twice at once`);
      const begun = handlers.runs.filter(isOfKey).map(({ places }) => places[0]!);
      assert.deepEqual(begun, [...begun].sort((x, y) => x - y));
    }
    assert.equal(handlers.runs.length, 200);
    assertKept(fleet);
  });

  it("holds the checkpoint at the first record that is open, whatever is done beyond it", async () => {
    for (const by of ["partitionKey", "nothing"] as const) {
      const { fleet, handlers } = open(1);
      fleet.put(50);
      const work: SimulatedWork = ({ machine, places }) =>
        machine.clock.sleep(places[0] === 10 ? 20_000 : 1);
      await handlers.start(fleet, { name: "a", work, process: { concurrency: by } });
      await fleet.clock.advance(10_000);
      assert.equal(handlers.done().length, 49);
      assert.equal(committed(fleet), fleet.stream.records(FIRST)[9]?.sequenceNumber);
      await complete(fleet);
      await fleet.clock.advance(10_000);
      assert.equal(committed(fleet), fleet.stream.records(FIRST)[49]?.sequenceNumber);
      assert.equal(handlers.runs.length, 50);
      assertKept(fleet);
    }
  });

  it("runs only so far ahead of a record that is tried for ever, and goes on when that is done", async () => {
    const { fleet, handlers } = open(2);
    for (let place = 0; place < 8_000; place++) {
      const record = { shardId: FIRST, partitionKey: `key ${place}`, data: String(place) };
      fleet.account.produced(fleet.stream.put(record));
    }
    const process = {
      concurrency: { by: "partitionKey" },
      onFailure: { attempts: Infinity, firstDelayMs: 1_000 },
    } as const;
    const options = { maxBufferedBytes: 1_048_576, readLimit: 500 };
    const work = poison(0, 7);
    const a = await handlers.start(fleet, { name: "a", work, process, client: { options } });
    await fleet.clock.advance(30_000);
    const aheadCount = handlers.done(FIRST).length;
    // A quarter of a MiB, at 200 bytes a record; and what was read by then.
    assert.ok(aheadCount > 1_000 && aheadCount <= 1_310 + 3 * 500, `${aheadCount} records ahead`);
    assert.equal(committed(fleet), undefined);
    await complete(fleet);
    await fleet.stop(a);
    assert.equal(handlers.done().length, 8_000);
    assertKept(fleet);
  });

  it("hands a batch what was read, in order, up to its size", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(100);
    const process = { batch: true, batchSize: 20 };
    await handlers.start(fleet, { name: "a", work: takes(5), process });
    await complete(fleet);
    assertOnceInOrder(handlers, 100);
    assert.ok(handlers.runs.every(({ places }) => places.length <= 20), "a batch is too long");
    assert.ok(handlers.runs.some(({ places }) => places.length === 20), "no batch is full");
    assertKept(fleet);
  });

  it("ends with its signal: what runs may end, what has not begun is another's", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(100);
    const stopping = new AbortController();
    const process = { signal: stopping.signal };
    const a = await handlers.start(fleet, { name: "a", work: takes(50), process });
    await fleet.clock.advance(1_020);
    stopping.abort();
    await fleet.clock.runUntil(() => a.counts() !== undefined, 5_000);
    assert.equal(a.counts()?.processed, handlers.done().length);
    assert.ok(handlers.done().length < 100, "all was done before the stop");
    await handlers.start(fleet, { name: "b" });
    await complete(fleet);
    assertOnceInOrder(handlers, 100);
    assertKept(fleet);
  });
});

describe("a slow shard", LIMIT, () => {
  it("takes no more than its share of the buffer: the others flow", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(500, FIRST);
    const work: SimulatedWork = ({ context, machine }) =>
      machine.clock.sleep(context.shardId === FIRST ? 10_000 : 1);
    const client = { options: { bufferSize: 100, readLimit: 45 } };
    await handlers.start(fleet, { name: "a", work, client });
    await fleet.clock.advance(5_000);
    fleet.put(400, SECOND);
    await fleet.clock.runUntil(() => handlers.done(SECOND).length === 400, 20_000);
    assertKept(fleet);
  });
});

describe("the failure policy", LIMIT, () => {
  it("retries with growing waits, and holds up nothing but the shard", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(20, FIRST);
    fleet.put(20, SECOND);
    const onFailure = { attempts: 6, firstDelayMs: 1_000, jitter: 0 };
    const process = { concurrency: { limit: 1 }, onFailure };
    const a = await handlers.start(fleet, { name: "a", work: poison(5, 5), process });
    await fleet.clock.runUntil(() => handlers.done(SECOND).length === 20, 5_000);
    assert.equal(handlers.done(FIRST).length, 5, "the shard went on past its failure");
    await complete(fleet);
    const tries = handlers.runs.filter(({ places }) => places[0] === 5);
    assert.deepEqual(tries.map(({ attempt }) => attempt), [1, 2, 3, 4, 5, 6]);
    const waits = tries.slice(1).map(({ beganMs }, at) => beganMs - tries[at]!.beganMs);
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000]);
    assert.equal(ofType(a.events, "record-failed").length, 5);
    assertOnceInOrder(handlers, 40);
    assertKept(fleet);
  });

  it("stops the client and rejects, by default, and passes over nothing", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(20, FIRST);
    fleet.put(20, SECOND);
    const a = await handlers.start(fleet, { name: "a", work: poison(5, Infinity, 5) });
    await fleet.clock.runUntil(() => a.failure() !== undefined, 30_000);
    const error = a.failure();
    assert.ok(error instanceof KinsumerError, "it is not a KinsumerError");
    assert.equal(error.code, "HandlerFailed");
    assert.equal(error.shardId, FIRST);
    assert.equal(error.sequenceNumber, fleet.stream.records(FIRST)[5]?.sequenceNumber);
    assert.match(String(error.cause), /poison 5/);
    assert.equal(committed(fleet), fleet.stream.records(FIRST)[4]?.sequenceNumber);
    assert.ok(fleet.tables.checkpoints().every(({ ownerId }) => ownerId === undefined), "owned");
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the stop");
    await handlers.start(fleet, { name: "b" });
    await complete(fleet);
    assertOnceInOrder(handlers, 40);
    assertKept(fleet);
  });

  it("skips the record that fails and no other, with an event", async () => {
    for (const concurrency of ["shard", "partitionKey", "nothing"] as const) {
      const { fleet, handlers } = open(1);
      fleet.put(40);
      const process = { concurrency, onFailure: { attempts: 2, action: "skip" } } as const;
      const a = await handlers.start(fleet, { name: "a", work: poison(7), process });
      await complete(fleet);
      await fleet.stop(a);
      await a.done;
      const skipped = ofType(a.events, "record-skipped");
      assert.deepEqual(
        skipped.map(({ sequenceNumber }) => sequenceNumber),
        [fleet.stream.records(FIRST)[7]?.sequenceNumber],
      );
      assert.deepEqual(
        [...handlers.done()].sort((x, y) => x - y),
        numbers(40).filter((place) => place !== 7),
      );
      assert.equal(a.counts()?.skipped, 1);
      assert.equal(a.counts()?.processed, 39);
      assert.equal(committed(fleet), fleet.stream.records(FIRST)[39]?.sequenceNumber);
      assertKept(fleet);
    }
  });

  it("counts a dead letter as processed only when it was taken", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(20);
    let tries = 0;
    const machine = fleet.clock.clock;
    const deadLetters: number[] = [];
    const onFailure = {
      attempts: 1,
      deadLetter: async (record: { text(): string; sequenceNumber: string; shardId: string }) => {
        await machine.sleep(2_000);
        if (++tries < 3) throw new Error("no room");
        deadLetters.push(Number(record.text()));
        fleet.account.processed("a", record);
      },
    };
    const a = await handlers.start(fleet, { name: "a", work: poison(4), process: { onFailure } });
    await fleet.clock.runUntil(() => tries === 2, 10_000);
    await fleet.clock.advance(1_500);
    assert.equal(committed(fleet), fleet.stream.records(FIRST)[3]?.sequenceNumber);
    assert.equal(handlers.done().length, 4, "the shard went on before the dead letter was taken");
    await complete(fleet);
    await fleet.stop(a);
    await a.done;
    assert.deepEqual(deadLetters, [4]);
    assert.equal(ofType(a.events, "record-dead-lettered").length, 1);
    assert.equal(a.counts()?.deadLettered, 1);
    assert.equal(handlers.done().length, 19);
    assertKept(fleet);
  });

  it("finds the records of a batch that fail, and repeats no more than their halves", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(64);
    const work: SimulatedWork = ({ places }) => {
      if (places.includes(9) || places.includes(50)) throw new Error("poison");
    };
    const process = { batch: true, onFailure: { attempts: 2, action: "skip" } } as const;
    const a = await handlers.start(fleet, { name: "a", work, process });
    await complete(fleet);
    const poisoned = [9, 50];
    assert.deepEqual(
      ofType(a.events, "record-skipped").map(({ sequenceNumber }) => sequenceNumber),
      poisoned.map((place) => fleet.stream.records(FIRST)[place]?.sequenceNumber),
    );
    assert.deepEqual(handlers.done(), numbers(64).filter((place) => !poisoned.includes(place)));
    assert.ok(handlers.runs.length < 40, `${handlers.runs.length} calls`);
    assertKept(fleet);
  });

  it("does not repeat what a failing batch's handler has acknowledged itself", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(10);
    let calls = 0;
    const work: SimulatedWork = ({ records }) => {
      if (calls++ > 0) return;
      for (const record of records.slice(0, 6)) {
        fleet.account.processed("a", record);
        record.ack();
      }
      throw new Error("the rest failed");
    };
    await handlers.start(fleet, { name: "a", work, process: { batch: true } });
    await complete(fleet);
    assert.deepEqual(handlers.done(), [6, 7, 8, 9]);
    assertKept(fleet);
  });
});

describe("a paused shard", LIMIT, () => {
  it("stands still while the others go on, is renewed, and goes on by call", async () => {
    for (const concurrency of ["shard", "partitionKey", "nothing"] as const) {
      const { fleet, handlers } = open(2);
      const process = { concurrency, onFailure: { attempts: 1, action: "pauseShard" } } as const;
      const work = poison(5, 1, 3);
      fleet.put(40, FIRST);
      const a = await handlers.start(fleet, { name: "a", work, process });
      await fleet.clock.runUntil(() => a.kinsumer.pausedShards.length === 1, 5_000);
      const { shardId, sequenceNumber } = a.kinsumer.pausedShards[0]!;
      assert.equal(shardId, FIRST);
      assert.equal(sequenceNumber, fleet.stream.records(FIRST)[5]?.sequenceNumber);
      fleet.put(100, SECOND);
      fleet.put(10, FIRST);
      await fleet.clock.advance(200_000);
      assert.equal(handlers.done(SECOND).length, 100);
      assert.equal(committed(fleet), fleet.stream.records(FIRST)[4]?.sequenceNumber);
      assert.ok(ofType(a.events, "checkpointed").length > 6, "the paused shard was not renewed");
      assert.equal(a.kinsumer.resumeShard(FIRST), true);
      assert.equal(a.kinsumer.resumeShard(SECOND), false);
      await complete(fleet);
      assert.equal(ofType(a.events, "shard-resumed").length, 1);
      const done = [...handlers.done()].sort((x, y) => x - y);
      assert.deepEqual(done, numbers(150), "a record came twice, or not at all");
      if (concurrency === "shard") assertOnceInOrder(handlers, 150);
      await fleet.stop(a);
      assertKept(fleet);
    }
  });

  it("goes on by time", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(10);
    const onFailure = { attempts: 1, action: "pauseShard", resumeAfterMs: 60_000 } as const;
    const a = await handlers.start(fleet, {
      name: "a",
      work: poison(5, 3),
      process: { onFailure },
    });
    await complete(fleet, 240_000);
    assert.equal(ofType(a.events, "shard-paused").length, 3);
    const tries = handlers.runs.filter(({ places }) => places[0] === 5);
    const waits = tries.slice(1).map(({ beganMs }, at) => beganMs - tries[at]!.beganMs);
    assert.ok(waits.every((ms) => ms >= 60_000 && ms < 62_000), `${waits}`);
    assertOnceInOrder(handlers, 10);
    assertKept(fleet);
  });

  it("holds nothing of the budget: the others are read although it has much to read", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(500, FIRST);
    const process = { onFailure: { attempts: 1, action: "pauseShard" } } as const;
    const client = { options: { bufferSize: 100, readLimit: 200 } };
    const a = await handlers.start(fleet, { name: "a", work: poison(5), process, client });
    await fleet.clock.runUntil(() => a.kinsumer.pausedShards.length === 1, 5_000);
    await fleet.clock.advance(5_000);
    fleet.put(400, SECOND);
    await fleet.clock.runUntil(() => handlers.done(SECOND).length === 400, 20_000);
    assertKept(fleet);
  });

  it("is not read", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(50);
    const process = { onFailure: { attempts: 1, action: "pauseShard" } } as const;
    let reads = 0;
    const intercept = (operation: string) => {
      if (operation === "GetRecords") reads++;
    };
    const client = { kinesis: { intercept } };
    const a = await handlers.start(fleet, { name: "a", work: poison(5), process, client });
    await fleet.clock.runUntil(() => a.kinsumer.pausedShards.length === 1, 5_000);
    await fleet.clock.advance(1_000);
    reads = 0;
    await fleet.clock.advance(20_000);
    assert.equal(reads, 0);
    assertKept(fleet);
  });

  it("moves to another client, which begins at the record that failed", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(20, FIRST);
    const process = { onFailure: { attempts: 1, action: "pauseShard" } } as const;
    const a = await handlers.start(fleet, { name: "a", work: poison(5), process });
    await fleet.clock.runUntil(() => a.kinsumer.pausedShards.length === 1, 5_000);
    await handlers.start(fleet, { name: "b" });
    await fleet.clock.advance(15_000);
    await fleet.stop(a);
    await complete(fleet);
    assertOnceInOrder(handlers, 20);
    assertKept(fleet);
  });

  it("is not finished, nor are its children read, when it was read to its end", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(20);
    const process = { onFailure: { attempts: 1, action: "pauseShard" } } as const;
    const work = poison(15, 1, 200);
    const a = await handlers.start(fleet, { name: "a", work, process });
    fleet.stream.split(FIRST);
    fleet.put(20);
    await fleet.clock.runUntil(() => a.kinsumer.pausedShards.length === 1, 20_000);
    await fleet.clock.advance(60_000);
    assert.equal(handlers.done().length, 15, "a child was read before its parent was processed");
    const hurry = new AbortController();
    const caughtUp = a.kinsumer.caughtUp({ lagMs: 86_400_000, signal: hurry.signal });
    const outcome = caughtUp.then(() => "caught up", () => "waits");
    await fleet.clock.advance(5_000);
    hurry.abort();
    await fleet.clock.advance(100);
    assert.equal(await outcome, "waits");
    a.kinsumer.resumeShard(FIRST);
    await complete(fleet);
    assertOnceInOrder(handlers, 40);
    assertKept(fleet);
  });
});

describe("a handler's time", LIMIT, () => {
  it("is up after timeoutMs: its signal aborts, and what it does later does not count", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(10);
    const reasons: unknown[] = [];
    const work: SimulatedWork = async ({ machine, places, context }) => {
      if (places[0] !== 3 || context.attempt > 1) return;
      context.signal.addEventListener("abort", () => reasons.push(context.signal.reason));
      await machine.clock.sleep(3_000); // ignores its signal
    };
    const process = { timeoutMs: 1_000 };
    const a = await handlers.start(fleet, { name: "a", work, process });
    await complete(fleet);
    assert.deepEqual(reasons.map((each) => (each as KinsumerError).code), ["HandlerTimedOut"]);
    const late = handlers.runs.find(({ places }) => places[0] === 3)!;
    assert.equal(late.outcome, "in vain");
    const next = handlers.runs[handlers.runs.indexOf(late) + 1]!;
    assert.deepEqual([next.places[0], next.attempt], [3, 2]);
    assert.ok(next.beganMs >= late.endedMs!, "the next began while the late one still ran");
    assert.equal(ofType(a.events, "record-failed").length, 1);
    assertOnceInOrder(handlers, 10);
    assertKept(fleet);
  });

  it("stops the client when a handler does not end at all, and passes over nothing", async () => {
    for (const action of ["stop", "skip"] as const) {
      const { fleet, handlers } = open(2);
      fleet.put(10, FIRST);
      fleet.put(10, SECOND);
      const work: SimulatedWork = ({ places, machine }) =>
        machine.clock.sleep(places[0] === 3 ? 86_400_000 : 1);
      const process = { timeoutMs: 1_000, onFailure: { attempts: 5, action } };
      const a = await handlers.start(fleet, { name: "a", work, process });
      await fleet.clock.runUntil(() => a.failure() !== undefined, 30_000);
      assert.equal((a.failure() as KinsumerError).code, "HandlerFailed");
      assert.equal(handlers.done(FIRST).length, 3);
      await handlers.start(fleet, { name: "b" });
      await complete(fleet);
      assertOnceInOrder(handlers, 20);
      assertKept(fleet);
    }
  });

  it("pauses the shard instead where that is the policy, until the stray has ended", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(10, FIRST);
    const work: SimulatedWork = ({ places, context, machine }) =>
      machine.clock.sleep(places[0] === 3 && context.attempt === 1 && hangs ? 60_000 : 1);
    let hangs = true;
    const process = { timeoutMs: 1_000, onFailure: { action: "pauseShard" } } as const;
    const a = await handlers.start(fleet, { name: "a", work, process });
    await fleet.clock.runUntil(() => a.kinsumer.pausedShards.length === 1, 30_000);
    hangs = false;
    fleet.put(10, SECOND);
    a.kinsumer.resumeShard(FIRST);
    await fleet.clock.runUntil(() => handlers.done(SECOND).length === 10, 5_000);
    assert.equal(handlers.done(FIRST).length, 3, "the shard went on beside the stray");
    await complete(fleet);
    const [stray, next] = handlers.runs.filter(({ places }) => places[0] === 3);
    assert.ok(next!.beganMs >= stray!.endedMs!, "the next began beside the stray");
    assertOnceInOrder(handlers, 20);
    assertKept(fleet);
  });
});

describe("a shard that is lost or let go", LIMIT, () => {
  it("aborts the signals of its handlers; what resolves after that does not count", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(10);
    let isFirst = true;
    const work: SimulatedWork = ({ machine, places }) => {
      if (places[0] !== 3 || !isFirst) return;
      isFirst = false;
      return machine.clock.sleep(40_000);
    };
    const a = await handlers.start(fleet, { name: "a", work });
    await fleet.clock.runUntil(() => handlers.done().length === 3, 5_000);
    a.cut({ dynamodb: true, kinesis: true });
    await handlers.start(fleet, { name: "b", work });
    await complete(fleet);
    a.cut({ dynamodb: false, kinesis: false });
    await fleet.clock.advance(60_000);
    const [outlived, second] = handlers.runs.filter(({ places }) => places[0] === 3);
    assert.equal(outlived?.client, "a");
    assert.equal(outlived?.outcome, "in vain");
    assert.equal(second?.client, "b");
    await fleet.stop(a);
    await fleet.clock.settle();
    const succeeded = handlers.runs.filter((run) =>
      run.client === "a" && run.outcome === "succeeded"
    );
    assert.equal(a.counts()?.processed, succeeded.length, "what was in vain counts");
    assertKept(fleet);
  });

  it("aborts the signals of its handlers when its stream is made anew", async () => {
    const { fleet, handlers } = open(1);
    fleet.put(3);
    const work = takes(100_000);
    const options = { onInvalidCheckpoint: "horizon" } as const;
    const a = await handlers.start(fleet, { name: "a", work, client: { options } });
    await fleet.clock.advance(5_000);
    fleet.stream.recreate();
    await fleet.clock.advance(30_000);
    fleet.put(1);
    await fleet.clock.advance(5_000);
    const [old, anew] = handlers.runs;
    assert.equal(anew?.places[0], 3, "the new stream is not read");
    await fleet.clock.advance(100_000);
    assert.deepEqual([old?.outcome, anew?.outcome], ["in vain", "succeeded"]);
    assert.equal(a.counts(), undefined, "it goes on");
  });

  it("aborts the signals of its handlers when it has to move on before they end", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(5, FIRST);
    fleet.put(5, SECOND);
    const aborted = new Set<string>();
    const work: SimulatedWork = ({ machine, context }) => {
      if (handlers.runs.some(({ client }) => client === "b")) return;
      context.signal.addEventListener("abort", () => aborted.add(context.shardId));
      return machine.clock.sleep(60_000);
    };
    const client = { options: { drainTimeoutMs: 2_000 } };
    const a = await handlers.start(fleet, { name: "a", work, client });
    await fleet.clock.runUntil(() => handlers.runs.length === 2, 5_000);
    fleet.account.excuse("a"); // its record outlives its time, and is delivered again
    const b = await handlers.start(fleet, { name: "b", client });
    await fleet.clock.runUntil(() => b.kinsumer.ownedShardIds.length === 1, 30_000);
    assert.deepEqual([...aborted], b.kinsumer.ownedShardIds);
    await fleet.stop(a, 500);
    await complete(fleet);
    assertKept(fleet);
  });

  it("waits for what runs until the deadline of the stop, then aborts it", async () => {
    const { fleet, handlers } = open(2);
    fleet.put(5, FIRST);
    fleet.put(5, SECOND);
    let abortedMs = 0;
    const work: SimulatedWork = ({ machine, places, context }) => {
      context.signal.addEventListener("abort", () => abortedMs = machine.clock.monotonicMs());
      return machine.clock.sleep(places[0] === 0 ? 4_000 : places[0] === 5 ? 60_000 : 10);
    };
    const a = await handlers.start(fleet, { name: "a", work });
    await fleet.clock.runUntil(() => handlers.runs.length === 2, 5_000);
    const stoppedMs = fleet.clock.clock.monotonicMs();
    await fleet.stop(a, 10_000);
    await fleet.clock.settle();
    assert.equal(a.counts()?.processed, 1);
    assert.ok(abortedMs >= stoppedMs + 6_000 && abortedMs <= stoppedMs + 10_000, `${abortedMs}`);
    assert.equal(committed(fleet), fleet.stream.records(FIRST)[0]?.sequenceNumber);
    assert.equal(committed(fleet, SECOND), undefined);
    await handlers.start(fleet, { name: "b" });
    await complete(fleet);
    assertKept(fleet);
  });
});
