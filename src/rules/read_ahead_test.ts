// The contract: a shard with nothing waiting may always be read; beyond its share of the buffer it
// may not, so that what all shards hold stays bounded.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mayReadAhead } from "./read_ahead.ts";

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
