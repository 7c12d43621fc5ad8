// Contract: one seed, one sequence, evenly spread, the same on every runtime.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSeededRandom } from "./random.ts";

const SEQUENCE_OF_SEED_1 = [3_063_500_945, 52_107_484, 3_520_520];
const UUID_OF_SEED_1 = "e0244f90-285d-4a97-8298-c5e0a4c823da";

describe("createSeededRandom()", () => {
  it("repeats itself, and differs from its neighbour", () => {
    const take = (seed: number): readonly (number | string)[] => {
      const random = createSeededRandom(seed);
      return [...Array.from({ length: 50 }, () => random.next()), random.uuid()];
    };
    assert.deepEqual(take(7), take(7));
    assert.notDeepEqual(take(7), take(8));
  });

  it("is the same sequence on every runtime and in every version", () => {
    const random = createSeededRandom(1);
    const numbers = Array.from({ length: 3 }, () => Math.floor(random.next() * 2 ** 32));
    assert.deepEqual(numbers, SEQUENCE_OF_SEED_1);
    assert.equal(random.uuid(), UUID_OF_SEED_1);
  });

  it("spreads evenly from 0 to 1", () => {
    const random = createSeededRandom(42);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) {
      const number = random.next();
      assert.ok(number >= 0 && number < 1);
      const bucket = Math.floor(number * 10);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `${counts}`);
  });

  it("makes UUIDs of version 4, all different", () => {
    const random = createSeededRandom(3);
    const uuids = Array.from({ length: 1000 }, () => random.uuid());
    assert.equal(new Set(uuids).size, 1000);
    for (const uuid of uuids) {
      assert.match(uuid, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    }
  });
});
