// The contract: a shard counts as read to its tip only when nothing suggests that more is to come.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isAtTip } from "./caught_up.ts";

describe("isAtTip()", () => {
  const read = { recordCount: 3, limit: 10, lagMs: 0 };

  it("does not hold before the first read", () => assert.equal(isAtTip(undefined, 1_000), false));

  it("holds up to the allowed lag, and not one millisecond beyond", () => {
    assert.equal(isAtTip({ ...read, lagMs: 1_000 }, 1_000), true);
    assert.equal(isAtTip({ ...read, lagMs: 1_001 }, 1_000), false);
    assert.equal(isAtTip(read, 0), true);
  });

  it("does not hold after a full answer, whatever lag the service claims", () => {
    assert.equal(isAtTip({ ...read, recordCount: 10 }, 1_000), false);
    assert.equal(isAtTip({ ...read, recordCount: 9 }, 1_000), true);
  });

  it("takes an empty answer for the tip where the service tells no lag, and no other", () => {
    assert.equal(isAtTip({ ...read, lagMs: undefined, recordCount: 0 }, 0), true);
    assert.equal(isAtTip({ ...read, lagMs: undefined, recordCount: 1 }, 1_000), false);
  });
});
