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

  it("needs no more of slimmed records than their places: to go on from, and to know again", () => {
    const progress = new Progress();
    progress.append(records(10, 2));
    const second = records(12, 2);
    const first = progress.append(second);
    progress.acknowledge(first, 2);
    assert.equal(progress.aheadCount, 2);
    progress.slim(first);
    second.length = 0; // as if it had never been kept
    progress.rewind();
    progress.append(records(10, 4));
    assert.equal(progress.processedCount, 2);
    progress.acknowledge(0, 2);
    assert.equal(progress.sequenceNumber, "13");
    assert.equal(progress.aheadCount, 0);
  });

  it("knows when the last record arrived that it stands at, within a read and at its end", () => {
    const progress = new Progress();
    progress.append(
      records(10, 2).map((each, at) => ({ ...each, approximateArrivalMs: 100 + at })),
    );
    assert.equal(progress.arrivalMs, undefined);
    progress.acknowledge(0);
    assert.equal(progress.arrivalMs, 100);
    progress.acknowledge(1);
    assert.equal(progress.arrivalMs, 101);
    progress.append(records(12, 1));
    assert.equal(progress.arrivalMs, 101);
  });

  it("needs nothing more of a read whose records are all processed", () => {
    const progress = new Progress();
    const first = records(10, 2);
    progress.append(first);
    progress.acknowledge(0, 2);
    first.length = 0; // as if it had never been kept
    progress.append(records(12, 2));
    progress.acknowledge(2);
    assert.equal(progress.sequenceNumber, "12");
  });

  it("goes by what is read anew, where the stream has lost what was read before", () => {
    const progress = new Progress();
    progress.append(records(10, 3));
    progress.acknowledge(0);
    progress.rewind();
    progress.append(records(20, 3));
    progress.acknowledge(1);
    assert.equal(progress.sequenceNumber, "20");
  });

  it("refuses a record that was never read", () => {
    const progress = new Progress();
    progress.append(records(0, 2));
    assert.throws(() => progress.acknowledge(1, 2), {
      name: "RangeError",
      message: "Cannot acknowledge record 2: 2 were read",
    });
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

  it("reads anew what is not processed, and recognises what was processed ahead of it", () => {
    const progress = new Progress();
    progress.append(records(10, 6));
    progress.acknowledge(0, 2);
    progress.acknowledge(3);
    progress.acknowledge(5);
    progress.rewind();
    assert.equal(progress.readCount, 2);
    assert.equal(progress.processedCount, 2);
    assert.equal(progress.sequenceNumber, "11");
    const first = progress.append(records(12, 2));
    assert.deepEqual([first, progress.isProcessed(first), progress.isProcessed(first + 1)], [
      2,
      false,
      true,
    ]);
    progress.append(records(14, 3));
    progress.acknowledge(first);
    assert.equal(progress.sequenceNumber, "13");
    progress.acknowledge(4);
    assert.equal(progress.sequenceNumber, "15");
    assert.equal(progress.isComplete, false);
  });

  it("never covers what is not processed, however often the reading begins anew", () => {
    const step = fc.oneof(
      fc.record({ read: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ at: fc.nat(40) }),
      fc.constant({ rewind: true }),
    );
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const progress = new Progress();
      const processed = new Set<number>();
      let read = 0;
      for (const each of steps) {
        if ("read" in each) {
          progress.append(records(read, each.read));
          read += each.read;
        } else if ("at" in each && each.at < read) {
          progress.acknowledge(each.at); // an ordinal is the record's number here
          processed.add(each.at);
        } else if ("rewind" in each) {
          progress.rewind();
          read = progress.readCount;
        }
        const upTo = progress.sequenceNumber;
        for (let number = 0; upTo !== undefined && number <= Number(upTo); number++) {
          assert.ok(processed.has(number), `the checkpoint ${upTo} covers ${number}`);
        }
      }
    }));
  });
});
