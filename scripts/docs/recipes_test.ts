/**
 * Contract: the recipes that the documents show are the files that `npm run recipes` runs, every one
 * of them; and from nothing to a passing test of one's own handler it takes less than 15 lines.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { FOLDER, RECIPES, SOURCES } from "../recipes/recipes.mjs";
import { fencedBlocks } from "./markdown.mjs";

const GUIDE = "docs/testing-recipes.md";
const SHORT = ["node.test.ts", "vitest.test.ts", "deno.test.ts", "bun.test.ts"];

function source(name: string): string {
  return readFileSync(join(FOLDER, name), "utf8").trimEnd();
}

function codes(path: string): readonly string[] {
  return fencedBlocks(path).map(({ code }: { readonly code: string }) => code);
}

describe("the recipes", () => {
  it("stand in the guide as they are run", () => {
    for (const name of SOURCES) {
      assert.ok(codes(GUIDE).includes(source(name)), `${GUIDE} does not show ${name} as it is`);
    }
  });

  it("stand in the README, for one runner, as they are run", () => {
    for (const name of ["orders.ts", "node.test.ts"]) {
      assert.ok(codes("README.md").includes(source(name)), `the README shows another ${name}`);
    }
  });

  it("are all that the documents show of that kind", () => {
    const known = SOURCES.map(source);
    for (const code of [...codes(GUIDE), ...codes("README.md")]) {
      const isRecipe = code.includes('"./orders.ts"');
      assert.ok(!isRecipe || known.includes(code), `is not run by anything:\n${code}`);
    }
  });

  it("are short, and there is one for each runner", () => {
    for (const name of SHORT) {
      const lines = source(name).split("\n").filter((line) => line.trim() !== "");
      assert.ok(lines.length < 15, `${name} has ${lines.length} lines`);
      assert.ok(
        RECIPES.some(({ file }: { readonly file: string }) => file === name),
        `${name} is not run`,
      );
    }
  });
});
