/**
 * The contract: a small heap gets as large as was asked for, once; a large one stays as it is.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { getHeapStatistics } from "node:v8";
import { ballastOf, ensureHeap } from "./heap_ballast.ts";
import { nodeRuntime } from "./runtime.ts";

const MIB = 1_048_576;
const isV8OfNode = !("Deno" in globalThis) && !("Bun" in globalThis);

describe("ensureHeap()", () => {
  it("adds nothing to a heap that is as large, or nearly", () => {
    assert.equal(ballastOf(0), "");
    assert.equal(ballastOf(-5), "");
    assert.equal(ballastOf(MIB - 1), "");
    assert.equal(ballastOf(MIB).length, MIB);
  });

  it("makes a heap larger, once", {
    skip: isV8OfNode ? false : "only Node's V8 is given ballast",
  }, () => {
    const usedBytes = (): number => getHeapStatistics().used_heap_size;
    const before = usedBytes();
    ensureHeap(before + 64 * MIB);
    const after = usedBytes();
    assert.ok(after - before > 60 * MIB, `${(after - before) / MIB} MiB more`);
    ensureHeap(after + 64 * MIB);
    assert.ok(usedBytes() - after < 32 * MIB, `${(usedBytes() - after) / MIB} MiB more`);
  });

  it("is asked for no heap that cannot be", () => {
    for (const minHeapBytes of [-1, 0.5, 2 ** 30, Number.NaN]) {
      assert.throws(() => nodeRuntime({ minHeapBytes }), /minHeapBytes must be a whole number/);
    }
    nodeRuntime({ minHeapBytes: 0 });
  });
});
