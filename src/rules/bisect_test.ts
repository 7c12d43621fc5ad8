// The contract: the halves of a span are the span, the earlier first, neither empty; halving again
// and again leaves every record alone, after few steps.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { halves, type Span } from "./bisect.ts";

describe("halves()", () => {
  it("are two, the earlier first and not the shorter", () => {
    assert.deepEqual(halves({ from: 4, to: 6 }), [{ from: 4, to: 5 }, { from: 5, to: 6 }]);
    assert.deepEqual(halves({ from: 0, to: 5 }), [{ from: 0, to: 3 }, { from: 3, to: 5 }]);
  });

  it("are none of a single record", () => {
    assert.throws(() => halves({ from: 3, to: 4 }), RangeError);
  });

  it("leave every record alone, in order, with as many cuts as there are gaps", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 500 }), (count) => {
      const alone: Span[] = [];
      let cuts = 0;
      const open: Span[] = [{ from: 0, to: count }];
      for (let span = open.pop(); span !== undefined; span = open.pop()) {
        if (span.to - span.from === 1) alone.push(span);
        else {
          cuts++;
          open.push(...[...halves(span)].reverse());
        }
      }
      assert.deepEqual(alone.map(({ from }) => from), Array.from({ length: count }, (_, at) => at));
      assert.equal(cuts, count - 1);
    }));
  });
});
