// A file that is made small does what it did, under the names that others know.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { shrink } from "./shrink.mjs";

const CODE = `
  class Counter {
    shown = 0;
    hiddenCount = 0;
    count() {
      this.hiddenCount++;
      return this.shown = this.hiddenCount;
    }
    known() { return 1; }
    neverCalled() { return onlyThere(); }
  }
  function onlyThere() { return "only there"; }
  export const counter = new Counter();
  export const named = { "in-quotes": 1, Capital: 2 };
`;

describe("shrink()", () => {
  it("shortens what is internal, and leaves out what is not used", async () => {
    const internal = new Set(["hiddenCount", "neverCalled"]);
    const code = await shrink(CODE, { internal, uncalled: ["known"] });
    assert.doesNotMatch(code, /hiddenCount|neverCalled|only there|known/);
    const made = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    made.counter.count();
    assert.equal(made.counter.count(), 2);
    assert.equal(made.counter.shown, 2);
    assert.deepEqual(made.named, { "in-quotes": 1, Capital: 2 });
  });
});
