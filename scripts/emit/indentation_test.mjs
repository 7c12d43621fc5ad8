// A module says with tabs, line by line, what it said with spaces.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { transformSync } from "esbuild";
import { indentByTabs } from "./indentation.mjs";

const CODE = [
  "class A {",
  "    #text = `one",
  "    two ${() => {",
  "        return `three",
  "        four`;",
  "    }} five",
  "        six`;",
  "    get text() {",
  "        return [",
  '            "seven",',
  "        ].map((each) => /    /.test(each)",
  "          ? each : this.#text);",
  "    }",
  "}",
].join("\n");

describe("indentByTabs()", () => {
  it("changes the indentation, and not the text of a template", () => {
    assert.deepEqual(indentByTabs(CODE).split("\n"), [
      "class A {",
      "\t#text = `one",
      "    two ${() => {",
      "\t\treturn `three",
      "        four`;",
      "\t}} five",
      "        six`;",
      "\tget text() {",
      "\t\treturn [",
      '\t\t\t"seven",',
      "\t\t].map((each) => /    /.test(each)",
      "\t\t  ? each : this.#text);",
      "\t}",
      "}",
    ]);
  });

  it("leaves a program that is the same without its white space", () => {
    const without = (/** @type {string} */ code) =>
      transformSync(code, { minifyWhitespace: true }).code;
    assert.equal(without(indentByTabs(CODE)), without(CODE));
  });
});
