// Contract: a line that is wrapped keeps every character but the spaces it is broken at, and every
// style; no part of it is wider than it may be.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Line, span, widthOf, wrap } from "./spans.ts";

const LINE: Line = [span("✗ ", "red"), span("name  ", "bold"), span("is missing on arn:aws:x/y")];

function texts(lines: readonly Line[]): readonly string[] {
  return lines.map((line) => line.map(({ text }) => text).join(""));
}

describe("wrap()", () => {
  it("breaks at spaces, and begins what follows below what it belongs to", () => {
    assert.deepEqual(texts(wrap(LINE, { columns: 22, indent: 8 })), [
      "✗ name  is missing on",
      "        arn:aws:x/y",
    ]);
  });

  it("leaves a line as it is that fits just so, or has no bound", () => {
    const columns = widthOf(LINE);
    assert.deepEqual(wrap(LINE, { columns, indent: 8 }), [LINE]);
    assert.deepEqual(wrap(LINE, { columns: Number.POSITIVE_INFINITY, indent: 8 }), [LINE]);
    assert.equal(wrap(LINE, { columns: columns - 1, indent: 8 }).length, 2);
  });

  it("loses no character and no style, and passes no edge, at any width", () => {
    const solid = (lines: readonly Line[]) =>
      lines.flat().flatMap(({ text, style }) =>
        [...text.replaceAll(" ", "")].map((c) => c + style)
      );
    for (let columns = 1; columns <= 60; columns++) {
      const lines = wrap(LINE, { columns, indent: 8 });
      assert.deepEqual(solid(lines), solid([LINE]), `${columns} columns`);
      for (const line of lines) assert.ok(widthOf(line) <= columns, `${columns} columns`);
    }
  });
});
