// Contract: simulated time moves only when it is told to, wakes sleepers in one order, and lets
// everything run that can run in between.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedClock } from "./clock.ts";

const START_MS = 1_795_412_454_604;

describe("advance()", () => {
  it("wakes sleepers by due time, then in the order they fell asleep", async () => {
    const { clock, advance } = createSimulatedClock({ startMs: START_MS });
    const woken: string[] = [];
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push(`${name} at ${clock.monotonicMs()}`);
    };
    void sleeper("c", 20);
    void sleeper("a", 10);
    void sleeper("d", 20);
    void sleeper("b", 10);
    await advance(9);
    assert.deepEqual(woken, []);
    await advance(1);
    assert.deepEqual(woken, ["a at 10", "b at 10"]);
    await advance(100);
    assert.deepEqual(woken, ["a at 10", "b at 10", "c at 20", "d at 20"]);
    assert.equal(clock.monotonicMs(), 110);
    assert.equal(clock.nowMs(), START_MS + 110);
  });

  it("lets long chains of promises end before time moves on", async () => {
    const { clock, advance } = createSimulatedClock({ startMs: 0 });
    let endedMs = -1;
    const work = async (): Promise<void> => {
      await clock.sleep(5);
      for (let step = 0; step < 2000; step++) await Promise.resolve();
      endedMs = clock.monotonicMs();
    };
    void work();
    void clock.sleep(6);
    await advance(10);
    assert.equal(endedMs, 5);
  });

  it("wakes who falls asleep again within the time that passes", async () => {
    const { clock, advance } = createSimulatedClock({ startMs: 0 });
    const ticks: number[] = [];
    const ticking = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(10);
        ticks.push(clock.monotonicMs());
      }
    };
    void ticking();
    await advance(35);
    assert.deepEqual(ticks, [10, 20, 30]);
  });

  it("throws at a loop that does not wait", async () => {
    const { clock, advance } = createSimulatedClock({ startMs: 0 });
    let isOver = false;
    const spinning = async (): Promise<void> => {
      while (!isOver) await clock.sleep(0);
    };
    void spinning();
    await assert.rejects(advance(1), /does not wait/);
    isOver = true;
  });
});

describe("sleep()", () => {
  it("resolves at once when its signal aborts, and leaves no sleeper", async () => {
    const { clock, settle, sleeperCount } = createSimulatedClock({ startMs: 0 });
    const controller = new AbortController();
    let isAwake = false;
    void clock.sleep(1000, controller.signal).then(() => (isAwake = true));
    const other = clock.sleep(1000, AbortSignal.abort());
    await other;
    assert.equal(sleeperCount(), 1);
    controller.abort();
    await settle();
    assert.equal(isAwake, true);
    assert.equal(sleeperCount(), 0);
    assert.equal(clock.monotonicMs(), 0);
  });

  it("of 0 ms gives others a turn without time passing", async () => {
    const { clock, advance } = createSimulatedClock({ startMs: 0 });
    let isAwake = false;
    void clock.sleep(0).then(() => (isAwake = true));
    await Promise.resolve();
    assert.equal(isAwake, false);
    await advance(0);
    assert.equal(isAwake, true);
    assert.equal(clock.monotonicMs(), 0);
  });
});

describe("runUntil()", () => {
  it("stops at the moment when the predicate holds", async () => {
    const { clock, runUntil } = createSimulatedClock({ startMs: 0 });
    let count = 0;
    const counting = async (): Promise<void> => {
      for (; count < 100; count++) await clock.sleep(10);
    };
    void counting();
    await runUntil(() => count === 3, 1000);
    assert.equal(clock.monotonicMs(), 30);
    await runUntil(() => true, 0);
    assert.equal(clock.monotonicMs(), 30);
  });

  it("throws when the limit passes or nobody sleeps", async () => {
    const { clock, runUntil } = createSimulatedClock({ startMs: 0 });
    await assert.rejects(runUntil(() => false, 1000), /0 sleep/);
    void clock.sleep(1001);
    await assert.rejects(runUntil(() => false, 1000), /1000 simulated ms/);
  });
});

describe("machine()", () => {
  it("has a wall clock of its own on the same timeline", async () => {
    const { clock, machine, advance, setWallOffset } = createSimulatedClock({ startMs: START_MS });
    const skewed = machine({ wallOffsetMs: 600_000 });
    await advance(5);
    assert.equal(skewed.clock.nowMs(), START_MS + 5 + 600_000);
    assert.equal(skewed.clock.monotonicMs(), 5);
    skewed.setWallOffset(-1000);
    assert.equal(skewed.clock.nowMs(), START_MS + 5 - 1000);
    assert.equal(clock.nowMs(), START_MS + 5);
    setWallOffset(7);
    assert.equal(clock.nowMs(), START_MS + 12);
    assert.equal(clock.monotonicMs(), 5);
  });

  it("that hangs wakes nobody until it resumes, while time passes for others", async () => {
    const { clock, machine, advance } = createSimulatedClock({ startMs: 0 });
    const hung = machine();
    const woken: string[] = [];
    void hung.clock.sleep(10).then(() => woken.push(`hung at ${clock.monotonicMs()}`));
    void clock.sleep(20).then(() => woken.push(`other at ${clock.monotonicMs()}`));
    hung.pause();
    await advance(50);
    assert.deepEqual(woken, ["other at 20"]);
    hung.resume();
    await advance(0);
    assert.deepEqual(woken, ["other at 20", "hung at 50"]);
  });
});
