// The contract: a shard with nothing waiting may always be read; beyond its share of the buffer it
// may not, so that what all shards hold stays bounded; nor may it where too much is done beyond a
// record that is not.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mayReadAhead, mustWaitForFirst } from "./read_ahead.ts";

const FACTS = {
  heldBytes: 100,
  heldCount: 10,
  expectedBytes: 100,
  shardCount: 5,
  maxBytes: 1_000,
  ownShardCount: 4,
  maxCount: 100,
};

describe("mayReadAhead()", () => {
  it("allows a shard that has nothing waiting, however small its share", () => {
    assert.equal(mayReadAhead({ ...FACTS, heldBytes: 0, heldCount: 0, shardCount: 1e6 }), true);
  });

  it("allows as many bytes as the share has, and not one more", () => {
    assert.equal(mayReadAhead(FACTS), true);
    assert.equal(mayReadAhead({ ...FACTS, expectedBytes: 101 }), false);
    assert.equal(mayReadAhead({ ...FACTS, heldBytes: 101 }), false);
  });

  it("allows a read as long as fewer records wait than the share has", () => {
    assert.equal(mayReadAhead({ ...FACTS, heldCount: 24 }), true);
    assert.equal(mayReadAhead({ ...FACTS, heldCount: 25 }), false);
  });
});

describe("mustWaitForFirst()", () => {
  const FACTS = { aheadCount: 1_000, shardCount: 5, maxBytes: 2_000_000 };

  it("allows what takes half of the shard's share to remember, and not one record more", () => {
    assert.equal(mustWaitForFirst(FACTS), false);
    assert.equal(mustWaitForFirst({ ...FACTS, aheadCount: 1_001 }), true);
  });

  it("never keeps a shard waiting that is ahead of nothing, however small its share", () => {
    assert.equal(mustWaitForFirst({ ...FACTS, aheadCount: 0, shardCount: 1e9 }), false);
  });
});
