/**
 * Contract: what `process()` is given is checked once, all problems in one error. A wrong type is a
 * `TypeError`, a value that is not allowed a `RangeError`; the message names the option, what is
 * allowed and what was given.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProcessOptions } from "./handling.ts";
import { type ResolvedHandling, resolveHandling } from "./resolve_handling.ts";

function resolve(options: Readonly<Record<string, unknown>>): ResolvedHandling {
  return resolveHandling(() => {}, options as ProcessOptions);
}

const bad = (name: string, value: unknown): Readonly<Record<string, unknown>> => {
  const [outer = "", inner] = name.split(".");
  const companion = inner === "resumeAfterMs" ? { action: "pauseShard" } : {};
  if (inner !== undefined) return { [outer]: { ...companion, [inner]: value } };
  return { [outer]: value, ...(outer === "batchSize" && { batch: true }) };
};

describe("resolveHandling()", () => {
  it("fills in the defaults", () => {
    assert.deepEqual(resolve({}), {
      isBatch: false,
      batchSize: 10_000,
      by: "shard",
      limit: 16,
      timeoutMs: Infinity,
      policy: {
        action: "stop",
        attempts: 3,
        firstDelayMs: 200,
        maxDelayMs: 30_000,
        jitter: 0.5,
        deadLetter: undefined,
        resumeAfterMs: undefined,
      },
      dedupe: undefined,
      signal: undefined,
      deadlineMs: 10_000,
    });
  });

  it("takes a word for what it stands for", () => {
    assert.equal(resolve({ concurrency: "partitionKey" }).by, "partitionKey");
    assert.equal(resolve({ onFailure: "skip" }).policy.action, "skip");
    const deadLetter = () => {};
    assert.equal(resolve({ onFailure: { deadLetter } }).policy.action, "deadLetter");
    assert.equal(resolve({ onFailure: { attempts: Infinity } }).policy.attempts, Infinity);
  });

  it("holds every number to its range, from both sides", () => {
    const ranges: Readonly<Record<string, readonly [min: number, max: number]>> = {
      "batchSize": [1, 10_000],
      "concurrency.limit": [1, 10_000],
      "timeoutMs": [1, 86_400_000],
      "onFailure.attempts": [1, 1_000_000],
      "onFailure.firstDelayMs": [1, 3_600_000],
      "onFailure.maxDelayMs": [1, 86_400_000],
      "onFailure.resumeAfterMs": [1, 604_800_000],
      "onFailure.jitter": [0, 1],
      "deadlineMs": [0, 3_600_000],
    };
    for (const [name, [min, max]] of Object.entries(ranges)) {
      for (const value of [min, max]) resolve(bad(name, value));
      for (const value of [min - 1, max + 1, NaN]) {
        const message = new RegExp(`^Cannot process: ${name} must be .*${min} to ${max}, got`);
        assert.throws(() => resolve(bad(name, value)), { name: "RangeError", message }, name);
      }
      assert.throws(() => resolve(bad(name, "7")), { name: "TypeError" }, name);
    }
  });

  it("refuses what is no option, of the wrong type, or not allowed, by name", () => {
    const cases: readonly (readonly [options: object, name: string, message: RegExp])[] = [
      [{ retries: 3 }, "TypeError", /^Cannot process: retries is not an option$/],
      [{ onFailure: { then: "skip" } }, "TypeError", /onFailure\.then is not an option/],
      [{ onFailure: "drop" }, "RangeError", /onFailure\.action must be .*"skip".* got "drop"/],
      [{ onFailure: 7 }, "TypeError", /onFailure must be an object, got 7/],
      [{ onFailure: { deadLetter: "queue" } }, "TypeError", /deadLetter must be a function/],
      [{ onFailure: "deadLetter" }, "RangeError", /need each other/],
      [{ onFailure: { action: "skip", deadLetter() {} } }, "RangeError", /need each other/],
      [{ onFailure: { resumeAfterMs: 7 } }, "RangeError", /needs onFailure\.action "pauseShard"/],
      [{ concurrency: "key" }, "RangeError", /concurrency\.by must be .* got "key"/],
      [{ concurrency: { max: 7 } }, "TypeError", /concurrency\.max is not an option/],
      [{ concurrency: "partitionKey", batch: true }, "RangeError", /with batch: true/],
      [{ batch: "yes" }, "TypeError", /batch must be true or false, got "yes"/],
      [{ batchSize: 7 }, "RangeError", /batchSize needs batch: true/],
      [{ signal: {} }, "TypeError", /signal must be an AbortSignal/],
      [{ dedupe: { load() {} } }, "TypeError", /dedupe must have the methods load and save/],
    ];
    for (const [options, name, message] of cases) {
      assert.throws(() => resolve(options as Record<string, unknown>), { name, message });
    }
    assert.throws(() => resolveHandling("handler", {}), { name: "TypeError", message: /handler/ });
  });

  it("reports all problems together", () => {
    assert.throws(() => resolve({ timeoutMs: 0, deadlineMs: -1, batch: 1 }), {
      name: "TypeError",
      message: /Cannot process:\n {2}- batch.*\n {2}- timeoutMs.*\n {2}- deadlineMs/,
    });
  });
});
