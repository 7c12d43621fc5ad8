// What a user's compiler would refuse is told, library included, for each way to resolve modules.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withFiles } from "./fixture.mjs";
import { findTypeProblems } from "./user_types.mjs";

/** @param {string} types of a library */
function problems(types) {
  const exports = { ".": { types: "./mod.d.ts", default: "./mod.js" } };
  return withFiles({
    "package.json": { type: "module" },
    "user.ts": 'import { made } from "lib";\nexport const own: number = made;\n',
    "node_modules/lib/package.json": { name: "lib", version: "1.0.0", type: "module", exports },
    "node_modules/lib/mod.d.ts": types,
    "node_modules/lib/mod.js": "",
  }, (root) => findTypeProblems(root, "user.ts"));
}

describe("findTypeProblems()", () => {
  it("passes sound types, with what each kind of user has", () => {
    const types =
      "export declare const made: number;\nexport declare const signal: AbortSignal;\n" +
      "export declare const open: AsyncDisposable;\n";
    assert.deepEqual(problems(types), []);
  });

  it("refuses, for each kind of user, a wrong type that the user sees", () => {
    assert.equal(problems("export declare const made: string;\n").length, 3);
  });

  it("refuses a wrong type deep in the library", () => {
    const found = problems("export declare const made: number;\nexport declare let x: Missing;\n");
    assert.equal(found.length, 3);
    assert.match(found.join(), /bundler, types of browsers[^]*Cannot find name 'Missing'/);
  });

  it("refuses types that Node's users do not have", () => {
    const found = problems("export declare const made: number;\nexport declare let x: Window;\n");
    assert.match(found.join(), /^has wrong types \(nodenext, types of Node\)/);
    assert.equal(found.length, 1);
  });
});
