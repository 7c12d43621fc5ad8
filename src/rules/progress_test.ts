// The contract: a checkpoint never covers a record that was not processed (P1); acknowledgements
// may come in any order and more than once.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Progress } from "./progress.ts";

const records = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ sequenceNumber: String(from + index) }));

describe("Progress", () => {
  it("has no sequence number before the first record is processed", () => {
    const progress = new Progress();
    progress.append(records(10, 3));
    assert.equal(progress.sequenceNumber, undefined);
    progress.acknowledge(1, 2);
    assert.equal(progress.sequenceNumber, undefined);
    assert.equal(progress.isComplete, false);
  });

  it("stays before a record that is not processed, and catches up when it is", () => {
    const progress = new Progress();
    progress.append(records(10, 4));
    progress.acknowledge(0);
    progress.acknowledge(2, 2);
    assert.equal(progress.sequenceNumber, "10");
    progress.acknowledge(1);
    assert.equal(progress.sequenceNumber, "13");
    assert.equal(progress.isComplete, true);
  });

  it("refuses a record that was never read", () => {
    const progress = new Progress();
    progress.append(records(0, 2));
    assert.throws(() => progress.acknowledge(1, 2), RangeError);
    assert.throws(() => progress.acknowledge(-1), RangeError);
  });

  it("agrees with a plain set of flags, in whatever order and parts things happen", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ read: fc.nat(20) }),
        fc.record({ at: fc.nat(100), count: fc.integer({ min: 1, max: 10 }) }),
      ),
      { maxLength: 80 },
    );
    fc.assert(fc.property(steps, (all) => {
      const progress = new Progress();
      const flags: boolean[] = [];
      for (const step of all) {
        if ("read" in step) {
          assert.equal(progress.append(records(flags.length, step.read)), flags.length);
          for (let index = 0; index < step.read; index++) flags.push(false);
        } else if (flags.length > 0) {
          const at = step.at % flags.length;
          const count = Math.min(step.count, flags.length - at);
          progress.acknowledge(at, count);
          flags.fill(true, at, at + count);
        }
        const open = flags.indexOf(false);
        const done = open === -1 ? flags.length : open;
        assert.equal(progress.sequenceNumber, done === 0 ? undefined : String(done - 1));
        assert.equal(progress.processedCount, flags.filter((each) => each).length);
        assert.equal(progress.isComplete, done === flags.length);
        flags.forEach((flag, index) => assert.equal(progress.isProcessed(index), flag));
      }
    }));
  });
});
