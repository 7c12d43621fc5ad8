/**
 * The contract: medians and ratios say what was measured, whatever rounds are missing, and goals
 * hold only by what was measured.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judge } from "./goals.ts";
import { changes, entryOf } from "./history.ts";
import { drawPicture } from "./picture.ts";
import { report } from "./report.ts";
import { ratioOf, spreadOf } from "./statistics.ts";
import type { Throughput } from "./throughput.ts";

function throughput(subject: string, cpuSeconds: (number | undefined)[]): Throughput {
  return {
    runtime: "node",
    case: "1 KiB",
    subject,
    cpuSeconds,
    recordsPerSecond: [1],
    peakMiB: [1],
    firstRecordMs: [1],
    serverShare: [0.1],
    beatLatenessMs: [20],
    connectionsPerCall: [0],
  };
}

describe("spreadOf()", () => {
  it("takes the middle of an odd and of an even count", () => {
    assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 });
    assert.equal(spreadOf([4, 1, 2, 3])?.median, 2.5);
    assert.equal(spreadOf([]), undefined);
  });
});

describe("ratioOf()", () => {
  it("compares within rounds, and leaves out what is missing", () => {
    assert.equal(ratioOf([1, 2, undefined], [10, 40, 7]), 15);
    assert.equal(ratioOf([], [1]), undefined);
  });
});

describe("judge()", () => {
  const cheap = throughput("kinsumer cbor node", [1, 1]);
  const goalOf = (peer: number, figures = [{ name: "fail-over: crash", value: 21, unit: "s" }]) =>
    judge([cheap, throughput("AWS SDK v3", [peer, peer])], figures);

  it("holds a ratio from its bound on", () => {
    const name = "kinsumer cbor node against AWS SDK v3, 1 KiB, node";
    assert.equal(goalOf(10).find((each) => each.name === name)?.holds, true);
    assert.equal(goalOf(9.9).find((each) => each.name === name)?.holds, false);
  });

  it("holds a figure up to its bound", () => {
    assert.equal(goalOf(1).find(({ name }) => name === "fail-over: crash")?.holds, false);
  });

  it("does not hold what was not measured", () => {
    const goal = goalOf(1).find(({ name }) => name === "fail-over: join");
    assert.deepEqual([goal?.value, goal?.holds], [null, false]);
  });

  it("is reported, drawn and remembered", () => {
    const measured = [cheap, throughput("AWS SDK v3", [12, 12])];
    const goals = judge(measured, []);
    assert.match(report(measured, [], goals), /AWS SDK v3/);
    assert.match(drawPicture(measured) ?? "", /12\.0 ×/);
    const facts = {
      date: "2026-01-01",
      runtime: "node",
      version: "20.20",
      platform: "linux-x64",
    } as const;
    const entry = entryOf(goals, facts);
    assert.deepEqual(changes(entry, entry), []);
    const name = "kinsumer cbor node against AWS SDK v3, 1 KiB, node";
    const other = { ...entry, values: { ...entry.values, [name]: 6 } };
    assert.deepEqual(changes(entry, other), [`${name}: 12 → 6 (−50 %)`]);
  });
});
