// The contract: reads keep their distance from start to start, and every retry waits (P8).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  backoffMs,
  firstDelayMs,
  MAX_RETRY_DELAY_MS,
  nextHalvings,
  readDelayMs,
  readSize,
} from "./pacing.ts";

const BUSY = { throttleDelayMs: 250, idleDelayMs: 1_000, idleReads: 0, chance: 0 };

describe("readDelayMs()", () => {
  it("does not delay the first read", () => {
    assert.equal(readDelayMs({ ...BUSY, lastReadAtMs: undefined, nowMs: 5 }), 0);
  });

  it("counts from start to start, whatever a read took", () => {
    const delay = (nowMs: number) => readDelayMs({ ...BUSY, lastReadAtMs: 1_000, nowMs });
    assert.equal(delay(1_000), 250);
    assert.equal(delay(1_249), 1);
    assert.equal(delay(1_250), 0);
    assert.equal(delay(9_000), 0);
  });

  it("doubles with each idle read, up to the bound", () => {
    const delay = (idleReads: number) =>
      readDelayMs({ ...BUSY, idleReads, lastReadAtMs: 0, nowMs: 0 });
    assert.deepEqual([0, 1, 2, 3, 1_000].map(delay), [250, 500, 1_000, 1_000, 1_000]);
  });

  it("never waits less than the throttle, nor longer than the bound, whatever chance says", () => {
    const facts = fc.record({
      throttleDelayMs: fc.integer({ min: 200, max: 60_000 }),
      idleDelayMs: fc.integer({ min: 200, max: 60_000 }),
      idleReads: fc.nat(100),
      chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(fc.property(facts, (given) => {
      const delayMs = readDelayMs({ ...given, lastReadAtMs: 0, nowMs: 0 });
      const most = Math.max(given.throttleDelayMs, given.idleDelayMs);
      assert.ok(delayMs >= given.throttleDelayMs && delayMs <= most, `${delayMs}`);
    }));
  });

  it("lets idle shards fall out of step", () => {
    const delay = (chance: number) =>
      readDelayMs({ ...BUSY, idleReads: 9, chance, lastReadAtMs: 0, nowMs: 0 });
    assert.deepEqual([delay(0), delay(0.5)], [1_000, 950]);
  });

  it("reads idle shards a few at a time, and never before the throttle allows", () => {
    const due = (lastReadAtMs: number, idleReads = 9) =>
      lastReadAtMs + readDelayMs({ ...BUSY, idleReads, lastReadAtMs, nowMs: lastReadAtMs });
    assert.deepEqual([due(7), due(31), due(49), due(50)], [1_000, 1_000, 1_000, 1_050]);
    assert.deepEqual([due(7, 1), due(7, 0)], [500, 257]);
    const near = { ...BUSY, idleDelayMs: 251, idleReads: 9, lastReadAtMs: 7, nowMs: 7 };
    assert.equal(readDelayMs(near), 250);
  });
});

describe("readSize()", () => {
  it("asks for no more than a share of the budget, or a small part of it", () => {
    const facts = fc.record({
      maxBufferedBytes: fc.integer({ min: 2 ** 20, max: 2 ** 32 }),
      shardCount: fc.integer({ min: 1, max: 5_000 }),
      recordBytes: fc.integer({ min: 1, max: 60_000 }),
      readLimit: fc.integer({ min: 1, max: 10_000 }),
    });
    fc.assert(fc.property(facts, (given) => {
      const { limit, byteLength } = readSize(given);
      assert.ok(limit >= 1 && limit <= given.readLimit, `${limit} records`);
      const budget = given.maxBufferedBytes;
      const most = Math.min(10_485_760, Math.max(budget / 16, budget / given.shardCount));
      assert.ok(byteLength <= most + 1, `${byteLength} bytes`);
    }));
  });

  it("asks for one record at the least, and for no more than an answer can hold", () => {
    const facts = { maxBufferedBytes: 67_108_864, shardCount: 1, readLimit: 10_000 };
    assert.equal(readSize({ ...facts, recordBytes: 50_000_000 }).limit, 1);
    assert.equal(readSize({ ...facts, recordBytes: 10_240 }).limit, 1_024);
    assert.equal(readSize({ ...facts, recordBytes: 100 }).limit, 10_000);
  });

  it("asks for half as much for each halving, and for one record at the least", () => {
    const facts = { maxBufferedBytes: 67_108_864, shardCount: 1, readLimit: 10_000 };
    const limit = (halvings: number, recordBytes = 10_240) =>
      readSize({ ...facts, recordBytes, halvings });
    assert.deepEqual(limit(3), { limit: 128, byteLength: 1_310_720 });
    assert.equal(limit(8).limit, 4);
    assert.equal(limit(8, 1_048_576).limit, 1);
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

describe("nextHalvings()", () => {
  const next = (halvings: number, tookMs?: number) =>
    nextHalvings({ halvings, tookMs, timeoutMs: 10_000 });

  it("halves once more after a read that was not answered in time, up to a bound", () => {
    assert.deepEqual([0, 1, 7, 8].map((halvings) => next(halvings)), [1, 2, 8, 8]);
  });

  it("halves once less after a quick read only", () => {
    assert.deepEqual([next(3, 2_500), next(3, 2_501), next(0, 1)], [2, 3, 0]);
  });
});
