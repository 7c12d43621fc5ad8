// The npm package carries its doors, their types and its documents, and nothing else.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findContentProblems } from "./contents.mjs";

const MANIFEST = {
  exports: {
    ".": { types: "./dist/mod.d.ts", default: "./dist/mod.js" },
    "./package.json": "./package.json",
  },
};
const PATHS = ["LICENSE", "README.md", "package.json", "dist/mod.js", "dist/mod.d.ts"];

/** @param {string[]} paths */
function problems(paths) {
  return findContentProblems(MANIFEST, paths);
}

describe("findContentProblems()", () => {
  it("passes a whole package", () => {
    const more = ["CHANGELOG.md", "dist/src/a.js", "dist/src/a.d.ts", "dist/src/b.js"];
    assert.deepEqual(problems([...PATHS, ...more]), []);
  });

  for (const path of PATHS) {
    it(`misses ${path}`, () => {
      assert.deepEqual(problems(PATHS.filter((other) => other !== path)), [`"${path}" is missing`]);
    });
  }

  it("misses a program", () => {
    const manifest = { ...MANIFEST, bin: { kinsumer: "dist/src/cli/bin.js" } };
    assert.deepEqual(findContentProblems(manifest, PATHS), ['"dist/src/cli/bin.js" is missing']);
  });

  for (const path of ["src/model.ts", "scripts/test.mjs", "dist/a_test.d.ts", ".npmrc"]) {
    it(`refuses ${path}`, () => {
      assert.deepEqual(problems([...PATHS, path]), [`"${path}" does not belong in the package`]);
    });
  }
});
