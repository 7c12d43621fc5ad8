// What a client hands over after another has captured the shard is a violation; a record that was in
// its hand before is not.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JournalEntry } from "../demo/journal.ts";
import { findFenced, type HeldEntry } from "./fences.ts";

const captured = (client: string, atMs: number): JournalEntry => ({
  kind: "captured",
  client,
  atMs,
  shardId: "s0",
});
const processed = (client: string, index: number, atMs: number, heldMs = 0): HeldEntry => ({
  kind: "processed",
  client,
  atMs,
  shardId: "s0",
  sequenceNumber: String(index),
  index,
  heldMs,
});

const found = (...entries: readonly JournalEntry[]) => {
  const { violations, inHand } = findFenced(entries);
  return {
    violations: violations.map(({ index }) => index),
    inHand: inHand.map(({ index }) => index),
  };
};

describe("findFenced()", () => {
  it("lets the owner process", () => {
    assert.deepEqual(
      found(captured("a", 1), processed("a", 1, 2), captured("b", 3), processed("b", 2, 4)),
      { violations: [], inHand: [] },
    );
  });

  it("finds what the former owner processes behind the capture", () => {
    assert.deepEqual(
      found(captured("a", 1), captured("b", 3), processed("a", 1, 10), processed("b", 2, 11)),
      { violations: [1], inHand: [] },
    );
  });

  it("excuses a record that was handed over before the capture", () => {
    assert.deepEqual(
      found(captured("a", 1), captured("b", 5_000), processed("a", 1, 6_000, 4_000)),
      { violations: [], inHand: [1] },
    );
    assert.deepEqual(
      found(captured("a", 1), captured("b", 5_000), processed("a", 1, 6_000, 900)),
      { violations: [1], inHand: [] },
    );
  });

  it("lets a former owner process again once it has captured again", () => {
    assert.deepEqual(
      found(captured("a", 1), captured("b", 3), captured("a", 5), processed("a", 1, 6)),
      { violations: [], inHand: [] },
    );
  });
});
