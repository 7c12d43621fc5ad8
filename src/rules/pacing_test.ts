// The contract: reads keep their distance from start to start, and every retry waits (P8).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { backoffMs, firstDelayMs, MAX_RETRY_DELAY_MS, readDelayMs } from "./pacing.ts";

describe("readDelayMs()", () => {
  it("does not delay the first read", () => {
    assert.equal(readDelayMs({ lastReadAtMs: undefined, nowMs: 5, throttleDelayMs: 250 }), 0);
  });

  it("counts from start to start, whatever a read took", () => {
    const delay = (nowMs: number) =>
      readDelayMs({ lastReadAtMs: 1_000, nowMs, throttleDelayMs: 250 });
    assert.equal(delay(1_000), 250);
    assert.equal(delay(1_249), 1);
    assert.equal(delay(1_250), 0);
    assert.equal(delay(9_000), 0);
  });
});

describe("firstDelayMs()", () => {
  const first = (code: string, retryable: boolean) => firstDelayMs({ code, retryable }, 100);

  it("tries soon what may pass, seldom what somebody has to mend, credentials in between", () => {
    assert.equal(first("Throttled", true), 100);
    assert.equal(first("AccessDenied", false), MAX_RETRY_DELAY_MS);
    assert.equal(first("CredentialsRejected", false), 1_000);
  });
});

describe("backoffMs()", () => {
  it("always waits, at least half of a bound that doubles, and never longer than the maximum", () => {
    const facts = fc.record({
      failures: fc.integer({ min: 1, max: 10_000 }),
      baseMs: fc.integer({ min: 1, max: 1_000 }),
      maxMs: fc.integer({ min: 1_000, max: 60_000 }),
      chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(fc.property(facts, (given) => {
      const bound = Math.min(given.baseMs * 2 ** Math.min(given.failures - 1, 30), given.maxMs);
      const delayMs = backoffMs(given);
      assert.ok(delayMs >= bound / 2 && delayMs <= bound, `${delayMs} of ${bound}`);
    }));
  });
});
