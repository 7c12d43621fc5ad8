/**
 * Contract: the checker of the documents' blocks finds what does not compile, and where; what is
 * right passes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { findBlockProblems, typescriptBlocks } from "./check_blocks.mjs";

/** @param {string} code */
function block(code) {
  return { path: "README.md", line: 7, language: "ts", code };
}

it("findBlockProblems() tells the file and line of what does not compile", () => {
  const problems = findBlockProblems([
    block("await kinsumer.run();\nawait kinsumer.walk();"),
    block('new Kinsumer({ streamName: "orders", applicationName: "billing", speed: 3 });'),
    block('import { nothing } from "kinsumer/testing";'),
    block("for await (const record of kinsumer) await handle(record.text());"),
  ]);
  assert.equal(problems.length, 3, problems.join("\n"));
  assert.match(problems[0] ?? "", /^README\.md:8: .*walk/);
  assert.match(problems[1] ?? "", /^README\.md:7: .*speed/);
  assert.match(problems[2] ?? "", /^README\.md:7: .*nothing/);
});

it("typescriptBlocks() finds those of the README and of the docstrings", () => {
  const paths = new Set(typescriptBlocks().map(({ path }) => path));
  assert.ok(paths.has("README.md") && paths.has("src/kinsumer.ts"), [...paths].join(", "));
});
