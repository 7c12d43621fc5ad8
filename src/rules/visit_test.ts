// The contract: a client that is here for one run takes only what nobody has, shares with those that
// come at the same time, leaves nothing free in the end, and keeps what it needs to leave in order.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { REQUESTS_PER_SHARD, requestsToLeave, takeCount, tenureOf } from "./visit.ts";

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
