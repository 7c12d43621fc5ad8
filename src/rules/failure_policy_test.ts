// The contract: after a failure comes another try as long as the policy has one, then, for a batch,
// its halves, then what the user chose; and never anything that passes a record over unasked.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { afterFailure, afterStuck, type FailureAction, handlerDelayMs } from "./failure_policy.ts";

const RETRY = { attempts: 3, firstDelayMs: 100, maxDelayMs: 1_000, jitter: 0 };
const ACTIONS: readonly FailureAction[] = ["stop", "pauseShard", "skip", "deadLetter"];

const single = (failures: number) => ({ failures, recordCount: 1, isPart: false, chance: 0 });

describe("afterFailure()", () => {
  it("retries as long as calls are left, waiting twice as long each time", () => {
    const policy = { ...RETRY, action: "skip" } as const;
    assert.deepEqual(afterFailure(single(1), policy), { next: "retry", delayMs: 100 });
    assert.deepEqual(afterFailure(single(2), policy), { next: "retry", delayMs: 200 });
    assert.deepEqual(afterFailure(single(3), policy), { next: "skip" });
  });

  it("takes the action of the policy, whichever it is", () => {
    for (const action of ACTIONS) {
      assert.deepEqual(afterFailure(single(3), { ...RETRY, action }), { next: action });
    }
  });

  it("retries for ever where that is the policy", () => {
    const policy = { ...RETRY, attempts: Infinity, action: "stop" } as const;
    assert.deepEqual(afterFailure(single(1e9), policy), { next: "retry", delayMs: 1_000 });
  });

  it("halves a batch when its calls are used up, and a half at its first failure", () => {
    const policy = { ...RETRY, action: "skip" } as const;
    const batch = { recordCount: 10, isPart: false, chance: 0 };
    assert.equal(afterFailure({ ...batch, failures: 2 }, policy).next, "retry");
    assert.equal(afterFailure({ ...batch, failures: 3 }, policy).next, "bisect");
    assert.equal(afterFailure({ ...batch, failures: 1, isPart: true }, policy).next, "bisect");
  });

  it("gives a single record of a halved batch all its calls", () => {
    const policy = { ...RETRY, action: "stop" } as const;
    const alone = { recordCount: 1, isPart: true, chance: 0 };
    assert.equal(afterFailure({ ...alone, failures: 2 }, policy).next, "retry");
    assert.equal(afterFailure({ ...alone, failures: 3 }, policy).next, "stop");
  });

  it("never lets more than one record go at a time", () => {
    const facts = fc.record({
      failures: fc.integer({ min: 1, max: 10 }),
      recordCount: fc.integer({ min: 2, max: 10_000 }),
      isPart: fc.boolean(),
      chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    fc.assert(fc.property(facts, fc.constantFrom(...ACTIONS), (each, action) => {
      const { next } = afterFailure(each, { ...RETRY, action });
      return next === "retry" || next === "bisect";
    }));
  });
});

describe("afterStuck()", () => {
  it("pauses where that is the policy, and stops otherwise", () => {
    const after = ACTIONS.map((action) => afterStuck(action));
    assert.deepEqual(after, ["stop", "pauseShard", "stop", "stop"]);
  });
});

describe("handlerDelayMs()", () => {
  it("doubles up to the maximum, however many failures there are", () => {
    const delays = [1, 2, 3, 4, 5, 1e6].map((failures) =>
      handlerDelayMs({ failures, chance: 0 }, RETRY)
    );
    assert.deepEqual(delays, [100, 200, 400, 800, 1_000, 1_000]);
  });

  it("takes off at the most the part that is left to chance", () => {
    const policy = { ...RETRY, jitter: 0.5 };
    assert.equal(handlerDelayMs({ failures: 1, chance: 0 }, policy), 100);
    assert.equal(handlerDelayMs({ failures: 1, chance: 0.5 }, policy), 75);
    assert.equal(handlerDelayMs({ failures: 4, chance: 0.999999 }, policy), 400);
  });
});
