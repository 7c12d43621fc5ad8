// The contract: a checkpoint that no longer leads to the first unprocessed record is recognised (P1),
// and one that does is never suspected.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint } from "../model.ts";
import { isForeign, isTrimmed, LEAST_RETENTION_MS, unprocessedMs } from "./checkpoint_validity.ts";

const DAY_MS = LEAST_RETENTION_MS;
const NOW_MS = 100 * DAY_MS;
const row = (facts: Partial<Checkpoint>): Checkpoint => ({
  shardId: "s",
  lastUpdate: "1",
  isFinished: false,
  ...facts,
});

describe("isTrimmed()", () => {
  const isGone = (processedThroughMs: number | undefined, retentionMs = DAY_MS) =>
    isTrimmed({
      checkpoint: row({ sequenceNumber: "7", processedThroughMs }),
      nowMs: NOW_MS,
      retentionMs,
    });

  it("holds one millisecond after the retention, and not before", () => {
    assert.equal(isGone(NOW_MS - DAY_MS), false);
    assert.equal(isGone(NOW_MS - DAY_MS - 1), true);
    assert.equal(isGone(NOW_MS - 7 * DAY_MS, 7 * DAY_MS), false);
    assert.equal(isGone(NOW_MS - 7 * DAY_MS - 1, 7 * DAY_MS), true);
  });

  it("takes no stream for one that keeps records for less than 24 hours", () => {
    assert.equal(isGone(NOW_MS - DAY_MS, 1), false);
  });

  it("does not hold where nobody says through when all is processed", () => {
    assert.equal(isGone(undefined), false);
    assert.equal(unprocessedMs(row({ processedThroughMs: 1 }), NOW_MS), 0);
    assert.equal(unprocessedMs(row({ sequenceNumber: "7" }), NOW_MS), 0);
    assert.equal(
      unprocessedMs(row({ sequenceNumber: "7", processedThroughMs: NOW_MS + 5 }), NOW_MS),
      0,
    );
  });
});

describe("isForeign()", () => {
  const shard = { shardId: "s", startingSequenceNumber: "9007199254740993" };

  it("holds for what lies before the shard's first record, compared as numbers", () => {
    assert.equal(isForeign(row({ sequenceNumber: "9007199254740992" }), shard), true);
    assert.equal(isForeign(row({ sequenceNumber: "9007199254740993" }), shard), false);
    assert.equal(isForeign(row({ sequenceNumber: "10000000000000000" }), shard), false);
  });

  it("holds for an open shard that is called finished", () => {
    const finished = row({ sequenceNumber: "9007199254740999", isFinished: true });
    assert.equal(isForeign(finished, shard), true);
    assert.equal(isForeign(finished, { ...shard, endingSequenceNumber: "9" }), false);
  });

  it("does not hold for what cannot be compared", () => {
    for (const sequenceNumber of [undefined, "LATEST", ""]) {
      assert.equal(isForeign(row({ sequenceNumber }), shard), false);
    }
    assert.equal(isForeign(row({ sequenceNumber: "1" }), { shardId: "s" }), false);
  });
});
