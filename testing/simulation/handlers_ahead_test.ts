// The count from outside: no more waits than may, but for what was dropped when its shard was let go.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HandlersAhead } from "./handlers_ahead.ts";

describe("HandlersAhead", () => {
  it("tells once it is clear that shards which go on have more waiting than may", () => {
    const ahead = new HandlersAhead();
    assert.equal(ahead.read("a", [1, 2], 3), undefined);
    assert.equal(ahead.read("b", [3, 4], 3), undefined, "a may be on its way out");
    assert.equal(ahead.begun("a", 1), undefined, "b may be");
    assert.equal(ahead.begun("b", 3), 4, "neither was: so many waited");
    assert.equal(ahead.begun("b", 4), undefined, "it is told once");
  });

  it("tells of one shard alone that is read on and on", () => {
    const ahead = new HandlersAhead();
    assert.equal(ahead.read("a", [1, 2, 3, 4], 3), undefined);
    assert.equal(ahead.read("a", [5], 3), 4);
    assert.equal(ahead.read("a", [6], 3), 5);
  });

  it("leaves out a shard that is let go before any more of it is begun", () => {
    const ahead = new HandlersAhead();
    ahead.read("a", [1, 2], 3);
    assert.equal(ahead.read("b", [3, 4], 3), undefined);
    assert.equal(ahead.begun("b", 3), undefined);
    ahead.dropped("a");
    assert.equal(ahead.begun("b", 4), undefined);
    assert.equal(ahead.read("a", [1, 2], 3), undefined, "it is captured anew");
    assert.equal(ahead.begun("a", 1), undefined);
  });

  it("counts what is begun no more", () => {
    const ahead = new HandlersAhead();
    ahead.read("a", [1, 2, 3], 3);
    ahead.begun("a", 1);
    assert.equal(ahead.read("a", [4], 3), undefined);
    assert.equal(ahead.begun("a", 2), undefined);
  });
});
