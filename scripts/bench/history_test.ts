/**
 * The contract: the history keeps, for each runtime, what says the same on another machine; the
 * picture and the goals agree on what they need.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Goal, isCompared, judge } from "./goals.ts";
import { changes, entryOf, keep, readHistory } from "./history.ts";
import { drawPicture, isDrawn } from "./picture.ts";
import { CASES, isMeasured, SUBJECTS } from "./plan.ts";
import type { Throughput } from "./throughput.ts";

const FACTS = { date: "2026-01-31", version: "20.20", platform: "linux-x64" } as const;

function goal(given: Partial<Goal>): Goal {
  const base = { name: "a", value: 2, want: "≥ 1 ×", holds: true } as const;
  return { ...base, runtime: "node", isNeutral: true, ...given };
}

function costing(subject: string, cpuSeconds: number): Throughput {
  return {
    runtime: "node",
    case: "1 KiB",
    subject,
    cpuSeconds: [cpuSeconds],
    recordsPerSecond: [],
    peakMiB: [],
    firstRecordMs: [],
    serverShare: [],
    beatLatenessMs: [],
    connectionsPerCall: [],
  };
}

describe("the history", () => {
  it("keeps what was measured on its runtime and says the same on every machine", () => {
    const goals = [
      goal({ name: "ratio" }),
      goal({ name: "bun's", runtime: "bun" }),
      goal({ name: "µs", isNeutral: false }),
      goal({ name: "unmeasured", value: null }),
    ];
    assert.deepEqual(entryOf(goals, { ...FACTS, runtime: "node" }).values, { ratio: 2 });
    assert.deepEqual(entryOf(goals, { ...FACTS, runtime: "bun" }).values, { "bun's": 2 });
  });

  it("keeps twenty runs of each runtime", () => {
    const folder = mkdtempSync(join(tmpdir(), "kinsumer-history-"));
    try {
      const path = join(folder, "history.json");
      keep(path, { ...FACTS, runtime: "bun", values: { a: 1 } });
      for (let run = 1; run <= 21; run++) {
        keep(path, { ...FACTS, runtime: "node", values: { a: run } });
      }
      const runs = readHistory(path);
      assert.equal(runs.filter(({ runtime }) => runtime === "bun").length, 1);
      const ofNode = runs.filter(({ runtime }) => runtime === "node");
      assert.deepEqual([ofNode.length, ofNode.at(0)?.values, ofNode.at(-1)?.values], [
        20,
        { a: 2 },
        { a: 21 },
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("tells what changed by more than noise", () => {
    const entry = (a: number, b: number) => ({
      ...FACTS,
      runtime: "node" as const,
      values: { a, b },
    });
    assert.deepEqual(changes(entry(10, 10), entry(10.9, 8)), ["b: 10 → 8 (−20 %)"]);
  });
});

describe("what the goals need", () => {
  it("is measured: each subject that a goal names, on its case and runtime", () => {
    const measured = new Set(
      CASES.flatMap((on) =>
        SUBJECTS.flatMap((subject) =>
          subject.runtimes.filter((runtime) => isMeasured(subject, on, runtime))
            .map((runtime) => `${on.name}, ${runtime}, ${subject.name}`)
        )
      ),
    );
    for (const { name, runtime, want } of judge([], [])) {
      const found = /^(.*) against (.*), (.*), (node|deno|bun)$/.exec(name);
      if (found === null || !want.startsWith("≥")) continue;
      const [, subject = "", peer = "", on = ""] = found;
      for (const each of [subject, peer]) {
        assert.ok(measured.has(`${on}, ${runtime}, ${each}`), `${each}, ${on}, ${runtime}`);
        assert.ok(isCompared(on, runtime, each), `${each} is left out by --goals`);
      }
    }
  });
});

describe("drawPicture()", () => {
  it("draws what was measured, against the first, in the light and in the dark", () => {
    assert.equal(drawPicture([]), undefined);
    assert.equal(isDrawn("1 KiB", "node", "AWS SDK v3"), true);
    assert.equal(isDrawn("1 KiB", "bun", "AWS SDK v3"), false);
    const svg = drawPicture([costing("AWS SDK v3", 24), costing("kinsumer cbor node", 2)]) ?? "";
    assert.match(svg, /AWS SDK v3/);
    assert.match(svg, />24\.0 \(12\.0 ×\)</);
    assert.match(svg, /prefers-color-scheme: dark/);
  });
});
