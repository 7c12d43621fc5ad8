// The contract: a child shard is read only after every listed parent is finished (P2).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Shard } from "../model.ts";
import { hasAncestor, isClosed, parentIds, readableShards } from "./lineage.ts";

const shard = (shardId: string, parentShardId?: string, adjacentParentShardId?: string): Shard => ({
  shardId,
  parentShardId,
  adjacentParentShardId,
});
const readable = (shards: readonly Shard[], finished: readonly string[]): string[] =>
  readableShards(shards, new Set(finished)).map(({ shardId }) => shardId);

describe("readableShards()", () => {
  const split = [shard("0"), shard("1", "0"), shard("2", "0")];
  const merge = [shard("0"), shard("1"), shard("2", "0", "1")];

  it("holds both children of a split back until the parent is finished", () => {
    assert.deepEqual(readable(split, []), ["0"]);
    assert.deepEqual(readable(split, ["0"]), ["1", "2"]);
  });

  it("holds the child of a merge back until both parents are finished", () => {
    assert.deepEqual(readable(merge, ["0"]), ["1"]);
    assert.deepEqual(readable(merge, ["1"]), ["0"]);
    assert.deepEqual(readable(merge, ["0", "1"]), ["2"]);
  });

  it("does not wait for a parent that the stream no longer lists", () => {
    assert.deepEqual(readable([shard("2", "0", "1")], []), ["2"]);
    assert.deepEqual(readable([shard("1"), shard("2", "0", "1")], []), ["1"]);
  });

  it("reads every shard exactly once, parents first, however a stream was resharded", () => {
    const lineages = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 30 });
    fc.assert(fc.property(lineages, (steps) => {
      const shards: Shard[] = [shard("s0"), shard("s1")];
      for (const [a, b, isMerge] of steps) {
        const parent = shards[a % shards.length]!.shardId;
        const other = shards[b % shards.length]!.shardId;
        shards.push(shard(`s${shards.length}`, parent, isMerge ? other : undefined));
      }
      const finished: string[] = [];
      while (finished.length < shards.length) {
        const next = readableShards(shards, new Set(finished));
        assert.ok(next.length > 0, "no shard is readable");
        for (const each of next) assert.ok(parentIds(each).every((id) => finished.includes(id)));
        finished.push(next[0]!.shardId);
      }
      assert.equal(new Set(finished).size, shards.length);
    }));
  });
});

describe("isClosed()", () => {
  it("is told by the ending sequence number alone", () => {
    assert.equal(isClosed(shard("0")), false);
    assert.equal(isClosed({ ...shard("0"), endingSequenceNumber: "9" }), true);
  });
});

describe("hasAncestor()", () => {
  const shards = [
    shard("1", "0"),
    shard("2", "0"),
    shard("3", "1", "2"),
    shard("4", "3"),
    shard("9"),
  ];
  const descends = (shardId: string, ...ancestorIds: string[]) =>
    hasAncestor(shards, shardId, new Set(ancestorIds));

  it("follows both parents, however far, also to one that is no longer listed", () => {
    assert.equal(descends("4", "3"), true);
    assert.equal(descends("4", "2"), true);
    assert.equal(descends("4", "0"), true);
  });

  it("is not so of a shard itself, of its children, and of one of another line", () => {
    assert.equal(descends("3", "3"), false);
    assert.equal(descends("3", "4"), false);
    assert.equal(descends("9", "0", "1"), false);
    assert.equal(descends("7", "0"), false);
  });
});
