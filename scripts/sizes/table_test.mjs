// What is too large is named, and a table that does not say what was measured.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findBudgetProblems, findTableProblems, writeTable } from "./table.mjs";

const PAGE = "# Sizes\n<!-- sizes: npm run sizes -- --write -->\n<!-- /sizes -->\nThe end\n";
const WHOLE = {
  name: "whole",
  gzipBytes: 60_000,
  installed: { packages: 2, bytes: 950_000 },
  downloadBytes: 280_000,
};
const ROWS = [
  { name: "edge", gzipBytes: 20_000 },
  { name: "runOnce", gzipBytes: 20_000 },
  { name: "ports", gzipBytes: 9_000 },
  WHOLE,
  { name: "kcl", jars: 79, installed: { packages: 4, bytes: 700_000 } },
];

describe("findBudgetProblems()", () => {
  it("passes what is small enough", () => assert.deepEqual(findBudgetProblems(ROWS), []));

  /** @type {Record<string, [at: number, row: object]>} */
  const cases = {
    edge: [0, { gzipBytes: 33_000 }],
    runOnce: [1, { gzipBytes: 33_000 }],
    ports: [2, { gzipBytes: 14_000 }],
    downloadBytes: [3, { downloadBytes: 300_001 }],
    installedBytes: [3, { installed: { packages: 2, bytes: 1_000_001 } }],
    installedPackages: [3, { installed: { packages: 3, bytes: 1 } }],
  };
  for (const [name, [at, change]] of Object.entries(cases)) {
    it(`names ${name}, too large or not measured`, () => {
      const larger = ROWS.map((row, index) => index === at ? { ...row, ...change } : row);
      assert.match(findBudgetProblems(larger).join(), new RegExp(`^${name}: `));
      const without = ROWS.filter((_, index) => index !== at);
      assert.match(findBudgetProblems(without).join(), new RegExp(`\\b${name}: Infinity`));
    });
  }
});

describe("findTableProblems()", () => {
  const written = writeTable(PAGE, ROWS);

  it("passes what writeTable() wrote, and what is nearly that", () => {
    assert.deepEqual(findTableProblems(written, ROWS), []);
    const nearly = ROWS.map((row) => row.name === "edge" ? { ...row, gzipBytes: 20_900 } : row);
    assert.deepEqual(findTableProblems(written, nearly), []);
    assert.equal(writeTable(written, ROWS), written);
  });

  for (const change of [{ gzipBytes: 22_000 }, { gzipBytes: 18_000 }]) {
    it(`names a row that is no longer true: ${change.gzipBytes}`, () => {
      const other = ROWS.map((row) => row.name === "edge" ? { ...row, ...change } : row);
      assert.equal(findTableProblems(written, other).length, 1);
    });
  }

  it("names a row that is missing", () => {
    assert.equal(findTableProblems(PAGE, ROWS).length, ROWS.length);
  });
});
