// The contract: a shard's loop goes only where the diagram in shard_state.ts has an arrow.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mayEnter, type ShardState } from "./shard_state.ts";

const STATES: readonly ShardState[] = [
  "capturing",
  "reading",
  "draining",
  "releasing",
  "finished",
  "released",
  "lost",
];
const ARROWS = new Set([
  "capturing reading",
  "capturing releasing",
  "capturing finished",
  "capturing lost",
  "reading draining",
  "reading releasing",
  "reading lost",
  "draining reading",
  "draining finished",
  "draining releasing",
  "draining lost",
  "releasing released",
  "releasing lost",
]);

describe("mayEnter()", () => {
  it("allows each arrow of the diagram and nothing else", () => {
    for (const from of STATES) {
      for (const to of STATES) {
        assert.equal(mayEnter(from, to), ARROWS.has(`${from} ${to}`), `${from} to ${to}`);
      }
    }
  });
});
