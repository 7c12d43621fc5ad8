// The contract: a client that is here for one run takes only what nobody has, shares with those that
// come at the same time, leaves nothing free in the end, and keeps what it needs to leave in order.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  byWaiting,
  lookIntervalMs,
  REQUESTS_PER_SHARD,
  requestsToLeave,
  survey,
  takeCount,
  tenureOf,
} from "./visit.ts";

describe("tenureOf()", () => {
  const row = { shardId: "s", lastUpdate: "1", isFinished: false };
  const owned = { ...row, ownerId: "a" };

  it("is free where nobody has the shard, or somebody without a row, or somebody dead", () => {
    assert.equal(tenureOf(undefined, undefined), "free");
    assert.equal(tenureOf(row, undefined), "free");
    assert.equal(tenureOf(owned, undefined), "free");
    assert.equal(tenureOf(owned, { isLiving: false, hasBeaten: true }), "free");
  });

  it("is held by whoever was seen beating, and silent until then", () => {
    assert.equal(tenureOf(owned, { isLiving: true, hasBeaten: true }), "held");
    assert.equal(tenureOf(owned, { isLiving: true, hasBeaten: false }), "silent");
  });
});

describe("byWaiting()", () => {
  const rows = new Map([["a", 100], ["b", 10_000], ["c", 300]].map(([shardId, seconds]) => {
    const lastUpdate = `${seconds}000000000`;
    return [`${shardId}`, { shardId: `${shardId}`, lastUpdate, isFinished: false }];
  }));
  const wallNowMs = 20_000_000;
  const drawing = (...draws: readonly number[]) => {
    const left = [...draws];
    return { wallNowMs, chance: () => left.shift()! };
  };

  it("puts those first that nobody has had, then those that were let go the longest ago", () => {
    assert.deepEqual(byWaiting(["b", "d", "a"], rows, drawing(0.9, 0, 0)), ["d", "a", "b"]);
  });

  it("leaves to chance what waited about as long, among those without a row too", () => {
    assert.deepEqual(byWaiting(["a", "c"], rows, drawing(0, 0.5)), ["c", "a"]);
    assert.deepEqual(byWaiting(["a", "c"], rows, drawing(0.5, 0)), ["a", "c"]);
    assert.deepEqual(byWaiting(["d", "e"], rows, drawing(0.1, 0.2)), ["e", "d"]);
  });

  it("takes a row of the future, by a clock that is wrong, for one that has just been written", () => {
    const early = { ...drawing(0, 0), wallNowMs: 200_000 };
    assert.deepEqual(byWaiting(["b", "a"], rows, early), ["a", "b"]);
  });
});

describe("takeCount()", () => {
  const facts = {
    freeCount: 10,
    readableCount: 10,
    ownedCount: 0,
    clientCount: 1,
    isFirstLook: true,
    requestsLeft: 1_000,
  };

  it("takes all that is free where it is alone", () => assert.equal(takeCount(facts), 10));

  it("takes an equal share at the first look, rounded up, and all of the rest at the second", () => {
    const three = { ...facts, clientCount: 3 };
    assert.equal(takeCount(three), 4);
    assert.equal(takeCount({ ...three, ownedCount: 3 }), 1);
    assert.equal(takeCount({ ...three, freeCount: 2 }), 2);
    assert.equal(takeCount({ ...three, ownedCount: 4 }), 0);
    assert.equal(takeCount({ ...three, ownedCount: 4, freeCount: 6, isFirstLook: false }), 6);
  });

  it("takes no more than it can afford, what leaving takes kept back", () => {
    const poor = (requestsLeft: number, ownedCount = 0) =>
      takeCount({ ...facts, requestsLeft, ownedCount, isFirstLook: false });
    const enough = requestsToLeave(0) + REQUESTS_PER_SHARD;
    assert.equal(poor(enough - 1), 0);
    assert.equal(poor(enough), 1);
    assert.equal(poor(0), 0);
    assert.equal(poor(enough, 1), 0);
    assert.equal(poor(enough + requestsToLeave(1) - requestsToLeave(0), 1), 1);
  });
});

describe("survey()", () => {
  const closed = { shardId: "p", startingSequenceNumber: "10", endingSequenceNumber: "20" };
  const child = { shardId: "c", parentShardId: "p", startingSequenceNumber: "30" };
  const finished = { shardId: "p", sequenceNumber: "15", lastUpdate: "1", isFinished: true };
  const seen = (...rows: readonly (typeof finished)[]) =>
    survey([closed, child], new Map(rows.map((row) => [row.shardId, row])));

  it("lets a child be read once its parent is finished, and not before", () => {
    assert.deepEqual(seen(), { closedIds: new Set(["p"]), readableIds: ["p"] });
    assert.deepEqual(seen(finished).readableIds, ["c"]);
  });

  it("believes no row of another stream that a shard is finished", () => {
    const foreign = { ...finished, shardId: "c" };
    assert.deepEqual(seen(finished, foreign).readableIds, ["c"]);
    assert.deepEqual(seen({ ...finished, sequenceNumber: "5" }).readableIds, ["p"]);
  });
});

describe("lookIntervalMs()", () => {
  it("looks soon at what may be free, seldom at what others hold, and else never", () => {
    assert.equal(lookIntervalMs(["held", "silent"], false), 1_000);
    assert.equal(lookIntervalMs(["free"], true), 1_000);
    assert.equal(lookIntervalMs(["held"], true), 5_000);
    assert.deepEqual([lookIntervalMs(["held"], false), lookIntervalMs([], true)], [
      Infinity,
      Infinity,
    ]);
  });
});
