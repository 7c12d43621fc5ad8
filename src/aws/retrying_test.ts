/**
 * The contract: what may pass is repeated a bounded number of times, after random pauses whose
 * bound doubles; a network failure once without a pause; everything else stands.
 */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import fc from "fast-check";
import { constantRandom, ManualClock } from "../../testing/wire_doubles.ts";
import { KinsumerError, type KinsumerErrorCode } from "../errors.ts";
import type { AwsCall, AwsCallOptions } from "./call.ts";
import { type Retry, retrying, type RetryingOptions } from "./retrying.ts";

const TARGET = "DynamoDB_20120810.GetItem";

function failure(code: KinsumerErrorCode, retryable = true): KinsumerError {
  return new KinsumerError(code, code, { retryable });
}

interface World {
  readonly call: AwsCall;
  readonly clock: ManualClock;
  readonly seen: [target: string, input: unknown, options: AwsCallOptions | undefined][];
}

/** A call that fails so often, with these, and then answers "done". */
function world(failures: readonly unknown[], options: Partial<RetryingOptions> = {}): World {
  const clock = new ManualClock({ isSelfMoving: true });
  const seen: World["seen"] = [];
  const once: AwsCall = (...call) => {
    const count = seen.push(call as World["seen"][number]);
    return count <= failures.length ? Promise.reject(failures[count - 1]) : Promise.resolve("done");
  };
  const call = retrying(once, { clock, random: constantRandom(0.5), ...options });
  return { call, clock, seen };
}

describe("retrying()", () => {
  it("passes a success on, with the very input and options", async () => {
    const { call, clock, seen } = world([]);
    const [input, options] = [{ Key: 1 }, { timeoutMs: 5 }];
    assert.equal(await call(TARGET, input, options), "done");
    assert.equal(seen.length, 1);
    assert.equal(seen[0]?.[0], TARGET);
    assert.equal(seen[0]?.[1], input);
    assert.equal(seen[0]?.[2], options);
    assert.deepEqual(clock.sleeps, []);
  });

  for (
    const code of ["Throttled", "ServiceFailure", "RequestTimeout", "MalformedAnswer"] as const
  ) {
    it(`repeats after ${code}, each pause from a bound that doubles`, async () => {
      const { call, clock, seen } = world([failure(code), failure(code), failure(code)]);
      assert.equal(await call(TARGET, {}), "done");
      assert.equal(seen.length, 4);
      assert.deepEqual(clock.sleeps, [50, 100, 200]);
    });
  }

  it("repeats the first network failure at once, and pauses before the next", async () => {
    const { call, clock, seen } = world([1, 2, 3].map(() => failure("NetworkFailure")));
    assert.equal(await call(TARGET, {}), "done");
    assert.equal(seen.length, 4);
    assert.deepEqual(clock.sleeps, [50, 100]);
  });

  it("does not count the pause it left out", async () => {
    const { call, clock } = world([
      failure("Throttled"),
      failure("NetworkFailure"),
      failure("Throttled"),
    ]);
    await call(TARGET, {});
    assert.deepEqual(clock.sleeps, [50, 100]);
  });

  for (const maxAttempts of [1, 2, 7]) {
    it(`rejects with the last failure after ${maxAttempts} attempts`, async () => {
      const failures = Array.from({ length: 10 }, () => failure("Throttled"));
      const { call, seen } = world(failures, { maxAttempts });
      const last = failures[maxAttempts - 1];
      await assert.rejects(call(TARGET, {}), (error) => error === last);
      assert.equal(seen.length, maxAttempts);
    });
  }

  it("tries four times where nothing else is said", async () => {
    const { call, seen } = world(Array.from({ length: 10 }, () => failure("Throttled")));
    await assert.rejects(call(TARGET, {}));
    assert.equal(seen.length, 4);
  });

  const final = [
    failure("RequestRejected", false),
    failure("Throttled", false),
    new Error("odd"),
    7,
  ];
  for (const error of final) {
    it(`lets ${error} stand that is not retryable`, async () => {
      const { call, clock, seen } = world([error]);
      await assert.rejects(call(TARGET, {}), (thrown) => thrown === error);
      assert.equal(seen.length, 1);
      assert.deepEqual(clock.sleeps, []);
    });
  }

  it("tries GetRecords once, and other targets where it is told to", async () => {
    const records = "Kinesis_20131202.GetRecords";
    const usual = world([failure("NetworkFailure")]);
    await assert.rejects(usual.call(records, {}));
    assert.equal(usual.seen.length, 1);
    const told = world([failure("Throttled"), failure("Throttled")], {
      unrepeatedTargets: [TARGET],
    });
    await assert.rejects(told.call(TARGET, {}));
    assert.equal(told.seen.length, 1);
    assert.equal(await told.call(records, {}), "done");
    assert.equal(told.seen.length, 3);
  });

  it("never pauses longer than the bound, and anywhere below it", async () => {
    const options = fc.record({
      chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      baseDelayMs: fc.integer({ min: 1, max: 1_000 }),
      maxDelayMs: fc.integer({ min: 1, max: 10_000 }),
      maxAttempts: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ chance, ...rest }) => {
        const retries: Retry[] = [];
        const failures = Array.from({ length: 60 }, () => failure("Throttled"));
        const { call } = world(failures, {
          ...rest,
          random: constantRandom(chance),
          onRetry: (retry) => retries.push(retry),
        });
        await assert.rejects(call(TARGET, {}));
        const bounds = retries.map((_, i) => Math.min(rest.baseDelayMs * 2 ** i, rest.maxDelayMs));
        assert.deepEqual(
          retries.map(({ delayMs }) => delayMs),
          bounds.map((bound) => chance * bound),
        );
        assert.equal(retries.length, rest.maxAttempts - 1);
      }),
      { numRuns: 50 },
    );
  });

  it("tells of each repetition before it", async () => {
    const [first, second] = [failure("NetworkFailure"), failure("Throttled")];
    const told: Retry[] = [];
    const { call, seen } = world([first, second], {
      onRetry: (retry) => {
        assert.equal(seen.length, retry.attempt);
        told.push(retry);
      },
    });
    await call(TARGET, {});
    assert.deepEqual(told, [
      { target: TARGET, attempt: 1, delayMs: 0, error: first },
      { target: TARGET, attempt: 2, delayMs: 50, error: second },
    ]);
  });

  it("ends its pause when the signal aborts, with the reason and without another attempt", async () => {
    const clock = new ManualClock();
    const { call, seen } = world([failure("Throttled")], { clock });
    const controller = new AbortController();
    const rejecting = assert.rejects(
      call(TARGET, {}, { signal: controller.signal }),
      (error) => error === "stopping",
    );
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    assert.equal(clock.sleeping, 1);
    controller.abort("stopping");
    await rejecting;
    assert.equal(seen.length, 1);
    assert.equal(clock.sleeping, 0);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });

  it("rejects with the reason when the signal aborts within an attempt that then fails", async () => {
    const controller = new AbortController();
    const clock = new ManualClock({ isSelfMoving: true });
    const once: AwsCall = () => {
      controller.abort("stopping");
      return Promise.reject(failure("NetworkFailure"));
    };
    const told: Retry[] = [];
    const onRetry = (retry: Retry): unknown => told.push(retry);
    const call = retrying(once, { clock, random: constantRandom(0.5), onRetry });
    const { signal } = controller;
    await assert.rejects(call(TARGET, {}, { signal }), (error) => error === "stopping");
    assert.deepEqual(clock.sleeps, []);
    assert.deepEqual(told, [], "no repetition is told of that does not happen");
  });
});
