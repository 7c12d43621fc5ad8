// The contract P1 to P8, on real loops in a simulated world: joining, leaving, crashing, pausing,
// partitions, skew, reshards, lost answers and expired iterators.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createSimulatedFleet,
  openSimulatedClient,
  type SimulatedFleet,
} from "../../testing/simulation/fleet.ts";
import { KinsumerError } from "../errors.ts";

/** Lets the fleet run until every record is processed. */
async function complete(fleet: SimulatedFleet, limitMs: number): Promise<void> {
  await fleet.clock.runUntil(() => fleet.account.isComplete, limitMs);
}

function assertKept(fleet: SimulatedFleet, duplicates: number = 0): void {
  assert.deepEqual(fleet.account.violations, []);
  assert.equal(fleet.account.duplicates().length, duplicates);
}

const owned = (fleet: SimulatedFleet): (string | undefined)[] =>
  fleet.tables.checkpoints().map(({ ownerId }) => ownerId);

describe("a fleet", () => {
  it("consumes every record once with one client", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 4 });
    fleet.put(1_000);
    const a = await fleet.start("a");
    await complete(fleet, 5_000);
    await fleet.stop(a);
    assertKept(fleet);
    assert.deepEqual(fleet.tables.clientRows(), []);
    assert.deepEqual(owned(fleet), [undefined, undefined, undefined, undefined]);
    assert.equal(fleet.tables.leader()?.clientId, undefined);
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the stop");
  });

  it("shares the shards equally when clients join under load, and repeats nothing", async () => {
    const fleet = createSimulatedFleet({ seed: 2, shards: 10 });
    for (const name of ["a", "b", "c"]) {
      await fleet.start(name, { handlerMs: 2 });
      fleet.put(700);
      await fleet.clock.advance(50);
    }
    await complete(fleet, 60_000);
    await fleet.clock.advance(10_000);
    const counts = ["a", "b", "c"].map((id) => owned(fleet).filter((each) => each === id).length);
    assert.deepEqual(counts.sort(), [3, 3, 4]);
    assertKept(fleet);
  });

  it("moves only the shards it must when a client joins, within ten seconds", async () => {
    const fleet = createSimulatedFleet({ seed: 3, shards: 9 });
    const [a, b] = [await fleet.start("a"), await fleet.start("b")];
    await fleet.clock.advance(20_000);
    const captured = () =>
      [a, b].map(({ events }) => events.filter(({ type }) => type === "shard-captured").length);
    const before = captured();
    const c = await fleet.start("c");
    await fleet.clock.runUntil(() => c.kinsumer.ownedShardIds.length === 3, 10_000);
    assert.deepEqual(captured(), before, "a shard that stayed was captured again");
    assertKept(fleet);
  });

  it("hands a client's shards over within two seconds of a clean stop, and repeats nothing", async () => {
    const fleet = createSimulatedFleet({ seed: 4, shards: 8 });
    const [a, b] = [
      await fleet.start("a", { handlerMs: 5 }),
      await fleet.start("b", { handlerMs: 5 }),
    ];
    await fleet.clock.advance(20_000);
    fleet.put(400);
    await fleet.clock.advance(300);
    for (const [leaver, heir] of [[a, b]] as const) {
      const stopping = leaver.kinsumer.stop();
      await fleet.clock.runUntil(() => heir.kinsumer.ownedShardIds.length === 8, 2_000);
      await stopping;
    }
    await complete(fleet, 60_000);
    assertKept(fleet);
  });

  it("reads a crashed client's shards within 20 seconds, and repeats only what was not committed", async () => {
    for (const victim of ["a", "b"]) { // the leader, a follower
      const fleet = createSimulatedFleet({ seed: 5, shards: 8 });
      const clients = {
        a: await fleet.start("a"),
        b: await fleet.start("b"),
        c: await fleet.start("c"),
      };
      await fleet.clock.advance(20_000);
      fleet.put(800);
      await fleet.clock.advance(700);
      clients[victim as "a"].crash();
      fleet.put(800);
      await complete(fleet, 20_000);
      assert.ok(!fleet.tables.clientRows().some(({ clientId }) => clientId === victim));
      assert.deepEqual(fleet.account.violations, []);
      for (const { deliveries } of fleet.account.duplicates()) {
        assert.equal(deliveries[0]?.client, victim);
        assert.equal(deliveries.length, 2);
      }
    }
  });

  it("waits for a record in hand when a shard moves, however slow, and goes on after it", async () => {
    for (let seed = 180; seed < 188; seed++) {
      const fleet = createSimulatedFleet({ seed, shards: 2 });
      fleet.put(30);
      const options = { readLimit: 1, bufferSize: 1 }; // so that either shard may be in hand
      await fleet.start("a", { handlerMs: 4_000, options });
      await fleet.clock.advance(10_000 + 500 * (seed - 180));
      await fleet.start("b", { handlerMs: 4_000, options });
      await complete(fleet, 300_000);
      assertKept(fleet);
    }
  });

  it("continues after the last processed record, however long the sequence numbers grow", async () => {
    const fleet = createSimulatedFleet({ seed: 19, shards: 2 });
    for (const name of ["a", "b", "c"]) {
      const client = await fleet.start(name);
      for (const count of [5, 395]) {
        fleet.put(count);
        await complete(fleet, 20_000);
        await fleet.clock.advance(2_000);
      }
      await fleet.stop(client);
      for (const { shardId, sequenceNumber } of fleet.tables.checkpoints()) {
        assert.equal(sequenceNumber, fleet.stream.records(shardId).at(-1)?.sequenceNumber);
      }
    }
    const digits = new Set(
      fleet.stream.records("shardId-000000000000").map((r) => r.sequenceNumber.length),
    );
    assert.ok(digits.size > 1, "the sequence numbers did not gain a digit");
    assertKept(fleet);
  });

  it("takes what a killed process left, although another one has its ID by then", async () => {
    for (const afterMs of [100, 3_000, 8_000]) {
      const fleet = createSimulatedFleet({ seed: 25, shards: 8 });
      const a = await fleet.start("z", { handlerMs: 60_000 });
      await fleet.clock.advance(10_000);
      const heir = await fleet.start("b");
      await fleet.clock.advance(20_000);
      fleet.put(8);
      await fleet.clock.advance(3_000);
      void a.kinsumer.stop({ deadlineMs: 25_000 }); // its shards are the heir's from now on
      await fleet.clock.advance(3_000);
      a.crash(); // with a record of one of them in hand
      await fleet.clock.advance(afterMs);
      await fleet.start("z"); // which is given others
      await fleet.clock.runUntil(() => heir.kinsumer.ownedShardIds.length === 4, 20_000);
      fleet.put(80);
      await complete(fleet, 20_000);
      assert.deepEqual(fleet.account.violations, []);
    }
  });

  it("reads on by a new iterator when one fails for ever, whatever the error", async () => {
    const fleet = createSimulatedFleet({ seed: 26, shards: 1 });
    let brokenBeforeMs = 0;
    const intercept = (operation: string, args: unknown) => {
      const { shardIterator = "//0" } = args as { readonly shardIterator?: string };
      const isBroken = Number(shardIterator.split("/")[2]) < brokenBeforeMs;
      if (operation === "GetRecords" && isBroken) {
        throw new Error("as a port of the user's own may");
      }
    };
    const a = await fleet.start("a", { kinesis: { intercept } });
    fleet.put(10);
    await fleet.clock.advance(5_000);
    brokenBeforeMs = fleet.clock.clock.monotonicMs();
    fleet.put(10);
    await complete(fleet, 30_000);
    await fleet.stop(a);
    assertKept(fleet);
  });

  it("reads a stream that is made anew while it runs, whatever was finished in the old one", async () => {
    const defaults = { onInvalidCheckpoint: "horizon" } as const;
    const fleet = createSimulatedFleet({ seed: 24, shards: 2, defaults });
    for (const name of ["a", "b"]) await fleet.start(name);
    fleet.put(100);
    await fleet.clock.advance(5_000);
    fleet.stream.split("shardId-000000000000");
    await fleet.clock.advance(30_000);
    assert.equal(fleet.account.isComplete, true);
    fleet.stream.recreate();
    await fleet.clock.advance(30_000);
    fleet.put(100);
    await complete(fleet, 30_000);
    assert.ok(owned(fleet).slice(0, 2).every((id) => id !== undefined), "a shard has no owner");
  });

  it("does not finish a shard that was read to its end but is not processed when it stops", async () => {
    const fleet = createSimulatedFleet({ seed: 23, shards: 1 });
    const a = await fleet.start("a", { handlerMs: 1_000 });
    fleet.put(20);
    fleet.stream.split("shardId-000000000000");
    await fleet.clock.advance(5_000);
    await fleet.stop(a);
    assert.equal(fleet.tables.checkpoints()[0]?.isFinished, false);
    await fleet.start("b");
    await complete(fleet, 20_000);
    assertKept(fleet);
  });

  it("replaces an expired iterator without repeating what still waits to be processed", async () => {
    const fleet = createSimulatedFleet({ seed: 20, shards: 1, stream: { iteratorTtlMs: 400 } });
    await fleet.start("a", { handlerMs: 1_000, options: { bufferSize: 5, readLimit: 5 } });
    fleet.put(40);
    await complete(fleet, 60_000);
    assertKept(fleet);
  });

  it("does not take a missing iterator for the end of a shard", async () => {
    const fleet = createSimulatedFleet({ seed: 21, shards: 1 });
    let reads = 0;
    await fleet.start("a", {
      answer: (answer) => ++reads % 4 === 0 ? { ...answer, nextShardIterator: undefined } : answer,
    });
    for (let round = 0; round < 20; round++) {
      fleet.put(10);
      await fleet.clock.advance(1_000);
    }
    await complete(fleet, 20_000);
    assert.ok(reads > 20);
    assert.equal(fleet.tables.checkpoints()[0]?.isFinished, false);
    assertKept(fleet);
  });

  it("delivers a record again when the loop over it is left, and the others once", async () => {
    const fleet = createSimulatedFleet({ seed: 22, shards: 3 });
    const left: string[] = [];
    await fleet.start("a", {
      consume: async (kinsumer) => {
        for (let isDone = false; !isDone;) {
          isDone = true;
          for await (const record of kinsumer) {
            fleet.account.delivered("a", record);
            if (left.at(-1) !== record.sequenceNumber && Number(record.text()) % 10 === 0) {
              left.push(record.sequenceNumber);
              fleet.account.excuse("a"); // for the record that it left
              fleet.account.captured("a", record.shardId);
              isDone = false;
              break;
            }
            fleet.account.processed("a", record);
          }
        }
      },
    });
    fleet.put(100);
    await complete(fleet, 20_000);
    assertKept(fleet, 10);
    const repeated = fleet.account.duplicates().map(({ key }) => key.split("/")[1]);
    assert.deepEqual(repeated.sort(), [...left].sort());
  });

  it("misses nothing after a sentinel LATEST was captured, even if that client crashes at once", async () => {
    const fleet = createSimulatedFleet({ seed: 26, shards: 1 });
    fleet.stream.put({ partitionKey: "before", data: "before" });
    const sentinel = { Shard: { S: "shardId-000000000000" }, SequenceNumber: { S: "LATEST" } };
    fleet.tables.put("checkpoints", sentinel);
    const a = await fleet.start("a", { options: { commitIntervalMs: 60_000 } });
    await fleet.clock.advance(2_000);
    fleet.put(10);
    await fleet.clock.advance(1_000);
    assert.equal(fleet.account.processedCount, 10, "the record before the capture is not owed");
    a.crash();
    fleet.put(10);
    await fleet.clock.advance(1_000);
    const b = await fleet.start("b");
    await complete(fleet, 30_000);
    await fleet.stop(b);
    assert.deepEqual(fleet.account.violations, []);
    assert.equal(fleet.account.duplicates().length, 10, "a had not committed anything");
  });

  it("takes no shard from a living client whose clock is ten minutes off", async () => {
    const fleet = createSimulatedFleet({ seed: 6, shards: 6 });
    const clients = [
      await fleet.start("a", { wallOffsetMs: 600_000 }),
      await fleet.start("b", { wallOffsetMs: -600_000 }),
      await fleet.start("c"),
    ];
    for (let minute = 0; minute < 10; minute++) {
      fleet.put(60);
      await fleet.clock.advance(60_000);
      clients[minute % 3]!.machine.setWallOffset(minute % 2 === 0 ? -600_000 : 600_000);
    }
    await complete(fleet, 10_000);
    assertKept(fleet);
    for (const { events } of clients) {
      assert.deepEqual(
        events.filter(({ type }) => type === "shard-lost" || type === "client-left"),
        [],
      );
    }
  });

  it("fences a client that was paused beyond its time to live, which then joins again", async () => {
    const fleet = createSimulatedFleet({ seed: 7, shards: 6 });
    const [a, b] = [
      await fleet.start("a", { handlerMs: 3 }),
      await fleet.start("b", { handlerMs: 3 }),
    ];
    await fleet.clock.advance(20_000);
    fleet.put(600);
    await fleet.clock.advance(500);
    b.crash();
    await fleet.clock.advance(30_000);
    fleet.put(600);
    b.machine.resume();
    await complete(fleet, 60_000);
    await fleet.clock.advance(20_000);
    assert.deepEqual(fleet.account.violations, []);
    assert.ok(b.events.some(({ type }) => type === "shard-lost"));
    assert.equal(a.kinsumer.ownedShardIds.length, 3);
    assert.equal(b.kinsumer.ownedShardIds.length, 3);
  });

  it("gives its shards up by itself when it cannot beat, and takes them back when it can", async () => {
    const fleet = createSimulatedFleet({ seed: 8, shards: 2 });
    const a = await fleet.start("a");
    await fleet.clock.advance(5_000);
    a.cut({ dynamodb: true });
    fleet.put(10);
    await fleet.clock.advance(7_000);
    const handedOver = fleet.account.processedCount;
    await fleet.clock.advance(5_000);
    fleet.put(10);
    await fleet.clock.advance(20_000);
    assert.equal(handedOver, 10);
    assert.equal(fleet.account.processedCount, 10, "records were handed over without a lease");
    assert.ok(
      a.events.some((event) => event.type === "shard-lost" && event.reason === "lease-expired"),
    );
    a.cut({ dynamodb: false });
    await complete(fleet, 20_000);
    assert.deepEqual(fleet.account.violations, []);
  });

  it("goes on with a partition from Kinesis alone once it ends, and loses no shard meanwhile", async () => {
    const fleet = createSimulatedFleet({ seed: 9, shards: 4 });
    const a = await fleet.start("a");
    await fleet.clock.advance(5_000);
    a.cut({ kinesis: true });
    fleet.put(100);
    await fleet.clock.advance(400_000); // the iterators expire meanwhile
    assert.equal(fleet.account.processedCount, 0);
    a.cut({ kinesis: false });
    await complete(fleet, 15_000);
    assertKept(fleet);
    assert.ok(!a.events.some(({ type }) => type === "shard-lost"));
  });

  it("reads the children of a split and a merge after their parents, under load", async () => {
    for (const namesChildShards of [true, false]) {
      const fleet = createSimulatedFleet({ seed: 10, shards: 4, stream: { namesChildShards } });
      const options = { readLimit: 5, bufferSize: 10 }; // so that shards take turns
      await fleet.start("a", { handlerMs: 20, options });
      await fleet.start("b", { handlerMs: 20, options });
      await fleet.clock.advance(10_000);
      const [first, second, third] = fleet.stream.shards().map(({ shardId }) => shardId);
      fleet.put(1_000); // ten seconds' work: the reshards are noticed long before it is done
      fleet.stream.split(first!);
      fleet.put(1_000);
      fleet.put(200, third); // so that one parent is finished long before the other
      fleet.stream.merge(second!, third!);
      fleet.put(500);
      await complete(fleet, 120_000);
      assertKept(fleet);
      await fleet.clock.advance(30_000);
      const finished = fleet.tables.checkpoints().filter(({ isFinished }) => isFinished);
      assert.deepEqual(finished.map(({ shardId }) => shardId), [first, second, third]);
      const open = fleet.stream.shards().filter(({ endingSequenceNumber }) =>
        !endingSequenceNumber
      );
      assert.deepEqual(
        fleet.tables.shardCache()?.shardIds,
        open.map(({ shardId }) => shardId).sort(),
      );
    }
  });

  it("recognises its own writes when their answers are lost", async () => {
    const fleet = createSimulatedFleet({ seed: 11, shards: 3 });
    let writes = 0;
    const a = await fleet.start("a", {
      dynamodb: {
        interceptAnswer: (operation) => {
          if (operation === "UpdateItem" && ++writes % 3 === 0) throw new TypeError("fetch failed");
        },
      },
    });
    for (let round = 0; round < 20; round++) {
      fleet.put(30);
      await fleet.clock.advance(1_000);
    }
    await complete(fleet, 30_000);
    await fleet.stop(a);
    assertKept(fleet);
    assert.ok(writes > 45, `${writes} writes`);
    assert.ok(!a.events.some(({ type }) => type === "shard-lost" || type === "failed"));
  });

  it("waits out throttling and faulty answers for ever, without a hot loop", async () => {
    const fleet = createSimulatedFleet({ seed: 12, shards: 2 });
    let isThrottled = true;
    let reads = 0;
    await fleet.start("a", {
      kinesis: {
        intercept: (operation) => {
          if (operation !== "GetRecords") return;
          reads++;
          if (isThrottled) throw new KinsumerError("Throttled", "slow down", { retryable: true });
        },
      },
    });
    fleet.put(10);
    await fleet.clock.advance(600_000);
    assert.equal(fleet.account.processedCount, 0);
    assert.ok(reads < 2 * 140 && reads > 2 * 50, `${reads} reads in ten minutes`);
    isThrottled = false;
    await complete(fleet, 15_000);
    assertKept(fleet);
  });

  it("stops the older of two processes with one ID, and leaves the newer alone", async () => {
    const fleet = createSimulatedFleet({ seed: 24, shards: 2 });
    const older = await fleet.start("a");
    await fleet.clock.advance(5_000);
    const newer = await fleet.start("b", { clientId: "a" });
    let failure: unknown;
    older.done.catch((error: unknown) => (failure = error));
    await fleet.clock.runUntil(() => failure !== undefined, 5_000);
    assert.ok(
      failure instanceof KinsumerError && failure.code === "ClientIdInUse",
      String(failure),
    );
    fleet.put(50);
    await complete(fleet, 20_000);
    await fleet.clock.advance(20_000);
    assert.equal(fleet.tables.clientRows().length, 1);
    assert.equal(newer.kinsumer.ownedShardIds.length, 2);
    assert.deepEqual(fleet.account.violations, []);
  });

  it("lets the lowest ID lead, and yield to a lower one that joins", async () => {
    const fleet = createSimulatedFleet({ seed: 13, shards: 2 });
    const c = await fleet.start("c");
    await fleet.start("d");
    await fleet.clock.advance(10_000);
    assert.equal(fleet.tables.leader()?.clientId, "c");
    await fleet.start("b");
    await fleet.clock.runUntil(() => fleet.tables.leader()?.clientId === "b", 10_000);
    assert.equal(c.kinsumer.isLeader, false);
    assertKept(fleet);
  });

  it("gives a dead client's shards away, and keeps the lead, while the stream cannot be listed", async () => {
    for (const retryable of [true, false]) {
      const fleet = createSimulatedFleet({ seed: 29, shards: 4 });
      let isRefusing = false;
      const intercept = (operation: string) => {
        if (!isRefusing || operation !== "ListShards") return;
        throw new KinsumerError("AccessDenied", "Cannot list the shards", { retryable });
      };
      const a = await fleet.start("a", { kinesis: { intercept } });
      const b = await fleet.start("b", { kinesis: { intercept } });
      const c = await fleet.start("c", { kinesis: { intercept } });
      await fleet.clock.advance(20_000);
      assert.equal(a.kinsumer.isLeader, true, "the lowest ID leads");
      isRefusing = true;
      await fleet.clock.advance(7_000);
      a.crash();
      const owned = () => b.kinsumer.ownedShardIds.length + c.kinsumer.ownedShardIds.length;
      await fleet.clock.runUntil(() => owned() === 4, 20_000);
      const losses = () => b.events.filter(({ type }) => type === "leader-lost").length;
      const before = losses();
      await fleet.clock.advance(60_000);
      assert.equal(losses(), before, "the lead was lost for want of a list");
      assert.equal(b.kinsumer.isLeader, true, "the lowest living ID does not lead");
      isRefusing = false;
      fleet.put(20);
      fleet.stream.split("shardId-000000000000");
      fleet.put(20);
      await complete(fleet, 30_000);
      assertKept(fleet);
    }
  });

  it("follows Go's rule while a Go client lives, and its own again once it is gone", async () => {
    const fleet = createSimulatedFleet({ seed: 14, shards: 6 });
    const beat = () =>
      fleet.tables.put("clients", {
        ID: { S: "b-go" },
        Name: { S: "go" },
        LastUpdate: { N: `${fleet.clock.clock.nowMs()}000000` },
        LastUpdateRFC: { S: "-" },
      });
    beat();
    const [a, c] = [await fleet.start("a"), await fleet.start("c")];
    await fleet.clock.advance(20_000);
    const shardIds = fleet.tables.shardCache()!.shardIds;
    const share = (rank: number) => shardIds.filter((_, index) => index % 3 === rank);
    assert.deepEqual(a.kinsumer.ownedShardIds, share(0));
    assert.deepEqual(c.kinsumer.ownedShardIds, share(2));
    await fleet.clock.runUntil(() => a.kinsumer.ownedShardIds.length === 3, 330_000);
    await fleet.clock.advance(20_000);
    assert.equal(c.kinsumer.ownedShardIds.length, 3);
    assertKept(fleet);
  });

  it("takes over the tables of a Go fleet, and reads what has no checkpoint from the start", async () => {
    for (const startAt of ["horizon", "latest"] as const) {
      const fleet = createSimulatedFleet({ seed: 27, shards: 2 });
      fleet.put(20);
      const shardIds = fleet.stream.shards().map(({ shardId }) => ({ S: shardId }));
      const time = { LastUpdate: { N: "1" }, LastUpdateRFC: { S: "-" } };
      fleet.tables.put("metadata", {
        Key: { S: "ShardCache" },
        ShardIDs: { L: shardIds },
        ...time,
      });
      await fleet.start("a", { options: { startAt } });
      await complete(fleet, 10_000);
      assertKept(fleet);
    }
  });

  it("holds children back under a Go leader too, which publishes them at once", async () => {
    const fleet = createSimulatedFleet({ seed: 28, shards: 1 });
    const goRows = () => {
      const time = { LastUpdate: { N: `${fleet.clock.clock.nowMs()}000000` } };
      fleet.tables.put("clients", { ID: { S: "0-go" }, Name: { S: "go" }, ...time });
      const leader = { Key: { S: "Leader" }, ID: { S: "0-go" }, Name: { S: "go" }, ...time };
      fleet.tables.put("metadata", leader);
      const ids = fleet.stream.shards().map(({ shardId }) => shardId).sort();
      fleet.account.go.published(ids);
      // Go's rule gives every second shard to us: between those that exist stand others, for it.
      const shardIds = ["shardId-", ...ids.flatMap((id) => [id, `${id}-go`])].map((id) => ({
        S: id,
      }));
      fleet.tables.put("metadata", {
        Key: { S: "ShardCache" },
        ShardIDs: { L: shardIds },
        ...time,
      });
    };
    goRows();
    const options = { readLimit: 5, bufferSize: 5 };
    const a = await fleet.start("a", { handlerMs: 50, options });
    fleet.put(200);
    fleet.stream.split("shardId-000000000000");
    fleet.put(100);
    for (let second = 0; second < 60; second++) {
      goRows();
      await fleet.clock.advance(1_000);
    }
    assert.equal(a.kinsumer.isLeader, false);
    assert.equal(fleet.account.isComplete, true);
    assertKept(fleet);
  });

  it("keeps to its deadline when a record is held for ever, and delivers that record again", async () => {
    const fleet = createSimulatedFleet({ seed: 15, shards: 2 });
    const a = await fleet.start("a", { handlerMs: 3_600_000 });
    fleet.put(10);
    await fleet.clock.advance(5_000);
    const fromMs = fleet.clock.clock.monotonicMs();
    fleet.account.excuse("a"); // for the record that it holds
    await fleet.stop(a, 3_000);
    assert.ok(fleet.clock.clock.monotonicMs() - fromMs <= 3_000);
    assert.deepEqual(owned(fleet), [undefined, undefined]);
    assert.deepEqual(fleet.tables.clientRows(), []);
    await fleet.start("b");
    await complete(fleet, 20_000);
    assertKept(fleet, 1);
  });

  it("stops within its deadline even when nothing answers", async () => {
    const fleet = createSimulatedFleet({ seed: 16, shards: 2 });
    const a = await fleet.start("a");
    await fleet.clock.advance(5_000);
    a.cut({ dynamodb: true, kinesis: true });
    const fromMs = fleet.clock.clock.monotonicMs();
    await fleet.stop(a, 4_000);
    assert.ok(fleet.clock.clock.monotonicMs() - fromMs <= 4_000);
    await fleet.clock.advance(60_000);
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the stop");
  });

  it("stops within its deadline even when its ports never answer and heed no signal", async () => {
    const fleet = createSimulatedFleet({ seed: 25, shards: 2 });
    let isHanging = false;
    const hang = () => isHanging ? new Promise<void>(() => {}) : undefined;
    const a = await fleet.start("a", {
      dynamodb: { intercept: hang },
      kinesis: { intercept: hang },
    });
    await fleet.clock.advance(5_000);
    isHanging = true;
    await fleet.clock.advance(1_000);
    const fromMs = fleet.clock.clock.monotonicMs();
    await fleet.stop(a, 4_000);
    const tookMs = fleet.clock.clock.monotonicMs() - fromMs;
    assert.ok(tookMs <= 4_000, `it took ${tookMs} ms`);
    await fleet.clock.advance(60_000);
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the stop");
  });

  it("stops within its deadline while it joins, although its ports never answer", async () => {
    const fleet = createSimulatedFleet({ seed: 25, shards: 2 });
    const hang = (operation: string) =>
      operation === "UpdateItem" ? new Promise<void>(() => {}) : undefined;
    const client = openSimulatedClient(fleet, {
      name: "a",
      seed: 1,
      dynamodb: { intercept: hang },
    });
    client.done.catch(() => {});
    const joining = assert.rejects(client.joined, { code: "NotRunning" });
    await fleet.clock.advance(1_000);
    const fromMs = fleet.clock.clock.monotonicMs();
    await fleet.stop(client, 4_000);
    const tookMs = fleet.clock.clock.monotonicMs() - fromMs;
    assert.ok(tookMs <= 4_000, `it took ${tookMs} ms`);
    await joining;
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the stop");
  });

  it("asks DynamoDB for little while idle", async () => {
    const fleet = createSimulatedFleet({ seed: 17, shards: 8 });
    let requests = 0;
    const dynamodb = { intercept: () => void requests++ };
    const [a, b] = [await fleet.start("a", { dynamodb }), await fleet.start("b", { dynamodb })];
    await fleet.clock.advance(60_000);
    requests = 0;
    await fleet.clock.advance(600_000);
    const perSecond = requests / 600 / 2;
    assert.ok(perSecond < 1.3, `${perSecond} requests a second and client`);
    assert.equal(a.kinsumer.ownedShardIds.length + b.kinsumer.ownedShardIds.length, 8);
  });
});
