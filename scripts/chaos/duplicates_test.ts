// A second delivery is explained only by a fault that was there, near the first delivery, and only
// for what was not checkpointed; an orderly release never explains one.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JournalEntry } from "../demo/journal.ts";
import { judgeDuplicates } from "./duplicates.ts";
import { findFenced, type HeldEntry } from "./fences.ts";
import type { FaultWindow } from "./windows.ts";

const SHARD = "s0";

const processed = (client: string, index: number, atMs: number): JournalEntry => ({
  kind: "processed",
  client,
  atMs,
  shardId: SHARD,
  sequenceNumber: String(index),
  index,
});
const captured = (client: string, atMs: number): JournalEntry => ({
  kind: "captured",
  client,
  atMs,
  shardId: SHARD,
});
const letGo = (
  client: string,
  how: "released" | "lost" | "finished",
  atMs: number,
): JournalEntry => ({ kind: "let-go", client, atMs, shardId: SHARD, how });
const checkpointed = (client: string, index: number, atMs: number): JournalEntry => ({
  kind: "checkpointed",
  client,
  atMs,
  shardId: SHARD,
  sequenceNumber: String(index),
});
const killed = (client: string, atMs: number): JournalEntry => ({ kind: "killed", client, atMs });
const window = (facts: Partial<FaultWindow>): FaultWindow => ({
  kind: "fault",
  client: undefined,
  fromMs: 10_000,
  toMs: 20_000,
  recoveryMs: 0,
  mayFence: true,
  ...facts,
});
const killAt = (atMs: number): FaultWindow =>
  window({ kind: "kill", client: "a", fromMs: atMs, toMs: atMs, mayFence: false });

const judge = (entries: readonly JournalEntry[], ...windows: readonly FaultWindow[]) => {
  const { explained, unexplained, findings } = judgeDuplicates({
    entries,
    windows,
    commitIntervalMs: 1_000,
    inHand: new Set(findFenced(entries).inHand),
  });
  assert.equal(findings.length, unexplained);
  return { explained, unexplained };
};
const EXPLAINED = { explained: 1, unexplained: 0 };
const UNEXPLAINED = { explained: 0, unexplained: 1 };

/** `a` processes a record and ends as told; `b` takes the shard and processes the record again. */
const again = (...end: readonly JournalEntry[]): readonly JournalEntry[] => [
  captured("a", 9_000),
  processed("a", 5, 9_500),
  ...end,
  captured("b", 14_000),
  processed("b", 5, 15_000),
];

describe("judgeDuplicates()", () => {
  it("finds none where each record comes once", () => {
    const entries = [captured("a", 1), processed("a", 1, 2), processed("a", 2, 3)];
    assert.deepEqual(judge(entries), { explained: 0, unexplained: 0 });
  });

  it("explains what was processed within a commit interval before a kill", () => {
    assert.deepEqual(judge(again(killed("a", 10_000)), killAt(10_000)), EXPLAINED);
  });

  it("does not explain what was processed long before the kill", () => {
    assert.deepEqual(judge(again(killed("a", 13_000)), killAt(13_000)), UNEXPLAINED);
  });

  it("does not explain what was checkpointed before the capture", () => {
    const entries = again(checkpointed("a", 5, 9_600), killed("a", 10_000));
    assert.deepEqual(judge(entries, killAt(10_000)), UNEXPLAINED);
    const earlier = again(checkpointed("a", 4, 9_600), killed("a", 10_000));
    assert.deepEqual(judge(earlier, killAt(10_000)), EXPLAINED);
  });

  it("explains a lost shard by a fault that fences, of this client or of all", () => {
    const entries = again(letGo("a", "lost", 13_000));
    assert.deepEqual(judge(entries, window({ client: "a" })), EXPLAINED);
    assert.deepEqual(judge(entries, window({})), EXPLAINED);
    assert.deepEqual(judge(entries, window({ client: "b" })), UNEXPLAINED);
    assert.deepEqual(judge(entries, window({ mayFence: false })), UNEXPLAINED);
    assert.deepEqual(judge(entries), UNEXPLAINED);
  });

  it("explains a frozen client's records before it has noticed anything", () => {
    assert.deepEqual(judge(again(), window({ client: "a", toMs: Infinity })), EXPLAINED);
  });

  it("never explains what was let go in order", () => {
    assert.deepEqual(judge(again(letGo("a", "released", 13_000)), window({})), UNEXPLAINED);
    assert.deepEqual(judge(again(letGo("a", "finished", 13_000)), window({})), UNEXPLAINED);
  });

  it("never explains two deliveries of one tenure", () => {
    const entries = [captured("a", 9_000), processed("a", 5, 9_500), processed("a", 5, 9_600)];
    assert.deepEqual(judge(entries, window({ client: "a" })), UNEXPLAINED);
  });

  it("explains what a frozen client had in its hand, behind the next owner's delivery", () => {
    const held: HeldEntry = { ...(processed("a", 5, 21_000) as HeldEntry), heldMs: 11_000 };
    const entries = [
      captured("a", 9_000),
      captured("b", 15_000),
      processed("b", 5, 16_000),
      held,
      letGo("b", "released", 22_000),
    ];
    const frozen = window({ client: "a", toMs: 20_900, recoveryMs: 2_000 });
    assert.deepEqual(judge(entries, frozen), EXPLAINED);
    assert.deepEqual(judge(entries), UNEXPLAINED);
  });

  it("takes a record in hand for one of the tenure in which it was handed over", () => {
    const entries = [
      captured("a", 9_000),
      letGo("a", "lost", 13_000),
      processed("a", 5, 13_100),
      captured("a", 14_000),
      processed("a", 6, 14_100),
      letGo("a", "released", 14_200),
      captured("b", 14_300),
      processed("b", 5, 14_400),
    ];
    assert.deepEqual(judge(entries, window({ client: "a" })), EXPLAINED);
  });
});
