// The contract: the lowest living ID leads; whoever leads yields to a lower one; a dead leader
// keeps nobody waiting.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  decideRole,
  isLeaderLiving,
  type LeadershipFacts,
  mustRenewLead,
  type Role,
} from "./leadership.ts";

const base: LeadershipFacts = {
  clientId: "b",
  isLeaving: false,
  leaderId: undefined,
  isLeaderLiving: false,
  candidateIds: ["b", "c"],
};

const cases: readonly (readonly [what: string, facts: Partial<LeadershipFacts>, role: Role])[] = [
  ["takes a free lead when first in line", {}, "take"],
  ["waits for a lower ID to take a free lead", { candidateIds: ["a", "b"] }, "wait"],
  ["follows a living leader", { leaderId: "a", isLeaderLiving: true }, "follow"],
  ["follows a living leader with a higher ID until that one yields", {
    leaderId: "c",
    isLeaderLiving: true,
  }, "follow"],
  ["goes on leading while first in line", { leaderId: "b", isLeaderLiving: true }, "lead"],
  ["goes on leading although its record looks old", { leaderId: "b" }, "lead"],
  ["yields to a lower ID", {
    leaderId: "b",
    isLeaderLiving: true,
    candidateIds: ["a", "b"],
  }, "resign"],
  ["succeeds a dead leader whose row still looks alive", {
    leaderId: "a",
    candidateIds: ["a", "b", "c"],
  }, "take"],
  ["waits for a lower ID to succeed a dead leader", {
    leaderId: "c",
    candidateIds: ["a", "b", "c"],
  }, "wait"],
  ["resigns when it leaves", { leaderId: "b", isLeaderLiving: true, isLeaving: true }, "resign"],
  ["takes no lead when it leaves", { isLeaving: true }, "follow"],
];

describe("decideRole()", () => {
  for (const [what, facts, role] of cases) {
    it(what, () => assert.equal(decideRole({ ...base, ...facts }), role));
  }

  it("lets exactly one client take a free lead, whoever lives", () => {
    fc.assert(fc.property(fc.uniqueArray(fc.uuid(), { minLength: 1 }), (candidateIds) => {
      const takers = candidateIds.filter((clientId) =>
        decideRole({ ...base, clientId, candidateIds }) === "take"
      );
      assert.deepEqual(takers, [[...candidateIds].sort()[0]]);
    }));
  });
});

describe("isLeaderLiving()", () => {
  const never = { isLeadingByBeat: false, isKnownByBeat: false, isRecordLiving: false };

  it("believes a heartbeat that says so, however old the record is", () => {
    assert.equal(isLeaderLiving({ ...never, isLeadingByBeat: true }), true);
    assert.equal(isLeaderLiving({ ...never, isLeadingByBeat: true, isKnownByBeat: true }), true);
  });

  it("gives one up that said so before and no longer does, however young the record is", () => {
    assert.equal(isLeaderLiving({ ...never, isKnownByBeat: true, isRecordLiving: true }), false);
  });

  it("goes by the record of any other", () => {
    assert.equal(isLeaderLiving({ ...never, isRecordLiving: true }), true);
    assert.equal(isLeaderLiving(never), false);
  });
});

describe("mustRenewLead()", () => {
  const calm = { renewedMs: 0, goShardCheckIntervalMs: 60_000, hasGo: false, isProven: true };

  it("renews twice within a Go client's shard check", () => {
    assert.equal(mustRenewLead({ ...calm, renewedMs: 29_999 }), false);
    assert.equal(mustRenewLead({ ...calm, renewedMs: 30_000 }), true);
  });

  it("renews at each look while there is a Go client", () => {
    assert.equal(mustRenewLead({ ...calm, hasGo: true }), true);
  });

  it("renews where a heartbeat was missing or silent", () => {
    assert.equal(mustRenewLead({ ...calm, isProven: false }), true);
  });
});
