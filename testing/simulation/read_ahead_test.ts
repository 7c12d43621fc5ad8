// The count from outside: a client holds its budget, and one answer more of each shard.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ReadAhead } from "./read_ahead.ts";

describe("ReadAhead", () => {
  const answer = (bytes: number, count = 1) => ({ bytes, count });

  it("allows one answer a shard beyond the budget, and no second one", () => {
    const ahead = new ReadAhead(100);
    assert.equal(ahead.arrived("a", answer(90)), true);
    assert.equal(ahead.arrived("a", answer(90)), true, "the one that spends the budget");
    assert.equal(ahead.arrived("b", answer(90)), true, "b's was under way");
    assert.equal(
      ahead.arrived("a", answer(1)),
      false,
      "a's was begun although the budget was spent",
    );
    assert.equal(ahead.arrived("b", answer(1)), false, "and b's");
    assert.equal(ahead.heldBytes, 272);
  });

  it("takes an answer for held until its last record is acknowledged", () => {
    const ahead = new ReadAhead(100);
    ahead.arrived("a", answer(150, 2));
    ahead.acknowledged("a");
    assert.equal(ahead.heldBytes, 150);
    ahead.acknowledged("a");
    assert.equal(ahead.heldBytes, 0);
    assert.equal(ahead.arrived("a", answer(150)), true, "the budget is free again");
  });

  it("forgets what was held of a shard that was let go", () => {
    const ahead = new ReadAhead(100);
    ahead.arrived("a", answer(150));
    ahead.arrived("b", answer(10));
    ahead.letGo("a");
    assert.deepEqual([ahead.heldBytes, ahead.mostBytes], [10, 160]);
  });
});
