// A fail-over is measured from the kill to the first record of each shard that the victim owned.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JournalEntry } from "../demo/journal.ts";
import { findFailOvers, largestOf, medianOf } from "./fail_overs.ts";
import type { FaultWindow } from "./windows.ts";

const captured = (client: string, shardId: string, atMs: number): JournalEntry => ({
  kind: "captured",
  client,
  atMs,
  shardId,
});
const processed = (client: string, shardId: string, atMs: number): JournalEntry => ({
  kind: "processed",
  client,
  atMs,
  shardId,
  sequenceNumber: "1",
  index: 1,
});
const STORY: readonly JournalEntry[] = [
  captured("a", "s0", 100),
  captured("a", "s1", 110),
  captured("a", "s2", 120),
  { kind: "let-go", client: "a", atMs: 130, shardId: "s2", how: "released" },
  captured("b", "s3", 140),
  { kind: "killed", client: "a", atMs: 1_010 },
  captured("b", "s0", 4_000),
  processed("b", "s0", 4_500),
  captured("b", "s1", 5_000),
];
const KILLS = [{ victim: "a", killedAtMs: 1_000 }];

describe("findFailOvers()", () => {
  it("measures to the first record, or to the capture of a shard without one", () => {
    assert.deepEqual(findFailOvers(STORY, KILLS, []), [
      { victim: "a", shardId: "s0", takenMs: 3_500, isDisturbed: false },
      { victim: "a", shardId: "s1", takenMs: 4_000, isDisturbed: false },
    ]);
  });

  it("tells when nobody took a shard", () => {
    const [, second] = findFailOvers(STORY.slice(0, -1), KILLS, []);
    assert.equal(second?.takenMs, undefined);
  });

  it("tells when another fault was there", () => {
    const window: FaultWindow = {
      kind: "fault",
      client: "b",
      fromMs: 4_600,
      toMs: 9_000,
      recoveryMs: 0,
      mayFence: true,
    };
    const disturbed = findFailOvers(STORY, KILLS, [window]).map(({ isDisturbed }) => isDisturbed);
    assert.deepEqual(disturbed, [false, true]);
    const own = findFailOvers(STORY, KILLS, [{ ...window, client: "a" }]);
    assert.deepEqual(own.map(({ isDisturbed }) => isDisturbed), [false, false]);
  });
});

describe("medianOf() and largestOf()", () => {
  it("take the middle and the end", () => {
    assert.deepEqual([medianOf([3, 1, 2]), largestOf([3, 1, 2])], [2, 3]);
    assert.deepEqual([medianOf([]), largestOf([])], [undefined, undefined]);
  });
});
