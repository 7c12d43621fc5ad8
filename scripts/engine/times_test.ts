// The contract: a goal that is missed is told apart from one that is grossly missed, and what was not
// measured is not judged.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LocalBackend } from "../../testing/local_options.ts";
import { drawTimes, judgeTimes, measureTimes, type Times } from "./times.ts";

function times(backend: LocalBackend, startMs: number, stopMs: number): Times {
  const same = (ms: number) => ({ median: ms, min: ms, max: ms });
  return { backend, startMs: same(startMs), stopMs: same(stopMs) };
}

const outcomes = (...each: readonly Times[]): readonly string[] =>
  judgeTimes(each).map(({ goal, outcome }) => `${goal.split(",")[0]} ${outcome}`);

describe("judgeTimes()", () => {
  it("meets each goal at its limit, and misses it beyond", () => {
    assert.deepEqual(
      outcomes(times("embedded", 200, 1_000), times("container", 1_000, 1_000)),
      [
        "stop of embedded met",
        "stop of container met",
        "start of container met",
        "start of embedded met",
      ],
    );
    assert.deepEqual(
      outcomes(times("embedded", 621, 1_001), times("container", 3_001, 3_001)),
      [
        "stop of embedded missed",
        "stop of container grossly missed",
        "start of container missed",
        "start of embedded missed",
      ],
    );
    assert.deepEqual(
      outcomes(times("embedded", 700, 1), times("container", 1_000, 1)).at(-1),
      "start of embedded grossly missed",
    );
  });

  it("judges nothing that was not measured", () => {
    assert.deepEqual(outcomes(times("embedded", 20, 5)), [
      "stop of embedded met",
    ]);
  });
});

describe("measureTimes()", () => {
  it(
    "measures what starts here, and draws it",
    { timeout: 60_000 },
    async () => {
      const measured = await measureTimes(["embedded"], 2);
      assert.equal(measured.length, 1);
      const { startMs, stopMs } = measured[0]!;
      assert.ok(
        startMs.min > 0 && startMs.min <= startMs.max,
        `starts in ${startMs.median} ms`,
      );
      assert.ok(stopMs.min > 0, `stops in ${stopMs.median} ms`);
      const lines = drawTimes(measured, judgeTimes(measured));
      assert.match(lines[1] ?? "", /^embedded +\d+\.\d \(.*\) +- *$/);
      assert.match(lines[2] ?? "", /: stop of embedded, ms: /);
    },
  );
});
