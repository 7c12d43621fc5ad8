// The contract: a shard that is behind and has not moved for so long stands still; what it waits for
// is named; only a reading that hangs, with nothing in anybody's hands, is to be begun anew.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isStillStalled,
  lookForStall,
  type ShardFacts,
  type StallLimits,
  type Standing,
  waitingFor,
} from "./stall.ts";

const FACTS: ShardFacts = {
  state: "reading",
  reader: { phase: "call", sinceMs: 0 },
  isHeld: false,
  position: "1",
  lagMs: 500,
  heldCount: 0,
  hasHandlers: false,
  committed: "a",
  isCommitDue: false,
};
const LIMITS = { stalledAfterMs: 60_000, commitIntervalMs: 5_000, drainTimeoutMs: 30_000 };
const OWNER = { ownerId: "b", maxAgeMs: 7_500, sequenceNumber: "5" };

describe("what a shard waits for", () => {
  const cases: readonly [string, Partial<ShardFacts>, string | undefined][] = [
    ["the stream", {}, "reading"],
    ["nothing at the tip", { lagMs: 0 }, undefined],
    ["nothing between two reads at the tip", {
      lagMs: 0,
      reader: { phase: "pause", sinceMs: -100_000 },
    }, undefined],
    ["the budget, at the tip too", {
      lagMs: 0,
      reader: { phase: "admission", sinceMs: -100_000 },
    }, "budget"],
    ["its first read", { lagMs: undefined, reader: { phase: "beginning", sinceMs: 0 } }, "reading"],
    ["you, with records", { heldCount: 1 }, "consumer"],
    ["you, at the tip too", { heldCount: 1, lagMs: 0 }, "consumer"],
    ["a handler", { heldCount: 1, hasHandlers: true }, "handler"],
    ["the budget", { reader: { phase: "admission", sinceMs: 0 } }, "budget"],
    ["you before the budget", {
      heldCount: 1,
      reader: { phase: "admission", sinceMs: 0 },
    }, "consumer"],
    ["a throttled service", {
      reader: { phase: "pause", sinceMs: 0, trouble: "throttled" },
    }, "throttled"],
    ["a failing service", {
      reader: { phase: "pause", sinceMs: 0, trouble: "retrying" },
    }, "retrying"],
    ["a retry that is under way", {
      reader: { phase: "call", sinceMs: 900, trouble: "throttled" },
    }, "throttled"],
    ["a service that throttled what was at the tip", {
      lagMs: 0,
      reader: { phase: "pause", sinceMs: 0, trouble: "throttled" },
    }, "throttled"],
    ["the checkpoint, at the tip", { lagMs: 0, isCommitDue: true }, "checkpoint"],
    ["the last checkpoint", { state: "draining" }, "checkpoint"],
    ["you, at the shard's end", { state: "draining", heldCount: 2 }, "consumer"],
    ["nobody while it is paused", { isHeld: true, heldCount: 1 }, undefined],
    ["nobody when it was refused", { reader: { phase: "refused", sinceMs: 0 } }, undefined],
    ["nobody before it is captured", { state: "capturing" }, undefined],
    ["its owner, while another has it", { state: "capturing", owner: OWNER }, "owner"],
    ["nobody when it goes", { state: "releasing", heldCount: 1 }, undefined],
  ];
  for (const [name, facts, expected] of cases) {
    it(name, () => assert.equal(waitingFor({ ...FACTS, ...facts }, 1_000, 60_000), expected));
  }

  it("an answer that does not come, at the tip too, and after a retry", () => {
    const hung = { phase: "call", sinceMs: 0, trouble: "throttled" } as const;
    assert.equal(waitingFor({ ...FACTS, lagMs: 0, reader: hung }, 60_000, 60_000), "reading");
  });
});

/** Looks every 15 s at facts that do not change; what was told, and when. */
function watch(
  facts: Partial<ShardFacts>,
  untilMs: number,
  limits: StallLimits = LIMITS,
): unknown[] {
  const told: unknown[] = [];
  let standing: Standing | undefined;
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 15_000) {
    const reader = { ...(facts.reader ?? FACTS.reader) };
    const look = lookForStall(standing, { ...FACTS, ...facts, reader }, { ...limits, nowMs });
    standing = look.standing;
    const { stall } = look;
    if (stall?.isNews) told.push([nowMs, stall.waitingFor, stall.mustRestart]);
  }
  return told;
}

describe("a shard that stands still", () => {
  it("is told once, when it waits for you", () => {
    assert.deepEqual(watch({ heldCount: 1 }, 300_000), [[60_000, "consumer", false]]);
    assert.deepEqual(watch({ heldCount: 1, hasHandlers: true }, 300_000), [
      [60_000, "handler", false],
    ]);
  });

  it("is restarted again and again, when its reading hangs", () => {
    assert.deepEqual(watch({}, 180_000), [
      [60_000, "reading", true],
      [120_000, "reading", true],
      [180_000, "reading", true],
    ]);
  });

  it("is restarted as soon as its reading hangs for so long, at the tip too", () => {
    const reader = { phase: "call", sinceMs: 15_000 } as const;
    assert.deepEqual(watch({ lagMs: 0, reader }, 90_000), [[75_000, "reading", true]]);
  });

  it("moves while what is in hand is processed, although the reading hangs", () => {
    const facts = { ...FACTS, heldCount: 1 };
    const { standing } = lookForStall(undefined, facts, { ...LIMITS, nowMs: 0 });
    const look = lookForStall(standing, { ...facts, position: "2" }, { ...LIMITS, nowMs: 60_000 });
    assert.equal(look.stall, undefined);
  });

  it("is not restarted while it finds out where to begin, is throttled, or lacks room", () => {
    for (const phase of ["beginning", "admission"] as const) {
      const [first, ...more] = watch({ reader: { phase, sinceMs: 0 } }, 300_000) as unknown[][];
      assert.deepEqual([first?.[2], more], [false, []], phase);
    }
    const reader = { phase: "pause", sinceMs: 0, trouble: "throttled" } as const;
    assert.deepEqual(watch({ reader }, 300_000), [[60_000, "throttled", false]]);
  });

  it("is told once, when another client keeps it for longer than a handover may take", () => {
    const kept = { state: "capturing", owner: OWNER } as const;
    assert.deepEqual(watch(kept, 300_000), [[60_000, "owner", false]]);
    const hasty = { ...LIMITS, stalledAfterMs: 1_000 };
    assert.deepEqual(watch(kept, 300_000, hasty), [[45_000, "owner", false]], "7.5 s and 30 s");
    const owner = { ...OWNER, maxAgeMs: 300_000 };
    assert.deepEqual(watch({ ...kept, owner }, 600_000, hasty), [[330_000, "owner", false]], "Go");
    assert.deepEqual(watch({ state: "capturing" }, 300_000), [], "nobody has it");
  });

  it("is told when a checkpoint is due for too long, although records flow", () => {
    let standing: Standing | undefined;
    const told: number[] = [];
    for (let nowMs = 0; nowMs <= 90_000; nowMs += 15_000) {
      const reader = { phase: "call", sinceMs: nowMs } as const;
      const facts = { ...FACTS, position: String(nowMs), isCommitDue: true, reader };
      const look = lookForStall(standing, facts, { ...LIMITS, nowMs });
      standing = look.standing;
      if (look.stall?.isNews) told.push(nowMs);
      if (look.stall !== undefined) assert.equal(look.stall.waitingFor, "checkpoint");
    }
    assert.deepEqual(told, [90_000]);
  });

  it("is a shard that moves no more", () => {
    const move = (position: string, nowMs: number, standing: Standing | undefined) =>
      lookForStall(standing, { ...FACTS, position, reader: { phase: "call", sinceMs: nowMs } }, {
        ...LIMITS,
        nowMs,
      });
    const first = move("1", 0, undefined);
    const second = move("2", 59_000, first.standing);
    assert.equal(move("2", 61_000, second.standing).stall, undefined);
    assert.equal(move("2", 119_000, second.standing).stall?.stalledMs, 60_000);
  });
});

describe("isStillStalled()", () => {
  const at = { ...LIMITS, nowMs: 60_000 };
  const { standing } = lookForStall(undefined, { ...FACTS, heldCount: 1 }, { ...at, nowMs: 0 });
  const stall = lookForStall(standing, { ...FACTS, heldCount: 1 }, at).stall!;

  it("holds until the shard moves", () => {
    assert.equal(isStillStalled(stall, FACTS), true);
    assert.equal(isStillStalled(stall, { ...FACTS, position: "2", isCommitDue: true }), false);
  });

  it("holds, of a checkpoint, as long as one is due, although the shard moves", () => {
    const due = { ...stall, waitingFor: "checkpoint" } as const;
    assert.equal(isStillStalled(due, { ...FACTS, position: "2", isCommitDue: true }), true);
    assert.equal(isStillStalled(due, { ...FACTS, position: "2" }), false);
  });
});
