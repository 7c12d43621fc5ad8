/**
 * Contract: the reference has every export of each door, with its docstring, links between them that
 * lead somewhere, and examples as they are written.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { ROOT } from "../runtimes.mjs";
import { prose } from "./docstrings.mjs";
import { FOLDER, referencePages } from "./reference.mjs";

describe("referencePages()", () => {
  /** @type {ReadonlyMap<string, string>} */
  let pages;
  before(() => {
    pages = referencePages();
  }, { timeout: 60_000 });

  it("makes a page for each door of package.json", () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const doors = Object.keys(manifest.exports).filter((each) => !each.endsWith(".json"));
    const heads = [...pages.values()].map((text) => text.split("\n")[0]);
    assert.deepEqual(heads, doors.map((door) => `# ${door.replace(/^\./, "kinsumer")}`));
  });

  it("has every name that mod.ts exports", () => {
    const text = pages.get(`${FOLDER}/kinsumer.md`) ?? "";
    const source = readFileSync(join(ROOT, "mod.ts"), "utf8").replace(/\/\*\*.*?\*\//gs, "");
    const names = [...source.matchAll(/\{([^}]*)\}/g)].flatMap((match) =>
      match[1]?.split(",") ?? []
    )
      .map((name) => name.replace(/\btype\b/, "").trim()).filter((name) => name !== "");
    assert.ok(names.length > 50, names.join());
    assert.deepEqual(names.filter((name) => !text.includes(`\n## ${name}\n`)), []);
  });

  it("keeps an example as it is written", () => {
    assert.match(pages.get(`${FOLDER}/kinsumer.md`) ?? "", /\n {2}console\.log\(record\.shardId/);
  });

  it("shows nothing private, and no implementation of an overload", () => {
    const text = [...pages.values()].join("\n");
    assert.doesNotMatch(text, /^\| `#/m);
    assert.doesNotMatch(text, /\| `process\([^`]*Handler \\\| BatchHandler/);
  });
});

it("prose() makes links of what is exported, and words of the rest", () => {
  const links = new Map([["Kinsumer", "#kinsumer"]]);
  assert.equal(
    prose("See {@linkcode Kinsumer}, {@link Kinsumer | this} and {@linkcode other}.", links),
    "See [`Kinsumer`](#kinsumer), [this](#kinsumer) and `other`.",
  );
});
