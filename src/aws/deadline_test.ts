/**
 * The contract: work is waited for until the deadline, or until the caller gives it up, whether or
 * not it heeds its signal; and nothing stays behind, no timer and no listener.
 */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "node:test";
import { ManualClock, untilAbort } from "../../testing/wire_doubles.ts";
import { untilAborted, withDeadline } from "./deadline.ts";

const LATE = new Error("too late");
const never = (): Promise<never> => new Promise(() => {});

function world(): {
  readonly clock: ManualClock;
  readonly caller: AbortController;
  readonly deadline: Parameters<typeof withDeadline>[0];
  assertNothingLeft(): void;
} {
  const clock = new ManualClock();
  const caller = new AbortController();
  const timeoutError = (): Error => LATE;
  return {
    clock,
    caller,
    deadline: { clock, timeoutMs: 100, signal: caller.signal, timeoutError },
    assertNothingLeft() {
      assert.equal(clock.sleeping, 0);
      assert.equal(getEventListeners(caller.signal, "abort").length, 0);
    },
  };
}

describe("withDeadline()", () => {
  it("resolves to what the work does, and leaves nothing behind", async () => {
    const { clock, deadline, assertNothingLeft } = world();
    const result = await withDeadline(deadline, () => {
      assert.equal(clock.sleeping, 1);
      return Promise.resolve("done");
    });
    assert.equal(result, "done");
    assertNothingLeft();
  });

  it("rejects as the work does, and leaves nothing behind", async () => {
    const { deadline, assertNothingLeft } = world();
    const failure = new Error("failed");
    await assert.rejects(withDeadline(deadline, () => Promise.reject(failure)), failure);
    assertNothingLeft();
  });

  for (const [how, heed] of [["heeds", untilAbort], ["ignores", never]] as const) {
    it(`rejects at the deadline and not before, when the work ${how} its signal`, async () => {
      const { clock, deadline, assertNothingLeft } = world();
      let given: AbortSignal | undefined;
      const waiting = withDeadline(deadline, (signal) => heed(given = signal));
      clock.advance(99);
      await Promise.resolve();
      assert.equal(given?.aborted, false);
      clock.advance(1);
      await assert.rejects(waiting, (error) => error === LATE);
      assert.equal(given?.aborted, true);
      assertNothingLeft();
    });

    it(`rejects with the caller's reason, when the work ${how} its signal`, async () => {
      const { caller, deadline, assertNothingLeft } = world();
      const reason = { why: "stopping" };
      let given: AbortSignal | undefined;
      const waiting = withDeadline(deadline, (signal) => heed(given = signal));
      caller.abort(reason);
      await assert.rejects(waiting, (error) => error === reason);
      assert.equal(given?.reason, reason);
      assertNothingLeft();
    });
  }

  it("does not begin when the caller has given up already", async () => {
    const { caller, deadline, assertNothingLeft } = world();
    caller.abort("stopped");
    let hasBegun = false;
    const waiting = withDeadline(deadline, () => {
      hasBegun = true;
      return never();
    });
    await assert.rejects(waiting, (error) => error === "stopped");
    assert.equal(hasBegun, false);
    assertNothingLeft();
  });

  it("does not abort the work's signal after the work has ended", async () => {
    const { clock, caller, deadline } = world();
    let given: AbortSignal | undefined;
    await withDeadline(deadline, (signal) => Promise.resolve(given = signal));
    clock.advance(1_000);
    caller.abort();
    await Promise.resolve();
    assert.equal(given?.aborted, false);
  });
});

describe("withDeadline() by a clock's own timer", () => {
  function timing() {
    const timers = new Set<() => void>();
    const after = (ms: number, fire: () => void): () => void => {
      assert.equal(ms, 100);
      timers.add(fire);
      return () => void timers.delete(fire);
    };
    const { deadline, clock, caller, assertNothingLeft } = world();
    const timed = { nowMs: () => 0, monotonicMs: () => 0, sleep: clock.sleep, after };
    return { timers, caller, assertNothingLeft, deadline: { ...deadline, clock: timed } };
  }

  it("cancels it when the work is done", async () => {
    const { timers, deadline, assertNothingLeft } = timing();
    assert.equal(
      await withDeadline(deadline, () => {
        assert.equal(timers.size, 1);
        return Promise.resolve(1);
      }),
      1,
    );
    assert.equal(timers.size, 0);
    assertNothingLeft();
  });

  it("cancels it when the caller gives up", async () => {
    const { timers, caller, deadline } = timing();
    const waiting = withDeadline(deadline, never);
    caller.abort("enough");
    await assert.rejects(waiting, (error) => error === "enough");
    assert.equal(timers.size, 0);
  });

  it("rejects, and aborts the work, when it fires", async () => {
    const { timers, deadline, assertNothingLeft } = timing();
    let given: AbortSignal | undefined;
    const waiting = withDeadline(deadline, (signal) => untilAbort(given = signal));
    for (const fire of timers) fire();
    await assert.rejects(waiting, (error) => error === LATE);
    assert.equal(given?.reason, LATE);
    assertNothingLeft();
  });
});

describe("untilAborted()", () => {
  it("resolves to what the work does, without a listener left", async () => {
    const { signal } = new AbortController();
    assert.equal(await untilAborted(Promise.resolve(1), signal), 1);
    assert.equal(await untilAborted(Promise.resolve(2), undefined), 2);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });

  it("rejects with the reason when the signal aborts, or had aborted", async () => {
    const controller = new AbortController();
    const waiting = untilAborted(never(), controller.signal);
    controller.abort("enough");
    await assert.rejects(waiting, (error) => error === "enough");
    await assert.rejects(untilAborted(never(), controller.signal), (error) => error === "enough");
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  });
});
