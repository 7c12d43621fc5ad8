// The contract: a shard is taken only from nobody or from a client that is no longer alive (P4),
// and a write whose answer was lost is told from one that another overtook.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint } from "../model.ts";
import { afterConflict, isOwnerGone, mayCapture } from "./ownership.ts";

const row = (change: Partial<Checkpoint> = {}): Checkpoint => ({
  shardId: "s",
  lastUpdate: "1",
  isFinished: false,
  ...change,
});

describe("mayCapture()", () => {
  const decide = (checkpoint: Checkpoint | undefined, isOwnerLiving = false): string =>
    mayCapture({ clientId: "me", checkpoint, isOwnerLiving }).decision;

  it("takes a shard that nobody ever captured, or that was released", () => {
    assert.equal(decide(undefined), "capture");
    assert.equal(decide(row()), "capture");
  });

  it("waits for a living owner, and takes the shard of a dead one", () => {
    assert.equal(decide(row({ ownerId: "you" }), true), "wait");
    assert.equal(decide(row({ ownerId: "you" }), false), "capture");
  });

  it("takes its own shard back, from an earlier life or after a lost answer", () => {
    assert.equal(decide(row({ ownerId: "me" }), true), "capture");
  });

  it("leaves a finished shard alone, owned or not", () => {
    assert.equal(decide(row({ isFinished: true })), "finished");
    assert.equal(decide(row({ isFinished: true, ownerId: "me" })), "finished");
  });
});

describe("afterConflict()", () => {
  const after = (row: Checkpoint | undefined): string =>
    afterConflict({ clientId: "me", row, unconfirmed: new Set(["5", "6"]) });

  it("recognises an earlier write of ours that landed after all, a release too", () => {
    assert.equal(after(row({ lastUpdate: "6", ownerId: "me" })), "landed");
    assert.equal(after(row({ lastUpdate: "5" })), "landed");
  });

  it("gives the shard up when the row is another's, or gone", () => {
    assert.equal(after(row({ lastUpdate: "7", ownerId: "me" })), "lost");
    assert.equal(after(undefined), "lost");
  });

  it("is not misled by another's write that happens to bear the same time", () => {
    assert.equal(after(row({ lastUpdate: "6", ownerId: "you" })), "lost");
  });
});

describe("isOwnerGone()", () => {
  const replaced = { capturedBy: "first", beating: "second", maxAgeMs: 7_500, replacedMs: 7_500 };

  it("is so once another process has had the owner's ID for its time to live, and not before", () => {
    assert.equal(isOwnerGone(replaced), true);
    assert.equal(isOwnerGone({ ...replaced, replacedMs: 7_499 }), false);
  });

  it("is never so of a process that beats itself, nor where a row does not say which it is", () => {
    assert.equal(isOwnerGone({ ...replaced, beating: "first" }), false);
    assert.equal(isOwnerGone({ ...replaced, capturedBy: undefined }), false);
    assert.equal(isOwnerGone({ ...replaced, beating: undefined }), false);
    assert.equal(isOwnerGone({ ...replaced, maxAgeMs: undefined }), false);
  });
});
