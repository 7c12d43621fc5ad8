// The contract: a shard ends only when the service names its children, or lists it as closed and
// answers twice that nothing is left (P1).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decideEnd } from "./shard_end.ts";

const base = {
  hasChildShards: false,
  isListedAsClosed: true,
  confirmations: 1,
  recordCount: 0,
  lagMs: 0,
};

describe("decideEnd()", () => {
  it("believes an answer that names child shards", () => {
    const facts = { ...base, hasChildShards: true, isListedAsClosed: false, confirmations: 0 };
    assert.equal(decideEnd(facts), "ended");
    assert.equal(decideEnd({ ...facts, recordCount: 9 }), "ended");
  });

  it("takes a missing iterator of an open shard for a fault", () => {
    assert.equal(decideEnd({ ...base, isListedAsClosed: false }), "faulty");
  });

  it("asks a second time about a closed shard without named children", () => {
    assert.equal(decideEnd({ ...base, confirmations: 0 }), "confirm");
    assert.equal(decideEnd(base), "ended");
    assert.equal(decideEnd({ ...base, lagMs: undefined }), "ended");
  });

  it("asks a third time when the answers tell a lag", () => {
    assert.equal(decideEnd({ ...base, lagMs: 1 }), "confirm");
    assert.equal(decideEnd({ ...base, lagMs: 1, confirmations: 2 }), "ended");
  });

  it("is not content with a confirmation that returns records", () => {
    assert.equal(decideEnd({ ...base, recordCount: 1, confirmations: 9 }), "confirm");
  });
});
