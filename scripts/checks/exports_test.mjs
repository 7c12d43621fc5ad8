// package.json and deno.json must agree; each kind of difference is named.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findDifferences } from "./exports.mjs";
import { withFiles } from "./fixture.mjs";

const NPM = {
  name: "kinsumer",
  version: "1.2.3",
  license: "MIT",
  exports: {
    ".": { types: "./dist/mod.d.ts", default: "./dist/mod.js" },
    "./package.json": "./package.json",
  },
};
const JSR = {
  name: "@kinsumer/kinsumer",
  version: "1.2.3",
  license: "MIT",
  exports: { ".": "./mod.ts" },
};
const SAYS = 'export const VERSION = "1.2.3";';
const LOCK = { version: "1.2.3", packages: { "": { version: "1.2.3" } } };

/**
 * @param {object} npm
 * @param {object} jsr
 * @param {object} lock
 * @param {Record<string, string>} files
 */
function differences(npm, jsr, lock = LOCK, files = { "src/cli/version.ts": SAYS }) {
  const documents = { "package.json": { ...NPM, ...npm }, "deno.json": { ...JSR, ...jsr } };
  return withFiles(
    { ...documents, "package-lock.json": lock, "mod.ts": "", ...files },
    findDifferences,
  );
}

describe("findDifferences()", () => {
  it("passes equal files", () => assert.deepEqual(differences({}, {}), []));

  /** @type {Record<string, [npm: object, jsr: object, lock?: object, files?: Record<string, string>]>} */
  const cases = {
    "another version": [{}, { version: "1.2.4" }],
    "a missing version": [{}, { version: undefined }],
    "another name": [{}, { name: "@other/kinsumer" }],
    "another licence": [{ license: "ISC" }, {}],
    "a door that only npm has": [{ exports: { ...NPM.exports, "./x": {} } }, {}],
    "a door that only JSR has": [{}, { exports: { ".": "./mod.ts", "./x": "./mod.ts" } }],
    "a door without its source": [
      { exports: { ".": { types: "./dist/no.d.ts", default: "./dist/no.js" } } },
      { exports: { ".": "./no.ts" } },
    ],
    "a door to another file": [
      { exports: { ".": { types: "./dist/mod.d.ts", default: "./dist/x.js" } } },
      {},
    ],
    "types of another file": [
      { exports: { ".": { types: "./dist/x.d.ts", default: "./dist/mod.js" } } },
      {},
    ],
    "a program without its source": [{ bin: { kinsumer: "dist/src/no.js" } }, {}],
    "a program that says not what runs it": [{ bin: { kinsumer: "dist/mod.js" } }, {}],
    "a program outside of the build": [{ bin: { kinsumer: "mod.ts" } }, {}],
    "a command that says another version": [
      {},
      {},
      LOCK,
      { "src/cli/version.ts": SAYS.replace("3", "2") },
    ],
    "a command that says no version": [{}, {}, LOCK, {}],
    "no doors": [{ exports: {} }, { exports: {} }],
    "a lockfile of another version": [{}, {}, { ...LOCK, version: "1.2.2" }],
  };
  for (const [name, [npm, jsr, ...others]] of Object.entries(cases)) {
    it(`refuses ${name}`, () => assert.equal(differences(npm, jsr, ...others).length, 1));
  }
});
