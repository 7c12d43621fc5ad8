// Out of order is: a delivery that does not come after the one before it in one client's tenure of
// the shard; first deliveries of a shard or a key that do not rise; a shard's delivery before the
// last one of an ancestor.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSound } from "./account.ts";
import { record, roots, Story } from "./story_fixture.ts";

const FOUR = [0, 1, 2, 3].map((index) => record(index));

describe("findDisordered()", () => {
  it("finds two records that changed places", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 2, 1, 3).account();
    assert.equal(account.outOfOrder, 1);
    assert.match(account.findings.join(), /^out of order: record 1 .*, by A$/);
    assert.equal(isSound(account), false);
  });

  it("compares sequence numbers as numbers, not as text", () => {
    const short = { ...record(0), sequenceNumber: "99" };
    const long = { ...record(1), sequenceNumber: "100" };
    assert.equal(
      new Story([short, long]).captures("A").processes("A", 0, 1).account().outOfOrder,
      0,
    );
    assert.equal(
      new Story([short, long]).captures("A").processes("A", 1, 0).account().outOfOrder,
      1,
    );
  });

  it("finds a record that the next owner has processed already", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1).captures("B")
      .processes("B", 3).processes("A", 2).account();
    assert.equal(account.outOfOrder, 1);
  });

  it("finds a second delivery in the same tenure", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1, 1, 2, 3).account();
    assert.deepEqual([account.outOfOrder, account.duplicatesOtherwise], [1, 1]);
  });

  it("finds second deliveries that changed places", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1, 2).kills("A")
      .captures("B").processes("B", 1, 0, 2, 3).account();
    assert.equal(account.outOfOrder, 1);
  });

  it("lets a new tenure begin again, whoever's it is", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1).captures("A")
      .processes("A", 1, 2, 3).account();
    assert.equal(account.outOfOrder, 0);
    assert.equal(account.duplicatesOtherwise, 1);
  });

  it("keeps shards apart", () => {
    const mixed = [record(0, "s0"), record(1, "s1"), record(2, "s0"), record(3, "s1")];
    const account = new Story(mixed, roots("s0", "s1")).captures("A").captures("A", "s1")
      .processes("A", 1, 0, 3, 2).account();
    assert.equal(account.outOfOrder, 0);
  });

  it("finds records of one key that changed places between shards", () => {
    const same = [record(0, "s0", "key"), record(1, "s1", "key")];
    const account = new Story(same, roots("s0", "s1")).captures("A").captures("B", "s1")
      .processes("B", 1).processes("A", 0).account();
    assert.equal(account.outOfOrder, 1);
  });
});

const SPLIT = [
  { shardId: "s0" },
  { shardId: "s1", parentShardId: "s0" },
  { shardId: "s2", parentShardId: "s0" },
];
const MERGE = [
  { shardId: "s0" },
  { shardId: "s1" },
  { shardId: "s2", parentShardId: "s0", adjacentParentShardId: "s1" },
];

describe("findDisordered() across a reshard", () => {
  const family = [record(0, "s0"), record(1, "s1"), record(2, "s2"), record(3, "s0")];

  it("finds nothing wrong with children that come after all of their parent", () => {
    const account = new Story(family, SPLIT).processes("A", 0, 3, 2, 1).account();
    assert.equal(account.outOfOrder, 0);
  });

  it("finds a child that is delivered before the last record of its parent", () => {
    const account = new Story(family, SPLIT).processes("A", 0).processes("B", 1)
      .processes("A", 3).processes("B", 2).account();
    assert.equal(account.outOfOrder, 1);
    assert.match(account.findings.join(), /^out of order: record 1 \(s1,/);
  });

  it("finds a parent that is delivered again after a child", () => {
    const account = new Story(family, SPLIT).processes("A", 0, 3).processes("B", 1, 2)
      .captures("B", "s0").processes("B", 3).account();
    assert.deepEqual([account.outOfOrder, account.duplicatesOtherwise], [2, 1]);
  });

  it("finds a merged shard that is delivered before its second parent's end", () => {
    const account = new Story(family, MERGE).processes("A", 0, 3, 2).processes("B", 1).account();
    assert.equal(account.outOfOrder, 1);
  });

  it("finds a grandchild that is delivered before its grandparent, where the parent is empty", () => {
    const shards = [
      { shardId: "s0" },
      { shardId: "s1", parentShardId: "s0" },
      { shardId: "s2", parentShardId: "s1" },
    ];
    const produced = [record(0, "s0"), record(1, "s2")];
    const account = new Story(produced, shards).processes("A", 1, 0).account();
    assert.equal(account.outOfOrder, 1);
  });

  it("counts the lost records of a parent as lost, not its children as out of order", () => {
    const account = new Story(family, SPLIT).processes("A", 0, 1, 2).account();
    assert.deepEqual([account.lost, account.outOfOrder], [1, 0]);
  });
});
