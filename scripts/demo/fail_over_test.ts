// A fail-over lasts from the kill to a survivor's first record of each of the victim's shards.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failOverOf } from "./fail_over.ts";
import type { JournalEntry } from "./journal.ts";

const KILL: JournalEntry = { kind: "killed", client: "A", atMs: 1_010 };
const FACTS = { victim: "A", orphans: ["s0", "s1"], killedAtMs: 1_000 };

function processed(client: string, shardId: string, atMs: number): JournalEntry {
  return { kind: "processed", client, shardId, atMs, sequenceNumber: "1", index: 0 };
}

describe("failOverOf()", () => {
  it("measures each shard to the survivor's first record, and all to the last of them", () => {
    const entries = [
      processed("A", "s0", 990),
      KILL,
      processed("B", "s9", 1_100),
      processed("C", "s1", 4_000),
      processed("B", "s0", 4_500),
      processed("B", "s0", 9_000),
    ];
    assert.deepEqual(failOverOf(entries, FACTS), {
      victim: "A",
      shards: [
        { shardId: "s0", client: "B", takenMs: 3_500 },
        { shardId: "s1", client: "C", takenMs: 3_000 },
      ],
      worstMs: 3_500,
    });
  });

  it("leaves a shard open that nobody has taken yet", () => {
    const { shards, worstMs } = failOverOf([KILL, processed("B", "s0", 4_500)], FACTS);
    assert.equal(shards[1]?.takenMs, undefined);
    assert.equal(worstMs, 3_500);
  });

  it("is content with the end of a shard that had no record left", () => {
    const entries: JournalEntry[] = [
      KILL,
      { kind: "let-go", client: "B", shardId: "s1", how: "finished", atMs: 4_200 },
    ];
    assert.deepEqual(failOverOf(entries, FACTS).shards[1], {
      shardId: "s1",
      client: "B",
      takenMs: 3_200,
    });
  });

  it("has no longest time where nothing was taken", () => {
    assert.equal(failOverOf([KILL], { ...FACTS, orphans: [] }).worstMs, undefined);
  });
});
