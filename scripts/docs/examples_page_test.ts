/**
 * Contract: every example is described in docs/examples.md, has a README and a proof, and its README
 * installs whatever its programs import.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ROOT } from "../runtimes.mjs";
import { read } from "./markdown.mjs";

const FOLDER = join(ROOT, "scripts/examples");
const NAMES = readdirSync(FOLDER, { withFileTypes: true }).filter((each) => each.isDirectory())
  .map(({ name }) => name).filter((name) => name !== "proofs" && name !== "node_modules");

/** What the programs of an example import by a package's name, or a runtime's or a type's. */
function packagesOf(name: string): ReadonlySet<string> {
  const files = readdirSync(join(FOLDER, name), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.[jt]s$/.test(file));
  const imports = files.flatMap((file) => {
    const text = readFileSync(join(FOLDER, name, file), "utf8");
    return [...text.matchAll(/ from "([^".][^"]*)"/g)].map(([, specifier = ""]) => specifier);
  });
  const packages = imports.filter((each) => !/^(node|bun):/.test(each))
    .map((each) => each.split("/").slice(0, each.startsWith("@") ? 2 : 1).join("/"));
  return new Set(packages);
}

/** Where an example says what it needs. */
function installed(name: string): string {
  const files = ["README.md", "package.json", "deno.json"].map((file) => join(FOLDER, name, file));
  return files.filter((path) => existsSync(path)).map((path) => readFileSync(path, "utf8"))
    .join("\n");
}

describe("the examples", () => {
  it("are there", () => assert.ok(NAMES.length >= 7, NAMES.join(", ")));

  for (const name of NAMES) {
    it(`${name} is described, and proved`, () => {
      assert.ok(
        read("docs/examples.md").includes(`(../scripts/examples/${name}/)`),
        "is not listed",
      );
      assert.ok(existsSync(join(FOLDER, name, "README.md")), "has no README");
      assert.ok(existsSync(join(FOLDER, "proofs", `${name}.ts`)), "has no proof");
      assert.ok(
        readFileSync(join(FOLDER, "main.ts"), "utf8").includes(`["${name}", `),
        "is not run",
      );
    });

    it(`${name} says what it needs`, () => {
      for (const each of packagesOf(name)) {
        assert.ok(installed(name).includes(each), `imports "${each}" and installs it nowhere`);
      }
    });
  }
});
