/**
 * Contract: a failed handler is called again so often and so late as was said; what fails for good
 * ends the run or goes to the dead letter, never past both; nothing is tried in vain.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinsumerRecord } from "../model.ts";
import type { RunOnceContext } from "../run_options.ts";
import { retried, type RetriedOptions } from "./retried.ts";

const RECORD = { id: "orders/shardId-0/1" } as KinsumerRecord;

function setting(options: RetriedOptions = {}, { remainingMs = 60_000, failures = Infinity } = {}) {
  const losing = new AbortController();
  const sleeps: number[] = [];
  let calls = 0;
  let onSleep = () => {};
  const runtime: NonNullable<RetriedOptions["runtime"]> = {
    clock: {
      nowMs: () => 0,
      monotonicMs: () => 0,
      sleep: (ms) => {
        sleeps.push(ms);
        onSleep();
        return Promise.resolve();
      },
    },
    random: { next: () => 0, uuid: () => "" },
  };
  const handler = retried(() => {
    if (++calls <= failures) throw new Error(`call ${calls}`);
  }, { runtime, ...options });
  const context: RunOnceContext = {
    shardId: "shardId-0",
    signal: losing.signal,
    remainingMs: () => remainingMs,
  };
  return {
    sleeps,
    lose: () => losing.abort(),
    whileAsleep: (work: () => void) => (onSleep = work),
    calls: () => calls,
    handle: async () => await handler(RECORD, context),
  };
}

describe("retried()", () => {
  it("calls again, later and later, until it succeeds", async () => {
    const one = setting({ attempts: 9, firstDelayMs: 100, maxDelayMs: 300 }, { failures: 4 });
    await one.handle();
    assert.equal(one.calls(), 5);
    assert.deepEqual(one.sleeps, [100, 200, 300, 300]);
  });

  it("throws what the last call threw", async () => {
    const one = setting();
    await assert.rejects(one.handle(), /call 3/);
    assert.equal(one.calls(), 3);
  });

  it("gives the record to the dead letter once, with the last error", async () => {
    const letters: unknown[] = [];
    const one = setting({
      attempts: 2,
      deadLetter: (record, error) => letters.push([record.id, String(error)]),
    });
    await one.handle();
    assert.deepEqual(letters, [[RECORD.id, "Error: call 2"]]);
  });

  it("skips the record where the dead letter does nothing", async () => {
    const one = setting({ attempts: 2, deadLetter: () => {} });
    await one.handle();
    assert.equal(one.calls(), 2);
  });

  it("fails where the dead letter does", async () => {
    const one = setting({ deadLetter: () => Promise.reject(new Error("no letter")) });
    await assert.rejects(one.handle(), /no letter/);
  });

  it("gives up, without the dead letter, where the shard is lost", async () => {
    let letters = 0;
    const one = setting({ deadLetter: () => letters++ });
    one.whileAsleep(one.lose);
    await assert.rejects(one.handle(), /call 1/);
    const lost = setting({ attempts: 1, deadLetter: () => letters++ });
    lost.lose();
    await assert.rejects(lost.handle(), /call 1/);
    assert.equal(letters, 0);
  });

  it("gives up where the run ends before the wait does", async () => {
    const one = setting({ firstDelayMs: 1_000 }, { remainingMs: 999 });
    await assert.rejects(one.handle(), /call 1/);
    assert.deepEqual(one.sleeps, []);
  });

  for (
    const [name, max] of Object.entries({ attempts: 1e6, firstDelayMs: 36e5, maxDelayMs: 36e5 })
  ) {
    it(`refuses ${name} out of its range`, () => {
      for (const value of [0, max + 1, 1.5, NaN]) {
        assert.throws(() => retried(() => {}, { [name]: value }), RangeError);
      }
      retried(() => {}, { [name]: 1 });
      retried(() => {}, { [name]: max });
    });
  }
});
