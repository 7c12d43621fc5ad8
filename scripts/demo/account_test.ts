// The account knows of every record what became of it: consumed, lost, delivered twice because of a
// kill or without one, or made up.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSound, takeAccount } from "./account.ts";
import { record, Story } from "./story_fixture.ts";

const FOUR = [0, 1, 2, 3].map((index) => record(index));

describe("takeAccount()", () => {
  it("finds nothing wrong where every record was processed once, in order", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1, 2, 3).account();
    assert.deepEqual(account, {
      produced: 4,
      consumed: 4,
      lost: 0,
      duplicatesByKill: 0,
      duplicatesOtherwise: 0,
      outOfOrder: 0,
      unexpected: 0,
      findings: [],
    });
    assert.equal(isSound(account), true);
  });

  it("counts a record that nobody processed as lost", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1, 3).account();
    assert.deepEqual([account.consumed, account.lost], [3, 1]);
    assert.match(account.findings.join(), /^lost: record 2 /);
    assert.equal(isSound(account), false);
  });

  it("counts every record as lost where nothing was consumed", () => {
    const account = new Story(FOUR).account();
    assert.deepEqual([account.consumed, account.lost], [0, 4]);
  });

  it("does not excuse a loss by a kill", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0).kills("A")
      .captures("B").processes("B", 2, 3).account();
    assert.equal(account.lost, 1);
  });

  it("refuses a delivery with another sequence number than the record's", () => {
    const story = new Story(FOUR).captures("A").processes("A", 0, 1, 2, 3);
    const twin = { ...record(3), sequenceNumber: record(7).sequenceNumber };
    story.entries.push({ kind: "processed", client: "A", atMs: 9, ...twin });
    const account = story.account();
    assert.deepEqual([account.consumed, account.unexpected], [4, 1]);
    assert.equal(isSound(account), false);
  });

  it("refuses a delivery of a record that was not produced", () => {
    const story = new Story(FOUR).captures("A").processes("A", 0, 1, 2, 3);
    const account = takeAccount({ ...story, produced: FOUR.slice(0, 3) });
    assert.deepEqual([account.consumed, account.unexpected], [3, 1]);
  });
});

describe("takeAccount() on second deliveries", () => {
  it("excuses what a survivor does again that the victim had not checkpointed", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1).checkpoints("A", 0)
      .processes("A", 2).kills("A").captures("B").processes("B", 1, 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [2, 0]);
    assert.equal(isSound(account), true);
  });

  it("excuses it where the victim had not checkpointed anything yet", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0).kills("A")
      .captures("B").processes("B", 0, 1, 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [1, 0]);
  });

  it("does not excuse what lies at or before the last checkpoint", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1, 2).checkpoints("A", 1)
      .kills("A").captures("B").processes("B", 1, 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [1, 1]);
    assert.match(account.findings.join(), /^twice: record 1 .*, by A and by B$/);
    assert.equal(isSound(account), false);
  });

  it("heeds the checkpoint of the victim's predecessor", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1).checkpoints("A", 1)
      .captures("B").processes("B", 2).kills("B").captures("C").processes("C", 1, 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [1, 1]);
  });

  it("heeds the checkpoints of each shard by itself", () => {
    const two = [record(0, "s0"), record(1, "s1")];
    const account = new Story(two).captures("A").captures("A", "s1").processes("A", 0, 1)
      .checkpoints("A", 1).kills("A").captures("B").captures("B", "s1").processes("B", 0, 1)
      .account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [1, 1]);
  });

  it("does not excuse them without a kill", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1, 2)
      .captures("B").processes("B", 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [0, 1]);
  });

  it("does not excuse those by a client that lives with the kill of another", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1).kills("C")
      .captures("B").processes("B", 1, 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [0, 1]);
  });

  it("does not excuse one that came before the kill", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1).captures("B")
      .processes("B", 1).kills("A").processes("B", 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [0, 1]);
  });

  it("does not excuse one by the same client", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0, 1).captures("A")
      .processes("A", 1, 2, 3).kills("A").account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [0, 1]);
  });

  it("excuses one delivery by each kill, and no third one", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0).kills("A")
      .captures("B").processes("B", 0).captures("C").processes("C", 0, 1, 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [1, 1]);
  });

  it("excuses two where two clients were killed one after another", () => {
    const account = new Story(FOUR).captures("A").processes("A", 0).kills("A").captures("B")
      .processes("B", 0).kills("B").captures("C").processes("C", 0, 1, 2, 3).account();
    assert.deepEqual([account.duplicatesByKill, account.duplicatesOtherwise], [2, 0]);
  });
});
