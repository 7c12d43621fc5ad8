// The contract: records are handed over once, each shard's in order; what is given back comes next;
// memory is bounded by one budget over all shards (P8), first come, first served.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ByteBudget } from "./byte_budget.ts";
import type { Channel } from "./channel.ts";
import { Handoff, type HandoffOptions } from "./handoff.ts";
import { PullIterator } from "./pull.ts";

const MIB = 1_048_576;

function open(options: Partial<HandoffOptions> = {}): Handoff {
  return new Handoff({
    streamName: "orders",
    maxBufferedBytes: 10 * MIB,
    bufferSize: 1_000,
    isLeaseValid: () => true,
    ...options,
  });
}

/** Admits and pushes a read of `count` records, numbered from `from`. */
async function push(handoff: Handoff, channel: Channel, from: number, count: number, bytes = 100) {
  const admission = await handoff.admit(bytes, new AbortController().signal);
  assert.ok(admission);
  const records = Array.from({ length: count }, (_, index) => ({
    sequenceNumber: String(from + index),
    data: new Uint8Array(),
  }));
  const answer = { records, byteLength: bytes, hasChildShards: false };
  handoff.push(channel, admission, answer, 0);
}

const live = () => new AbortController().signal;
/** What has happened by now: waits for the microtasks that are due. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  promise.then(() => (pending = false), () => (pending = false));
  await new Promise((resolve) => setTimeout(resolve, 0));
  return pending;
}

describe("Handoff", () => {
  it("tells each error of those that nobody waited for, one at a time, then hands over", async () => {
    const handoff = open();
    handoff.raise("first");
    handoff.raise("second");
    const told: unknown[] = [];
    const taker = {
      ready: () => void told.push("ready"),
      closing: () => {},
      over: (failure: { readonly error: unknown } | undefined) => void told.push(failure?.error),
    };
    handoff.attach(taker)();
    await assert.rejects(handoff.pullRecord(), (error) => error === "second");
    handoff.attach(taker)();
    assert.deepEqual(told, ["first", "ready"]);
  });

  it("serves those who wait in the order in which they came", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    const pulls = [handoff.pullRecord(), handoff.pullRecord()];
    await push(handoff, channel, 1, 2);
    const records = await Promise.all(pulls);
    assert.deepEqual(records.map((record) => record?.sequenceNumber), ["1", "2"]);
    assert.equal(channel.inHandCount, 2);
  });

  it("hands out the rest of a read as a batch", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    await push(handoff, channel, 1, 3);
    await handoff.pullRecord();
    const batch = await handoff.pullBatch();
    assert.deepEqual(batch?.records.map(({ sequenceNumber }) => sequenceNumber), ["2", "3"]);
    batch.ack();
    assert.equal(channel.progress.sequenceNumber, undefined);
    assert.equal(channel.inHandCount, 1);
  });

  it("hands nothing over without a lease, and goes on when it is renewed", async () => {
    let isLeaseValid = false;
    const handoff = open({ isLeaseValid: () => isLeaseValid });
    await push(handoff, handoff.open("s", live()), 1, 1);
    const pull = handoff.pullRecord();
    assert.equal(await isPending(pull), true);
    isLeaseValid = true;
    handoff.wake();
    assert.equal((await pull)?.sequenceNumber, "1");
  });

  it("drops what waits of a lost shard", async () => {
    const handoff = open();
    const losing = new AbortController();
    await push(handoff, handoff.open("lost", losing.signal), 1, 3);
    await push(handoff, handoff.open("kept", live()), 7, 1);
    losing.abort();
    assert.equal((await handoff.pullRecord())?.sequenceNumber, "7");
  });

  it("puts what is given back first, and never hands an acknowledged record over again", async () => {
    const handoff = open();
    await push(handoff, handoff.open("s", live()), 1, 4);
    const batch = await handoff.pullBatch();
    batch?.records[1]?.ack();
    batch?.giveBack();
    const again = [
      await handoff.pullRecord(),
      await handoff.pullRecord(),
      await handoff.pullRecord(),
    ];
    assert.deepEqual(again.map((record) => record?.sequenceNumber), ["1", "3", "4"]);
  });

  it("keeps a shard's order, in whatever order its records are given back", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    await push(handoff, channel, 1, 5);
    const other = handoff.open("t", live());
    const inHand = [];
    for (let count = 0; count < 4; count++) inHand.push((await handoff.pullRecord())!);
    for (const place of [1, 3, 0, 2]) {
      inHand[place]!.giveBack();
      if (place === 3) await push(handoff, other, 11, 1);
    }
    const order: string[] = [];
    for (let count = 0; count < 6; count++) {
      order.push((await handoff.pullRecord())!.sequenceNumber);
    }
    assert.deepEqual(order, ["1", "2", "3", "4", "5", "11"]);
  });

  it("ignores the acknowledgement of a record that was given back", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    await push(handoff, channel, 1, 1);
    const record = await handoff.pullRecord();
    record?.giveBack();
    record?.ack();
    assert.equal(channel.progress.processedCount, 0);
    assert.equal((await handoff.pullRecord())?.sequenceNumber, "1");
    assert.equal(channel.inHandCount, 1);
  });

  it("ends every pull when it is closed, and rejects it when it failed", async () => {
    const closed = open();
    const waiting = closed.pullRecord();
    closed.close();
    assert.equal(await waiting, undefined);
    assert.equal(await closed.pullBatch(), undefined);
    const failed = open();
    const failing = failed.pullRecord();
    failed.fail(new Error("why"));
    await assert.rejects(failing, /why/);
    await assert.rejects(failed.pullRecord(), /why/);
  });

  it("admits no read beyond the budget until records are acknowledged", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    await push(handoff, channel, 1, 2, 10 * MIB);
    const next = handoff.admit(1, live());
    const [first, second] = [await handoff.pullRecord(), await handoff.pullRecord()];
    first?.ack();
    assert.equal(await isPending(next), true);
    second?.ack();
    assert.equal(await isPending(next), false);
    assert.equal(handoff.heldBytes, 1);
  });

  it("admits no read while as many records wait as the buffer takes", async () => {
    const handoff = open({ bufferSize: 3 });
    await push(handoff, handoff.open("s", live()), 1, 3);
    const next = handoff.admit(1, live());
    assert.equal(await isPending(next), true);
    await handoff.pullRecord();
    assert.equal(await isPending(next), false);
  });

  it("admits one read that is larger than the budget when nothing else is held", async () => {
    assert.ok(await open({ maxBufferedBytes: 1 }).admit(10 * MIB, live()));
  });

  it("lets go of a reader that stops waiting, and serves the one behind it", async () => {
    const handoff = open({ maxBufferedBytes: 10 });
    const held = await handoff.admit(5, live());
    const stopping = new AbortController();
    const large = handoff.admit(10, stopping.signal);
    const small = handoff.admit(5, live());
    assert.equal(await isPending(small), true);
    stopping.abort();
    assert.equal(await large, undefined);
    assert.ok(await small);
    handoff.dismiss(held!);
    assert.equal(handoff.heldBytes, 5);
  });

  it("gives the whole budget back when the shards are let go", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    await push(handoff, channel, 1, 5, 500);
    const record = await handoff.pullRecord();
    handoff.discard(channel);
    channel.dispose();
    record?.ack();
    assert.equal(handoff.heldBytes, 0);
    assert.equal(handoff.waitingCount, 0);
  });

  it("tells others who share the budget of what a read did not need", async () => {
    const budget = new ByteBudget(10 * MIB);
    const [one, other] = [open({ budget }), open({ budget })];
    await push(other, other.open("other", live()), 1, 1, 10);
    const channel = one.open("one", live());
    const admission = await one.admit(9 * MIB, live());
    const waiting = other.admit(5 * MIB, live());
    assert.equal(await isPending(waiting), true);
    const records = [{ sequenceNumber: "1", data: new Uint8Array() }];
    one.push(channel, admission!, { records, byteLength: 20, hasChildShards: false }, 0);
    assert.equal(await isPending(waiting), false, "it waits for bytes that are free");
    other.dismiss((await waiting)!);
    assert.equal(budget.heldBytes, 30);
  });

  it("keeps no payload that is processed, however long one before it is not", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    await push(handoff, channel, 1, 1);
    const slow = await handoff.pullRecord();
    const records = ["2", "3"].map((sequenceNumber) => ({
      sequenceNumber,
      data: new Uint8Array(),
    }));
    const admission = await handoff.admit(100, live());
    assert.ok(admission, "there is room");
    handoff.push(channel, admission, { records, byteLength: 100, hasChildShards: false }, 0);
    (await handoff.pullBatch())?.ack();
    assert.equal(handoff.heldBytes, 100);
    records.length = 0; // whoever still used them would miss them now
    slow?.ack();
    assert.equal(channel.progress.sequenceNumber, "3");
  });

  it("counts the shards of all who share the budget, and each byte once", async () => {
    const budget = new ByteBudget(10 * MIB);
    const [one, other] = [open({ budget }), open({ budget })];
    const channels = [one.open("a", live()), other.open("b", live()), other.open("c", live())];
    assert.deepEqual([one.shardCount, other.shardCount], [3, 3]);
    await push(one, channels[0]!, 1, 3, 300);
    await push(other, channels[1]!, 1, 4, 400);
    const batch = await other.pullBatch();
    batch?.records[1]?.ack();
    other.rewind(channels[1]!);
    assert.deepEqual([budget.heldBytes, one.heldBytes, other.heldBytes], [300, 300, 0]);
    batch?.ack(); // it will be read again: this counts for nothing
    batch?.giveBack();
    await push(other, channels[1]!, 1, 4, 400);
    assert.equal(other.waitingCount, 3, "what was processed before is not known any more");
    const record = await one.pullRecord();
    one.close();
    for (const each of channels) {
      each.dispose();
      each.dispose();
    }
    one.discard(channels[0]!);
    record?.giveBack();
    record?.ack();
    assert.deepEqual([budget.heldBytes, one.heldBytes, other.heldBytes], [0, 0, 0]);
    assert.equal(one.shardCount, 0);
  });

  it("does not take a shard for read to its end that was rewound since", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    await push(handoff, channel, 1, 3);
    channel.noteEnd();
    channel.noteRead({ askedMs: 9, recordCount: 3, limit: 100, lagMs: 0 });
    const isOver = () => channel.progress.isComplete && channel.isReadToEnd;
    assert.deepEqual([channel.isReadToEnd, isOver()], [true, false]);
    handoff.hold(channel);
    handoff.rewind(channel);
    assert.deepEqual([channel.progress.isComplete, isOver()], [true, false]);
    assert.equal(channel.isCaughtUp(86_400_000), false, "nothing of it is processed");
  });

  it("keeps order, loses nothing and counts right, whatever is pulled, acknowledged or given back", async () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant("push" as const), count: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ type: fc.constant("pull" as const), isBatch: fc.boolean() }),
      fc.record({ type: fc.constant("end" as const), which: fc.nat(20), isAck: fc.boolean() }),
    );
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const handoff = open();
      const channel = handoff.open("s", live());
      const hands: { ack(): void; giveBack(): void; ids: number[] }[] = [];
      const acked = new Set<number>();
      let pushed = 0;
      for (const each of steps) {
        if (each.type === "push") {
          await push(handoff, channel, pushed, each.count, each.count);
          pushed += each.count;
        } else if (each.type === "pull" && handoff.waitingCount > 0) {
          const pulled = each.isBatch ? await handoff.pullBatch() : await handoff.pullRecord();
          const records = pulled && "records" in pulled ? pulled.records : [pulled!];
          hands.push(Object.assign(pulled!, { ids: records.map((r) => Number(r.sequenceNumber)) }));
        } else if (each.type === "end" && hands.length > 0) {
          const [hand] = hands.splice(each.which % hands.length, 1);
          if (each.isAck) {
            hand!.ack();
            for (const id of hand!.ids) acked.add(id);
          } else hand!.giveBack();
        }
        const inHand = hands.flatMap(({ ids }) => ids);
        assert.equal(new Set(inHand).size, inHand.length, "a record is in two hands");
        assert.equal(channel.inHandCount, inHand.length);
        assert.equal(handoff.waitingCount, pushed - inHand.length - acked.size);
        assert.equal(channel.progress.processedCount, acked.size);
      }
    }));
  });
});

describe("PullIterator", () => {
  async function three(isManual: boolean) {
    const handoff = open();
    const channel = handoff.open("s", live());
    await push(handoff, channel, 1, 3);
    return { handoff, channel, iterator: new PullIterator(() => handoff.pullRecord(), isManual) };
  }

  it("acknowledges a record when the next is asked for, even if there is none", async () => {
    const { handoff, channel, iterator } = await three(false);
    await iterator.next();
    assert.equal(channel.progress.sequenceNumber, undefined);
    await iterator.next();
    assert.equal(channel.progress.sequenceNumber, "1");
    await iterator.next();
    handoff.close();
    assert.equal((await iterator.next()).done, true);
    assert.equal(channel.progress.sequenceNumber, "3");
  });

  it("gives the current record back when the loop is left", async () => {
    const { handoff, channel, iterator } = await three(false);
    for await (const record of iterator) if (record.sequenceNumber === "2") break;
    assert.equal(channel.progress.sequenceNumber, "1");
    assert.equal((await handoff.pullRecord())?.sequenceNumber, "2");
  });

  it("acknowledges nothing by itself in manual mode", async () => {
    const { channel, iterator } = await three(true);
    for await (const record of iterator) if (record.sequenceNumber === "3") break;
    assert.equal(channel.progress.processedCount, 0);
    assert.equal(channel.inHandCount, 3);
  });

  it("gives back what arrives after it ended", async () => {
    const handoff = open();
    const channel = handoff.open("s", live());
    const iterator = new PullIterator(() => handoff.pullRecord(), false);
    const pending = iterator.next();
    await iterator.return();
    await push(handoff, channel, 1, 1);
    assert.equal((await pending).done, true);
    assert.equal((await handoff.pullRecord())?.sequenceNumber, "1");
  });
});
