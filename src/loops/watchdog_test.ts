// The contract: a snapshot is plain data that tells where each shard stands and no record's data; a
// shard that stands still is told of, as an event, a span and a metric; a reading that hangs begins
// anew and repeats nothing; what waits for the user is left alone.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { assertSpan } from "../../testing/spans_assert.ts";
import { recordSpans } from "../../testing/spans.ts";
import type { KinsumerEvent } from "../events.ts";
import { KinsumerError } from "../errors.ts";

const SHARD = "shardId-000000000000";

function isOfCheckpoints(args: unknown): boolean {
  return JSON.stringify(args).includes("checkpoints");
}

function stallsOf(events: readonly KinsumerEvent[]) {
  return events.flatMap((event) =>
    event.type === "shard-stalled" ? [[event.waitingFor, event.isRestarted]] : []
  );
}

describe("a snapshot", () => {
  it("tells where each shard stands, as plain data", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 2 });
    fleet.put(6, SHARD);
    const a = await fleet.start("a", { handlerMs: 2_000 });
    await fleet.clock.advance(8_000);
    const snapshot = a.kinsumer.snapshot();
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot);
    assert.equal(snapshot.state, "running");
    assert.deepEqual(snapshot.health, { status: "healthy", reasons: [] });
    assert.deepEqual([snapshot.clientId, snapshot.isLeader], ["a", true]);
    assert.ok((snapshot.heartbeatAgeMs ?? Infinity) < 2_000, `${snapshot.heartbeatAgeMs}`);
    assert.ok(snapshot.leaseRemainingMs > 5_000, `${snapshot.leaseRemainingMs}`);
    const [first, second] = snapshot.shards;
    assert.equal(snapshot.shards.length, 2);
    assert.deepEqual([first?.shardId, first?.state, first?.isOwner], [SHARD, "reading", true]);
    assert.equal(first?.waitingFor, "consumer");
    assert.equal(first?.inHandRecords, 1);
    assert.ok((first?.waitingRecords ?? 0) >= 1, "some wait");
    assert.ok((first?.heldBytes ?? 0) > 0, "they take some of the budget");
    assert.ok(first!.readSequenceNumber! > first!.processedSequenceNumber!, "read ahead");
    assert.deepEqual([second?.waitingFor, second?.lagMs], [null, 0]);
    assert.equal(snapshot.buffer.inHandRecords, 1);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 60_000);
    await fleet.stop(a);
    const last = a.kinsumer.snapshot();
    assert.deepEqual([last.state, last.health.status, last.shards], ["stopped", "failed", []]);
  });

  it("tells of a paused shard and its error, and of no message", async () => {
    const fleet = createSimulatedFleet({ seed: 2, shards: 1 });
    fleet.put(2);
    const a = await fleet.start("a", {
      consume: async (kinsumer) => {
        const onFailure = { attempts: 1, action: "pauseShard", resumeAfterMs: 600_000 } as const;
        await kinsumer.process(() => {
          throw new RangeError("a secret");
        }, { onFailure });
      },
    });
    await fleet.clock.advance(10_000);
    const snapshot = a.kinsumer.snapshot();
    assert.deepEqual(snapshot.health, {
      status: "degraded",
      reasons: [{ code: "shard-paused", shardId: SHARD }],
    });
    const [shard] = snapshot.shards;
    assert.equal(shard?.paused?.error, "RangeError");
    assert.equal(shard.paused.resumesAtMs, shard.paused.sinceMs + 600_000);
    assert.equal(shard.lastError?.code, "RangeError");
    assert.equal(snapshot.lastError?.code, "RangeError");
    assert.ok(!JSON.stringify(snapshot).includes("secret"), "a message is told");
    await fleet.clock.advance(100_000);
    assert.deepEqual(stallsOf(a.events), [], "it is told as paused, and not as stalled too");
    await fleet.stop(a);
  });
});

describe("the watchdog", () => {
  it("begins a reading that hangs anew, and nothing comes twice", async () => {
    const spans = await recordSpans();
    const fleet = createSimulatedFleet({ seed: 3, shards: 1 });
    let mustHang = false;
    fleet.put(5);
    const a = await fleet.start("a", {
      kinesis: {
        intercept: (operation) => {
          if (operation === "GetRecords" && mustHang) return new Promise(() => {});
          return undefined;
        },
      },
    });
    await fleet.clock.runUntil(() => fleet.account.isComplete, 10_000);
    mustHang = true;
    await fleet.clock.advance(2_000);
    fleet.put(5);
    await fleet.clock.advance(55_000);
    assert.deepEqual(stallsOf(a.events), []);
    mustHang = false; // but the call that hangs is never answered
    await fleet.clock.advance(25_000);
    assert.deepEqual(stallsOf(a.events), [["reading", true]]);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    assert.deepEqual(a.kinsumer.snapshot().health.reasons, []);
    await fleet.stop(a);
    await spans.stop();
    assert.deepEqual(fleet.account.violations, []);
    assert.equal(fleet.account.duplicates().length, 0);
    assert.equal(a.kinsumer.snapshot().buffer.heldBytes, 0, "the budget is not given back");
    const { startMs, endMs } = assertSpan(spans, {
      name: "stall simulated",
      kind: "internal",
      attributes: {
        "kinsumer.reason": "reading",
        "kinsumer.outcome": "restarted",
        "messaging.destination.partition.id": SHARD,
      },
    });
    assert.ok(endMs - startMs >= 60_000, `it covers the stall: ${endMs - startMs} ms`);
  });

  it("tells what waits for the user, and leaves it alone", async () => {
    const fleet = createSimulatedFleet({ seed: 4, shards: 1 });
    fleet.put(3);
    const a = await fleet.start("a", { handlerMs: 200_000 });
    await fleet.clock.advance(150_000);
    assert.deepEqual(stallsOf(a.events), [["consumer", false]]);
    const { health, shards } = a.kinsumer.snapshot();
    assert.deepEqual(health.reasons, [{ code: "shard-stalled", shardId: SHARD }]);
    assert.ok((shards[0]?.stalledMs ?? 0) >= 60_000, `${shards[0]?.stalledMs} ms`);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 700_000);
    await fleet.stop(a);
    assert.equal(fleet.account.duplicates().length, 0, "what is in hand must not be read again");
  });

  it("tells of a shard that another client keeps, and of whom", async () => {
    const fleet = createSimulatedFleet({ seed: 6, shards: 2 });
    let isRefused = false;
    const b = await fleet.start("b", {
      dynamodb: {
        intercept: (operation, args) => {
          if (!isRefused || operation !== "UpdateItem" || !isOfCheckpoints(args)) return;
          throw new KinsumerError("AccessDenied", "no", { operation }); // it beats, and releases nothing
        },
      },
    });
    await fleet.clock.advance(5_000);
    assert.equal(b.kinsumer.snapshot().shards.length, 2);
    isRefused = true;
    const a = await fleet.start("a");
    await fleet.clock.advance(55_000);
    const capturing = a.kinsumer.snapshot().shards[0];
    assert.deepEqual([capturing?.state, capturing?.waitingFor], ["capturing", "owner"]);
    assert.deepEqual(stallsOf(a.events), []);
    await fleet.clock.advance(30_000);
    assert.deepEqual(stallsOf(a.events), [["owner", false]]);
    const told = a.events.find(({ type }) => type === "shard-stalled");
    assert.ok(told?.type === "shard-stalled", "it is told");
    assert.deepEqual([told.shardId, told.ownerId], [capturing?.shardId, "b"]);
    const { status, reasons } = a.kinsumer.snapshot().health;
    const reason = { code: "shard-stalled", shardId: told.shardId };
    assert.deepEqual([status, reasons], ["degraded", [reason]]);
    isRefused = false;
    await fleet.clock.advance(60_000);
    assert.equal(a.kinsumer.snapshot().shards[0]?.state, "reading");
    assert.deepEqual(a.kinsumer.snapshot().health.reasons, []);
    await fleet.stop(a);
    await fleet.stop(b);
  });

  it("does not tell of a shard whose owner waits for its records in hand", async () => {
    const fleet = createSimulatedFleet({ seed: 7, shards: 2 });
    const options = { stalledAfterMs: 2_000 };
    const b = await fleet.start("b", {
      consume: async (kinsumer, machine) => {
        await kinsumer.process(async () => await machine.clock.sleep(25_000));
      },
    });
    await fleet.clock.advance(5_000);
    for (const shardId of [SHARD, "shardId-000000000001"]) fleet.put(1, shardId);
    await fleet.clock.advance(2_000);
    const a = await fleet.start("a", { options });
    await fleet.clock.advance(10_000);
    const waiting = a.kinsumer.snapshot().shards.map(({ waitingFor }) => waitingFor);
    assert.deepEqual(waiting, ["owner"]);
    await fleet.clock.advance(30_000);
    assert.deepEqual(a.kinsumer.snapshot().shards.map(({ state }) => state), ["reading"]);
    assert.deepEqual(stallsOf(a.events).filter(([reason]) => reason === "owner"), []);
    await fleet.stop(a);
    await fleet.stop(b);
  });

  it("names a handler, a throttled service, and a checkpoint that is not written", async () => {
    const fleet = createSimulatedFleet({ seed: 5, shards: 1 });
    const failing = { kinesis: false, dynamodb: false };
    const throttle = (operation: string, service: "kinesis" | "dynamodb", isMeant: boolean) => {
      if (!failing[service] || !isMeant) return;
      throw new KinsumerError("Throttled", "slow down", { operation, retryable: true });
    };
    let handlerMs = 100_000;
    fleet.put(1);
    const a = await fleet.start("a", {
      kinesis: {
        intercept: (operation) => throttle(operation, "kinesis", operation === "GetRecords"),
      },
      dynamodb: {
        intercept: (operation, args) =>
          throttle(operation, "dynamodb", operation === "UpdateItem" && isOfCheckpoints(args)),
      },
      consume: async (kinsumer, machine) => {
        await kinsumer.process(async () => await machine.clock.sleep(handlerMs));
      },
    });
    await fleet.clock.advance(90_000);
    assert.deepEqual(stallsOf(a.events), [["handler", false]]);
    await fleet.clock.advance(30_000);
    handlerMs = 0;
    failing.dynamodb = true;
    fleet.put(1);
    await fleet.clock.advance(120_000);
    assert.deepEqual(stallsOf(a.events).at(-1), ["checkpoint", false]);
    failing.dynamodb = false;
    await fleet.clock.advance(60_000);
    failing.kinesis = true;
    fleet.put(1);
    await fleet.clock.advance(300_000);
    assert.deepEqual(stallsOf(a.events).slice(2), [["throttled", false]]);
    failing.kinesis = false;
    await fleet.stop(a);
  });
});
