// The picture fits every terminal: no line wider, no more lines than it has; without colours it
// tells the same by letters.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Board } from "./board.ts";
import { draw } from "./picture.ts";
import { bar, grouped, layOut, span, widthOf } from "../../src/cli/spans.ts";

const START_MS = 1_000_000;

function boardWith(shardCount: number): Board {
  const title = `${shardCount} shards, 3 clients, 20,000 records, node 20.20.2`;
  const board = new Board({ title, total: 20_000, nowMs: START_MS });
  for (const client of ["A", "B", "C"]) board.apply({ kind: "started", client, atMs: START_MS });
  for (let number = 0; number < shardCount; number++) {
    const shardId = `shardId-${String(number).padStart(12, "0")}`;
    const client = "ABC".charAt(number % 3);
    board.produced([{ index: number, key: "key", shardId, sequenceNumber: "1" }]);
    board.apply({ kind: "captured", client, atMs: START_MS, shardId });
  }
  board.apply({ kind: "killed", client: "B", atMs: START_MS + 1_000 });
  board.announce("Killing client B with SIGKILL: who takes its shards 1, 4, 7?", START_MS + 1_000);
  board.sample(START_MS + 20_000);
  return board;
}

describe("draw()", () => {
  for (const [columns, rows] of [[80, 24], [120, 40], [40, 10], [200, 60], [20, 5]] as const) {
    it(`fits ${columns} columns and ${rows} rows`, () => {
      for (const shardCount of [1, 8, 64]) {
        const frame = { columns, rows, nowMs: START_MS + 20_000, isColoured: true };
        const lines = draw(boardWith(shardCount), frame);
        assert.ok(lines.length < rows, `${lines.length} lines`);
        for (const line of lines) {
          const text = layOut(line, { columns, isColoured: false });
          assert.ok([...text].length <= columns, text);
        }
      }
    });
  }

  it("shows every shard of the usual run on the usual terminal, uncut", () => {
    const frame = { columns: 80, rows: 24, nowMs: START_MS + 20_000, isColoured: true };
    const lines = draw(boardWith(11), frame);
    assert.equal(lines.filter((line) => /^ {4,5}\d+$/.test(line[0]?.text ?? "")).length, 11);
    for (const line of lines) assert.ok(widthOf(line) <= 80, layOut(line, PLAIN));
  });

  it("says in words how many shards there was no room for", () => {
    const frame = { columns: 80, rows: 24, nowMs: START_MS, isColoured: true };
    const text = draw(boardWith(64), frame).map((line) => layOut(line, PLAIN)).join("\n");
    assert.match(text, /and \d+ more/);
  });

  it("tells by letters and without escapes who owned what, where there are no colours", () => {
    const frame = { columns: 80, rows: 24, nowMs: START_MS, isColoured: false };
    const text = draw(boardWith(8), frame).map((line) => layOut(line, PLAIN)).join("\n");
    assert.match(text, /0 {2}● A .*A{20}/);
    assert.match(text, /1 {2}○ nobody /);
    assert.doesNotMatch(text, new RegExp("\x1b"));
  });
});

const PLAIN = { columns: 80, isColoured: false };

describe("layOut()", () => {
  it("cuts by characters, never inside an escape", () => {
    const line = [span("●●", "red"), span("ab")];
    assert.equal(layOut(line, { columns: 3, isColoured: true }), "\x1b[31m●●\x1b[0ma");
    assert.equal(layOut(line, { columns: 1, isColoured: true }), "\x1b[31m●\x1b[0m");
    assert.equal(layOut(line, { columns: 9, isColoured: false }), "●●ab");
  });
});

describe("bar()", () => {
  it("has the same width whatever the share", () => {
    for (const share of [-1, 0, 0.01, 0.5, 0.999, 1, 2]) {
      const { full, rest } = bar(share, 10);
      assert.equal([...full, ...rest].length, 10);
    }
    assert.equal(bar(1, 3).full, "███");
    assert.equal(bar(0, 3).full, "");
  });
});

describe("grouped()", () => {
  it("groups thousands", () => {
    assert.deepEqual([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
  });
});
