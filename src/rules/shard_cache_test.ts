// The contract: the shard cache lists what may be read, sorted; a checkpoint outlives one faulty
// list of shards, and a living owner.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint } from "../model.ts";
import { isSameList, outlivedCheckpoints, shardCacheIds } from "./shard_cache.ts";

describe("shardCacheIds()", () => {
  it("lists the readable shards, sorted", () => {
    const shards = [{ shardId: "2", parentShardId: "0" }, { shardId: "1" }, { shardId: "0" }];
    assert.deepEqual(shardCacheIds(shards, new Set()), ["0", "1"]);
    assert.deepEqual(shardCacheIds(shards, new Set(["0"])), ["1", "2"]);
  });
});

describe("isSameList()", () => {
  it("compares length and each place", () => {
    assert.equal(isSameList(["a", "b"], ["a", "b"]), true);
    assert.equal(isSameList(["a"], ["a", "b"]), false);
    assert.equal(isSameList(["a", "b"], ["b", "a"]), false);
  });
});

describe("outlivedCheckpoints()", () => {
  const row = (shardId: string, ownerId?: string): Checkpoint => ({
    shardId,
    ownerId,
    lastUpdate: "1",
    isFinished: true,
  });
  const outlived = (
    checkpoints: readonly Checkpoint[],
    listed: readonly string[],
    previously: readonly string[],
  ): string[] =>
    outlivedCheckpoints({
      checkpoints,
      listedIds: new Set(listed),
      previouslyListedIds: new Set(previously),
      livingIds: new Set(["living"]),
    }).map(({ shardId }) => shardId);

  it("names rows of shards that two lists in a row lack", () => {
    assert.deepEqual(outlived([row("0"), row("1")], ["1"], ["1"]), ["0"]);
    assert.deepEqual(outlived([row("0")], ["1"], ["0", "1"]), []);
    assert.deepEqual(outlived([row("0")], ["0", "1"], ["1"]), []);
  });

  it("spares the row of a living owner, not that of a dead one", () => {
    assert.deepEqual(outlived([row("0", "living"), row("1", "dead")], ["2"], ["2"]), ["1"]);
  });

  it("names none when the list is empty", () => {
    assert.deepEqual(outlived([row("0")], [], ["1"]), []);
  });
});
