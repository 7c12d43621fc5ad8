// Every blow comes once before any comes again, in an order that the seed chooses.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSeededRandom } from "../../testing/simulation/random.ts";
import { Bag } from "./plan.ts";

const ITEMS = ["a", "b", "c", "d", "e"];

const draws = (seed: number, count: number): string[] => {
  const bag = new Bag(ITEMS, createSeededRandom(seed));
  return Array.from({ length: count }, () => bag.draw());
};

describe("Bag", () => {
  it("gives everything once, then everything again", () => {
    const drawn = draws(1, 10);
    assert.deepEqual([...drawn.slice(0, 5)].sort(), ITEMS);
    assert.deepEqual([...drawn.slice(5)].sort(), ITEMS);
  });

  it("gives the same for the same seed, and another order for another", () => {
    assert.deepEqual(draws(7, 20), draws(7, 20));
    assert.notDeepEqual(draws(7, 20), draws(8, 20));
  });
});
