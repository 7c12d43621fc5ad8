// From which shards a shard descends, and which open shards lie side by side.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ancestorsOf, openShardsInKeyOrder } from "./lineage.ts";

const CLOSED = { endingSequenceNumber: "9" };
const SHARDS = [
  { shardId: "s0" },
  { shardId: "s1", ...CLOSED },
  { shardId: "s2", ...CLOSED },
  { shardId: "s3", ...CLOSED },
  { shardId: "s4", parentShardId: "s1", ...CLOSED },
  { shardId: "s5", parentShardId: "s1" },
  { shardId: "s6", parentShardId: "s2", adjacentParentShardId: "s3", ...CLOSED },
  { shardId: "s7", parentShardId: "s4" },
  { shardId: "s8", parentShardId: "s4" },
  { shardId: "s9", parentShardId: "s6" },
];

describe("ancestorsOf()", () => {
  it("finds parents, both of a merge, and their parents", () => {
    const ancestors = ancestorsOf(SHARDS);
    assert.deepEqual(ancestors.get("s0"), []);
    assert.deepEqual(ancestors.get("s7"), ["s4", "s1"]);
    assert.deepEqual(ancestors.get("s9"), ["s6", "s2", "s3"]);
  });
});

describe("openShardsInKeyOrder()", () => {
  it("puts the halves of a split, and a merged shard, where their parents stood", () => {
    assert.deepEqual(openShardsInKeyOrder(SHARDS), ["s0", "s7", "s8", "s5", "s9"]);
  });

  it("has a new stream's shards in the order of their numbers", () => {
    const shards = [{ shardId: "s2" }, { shardId: "s0" }, { shardId: "s1" }];
    assert.deepEqual(openShardsInKeyOrder(shards), ["s0", "s1", "s2"]);
  });
});
