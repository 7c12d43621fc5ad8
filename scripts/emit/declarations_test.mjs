// What a user can name is declared, word for word; what no door reaches is not.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keepReached } from "./declarations.mjs";

const HEAD = "/**\n * What the module does.\n *\n * @module\n */\n";

/** @param {Record<string, string>} files */
function kept(files) {
  return Object.fromEntries(keepReached(new Map(Object.entries(files)), ["mod.d.ts"]));
}

describe("keepReached()", () => {
  it("follows re-exports and imports, and leaves out files that they do not lead to", () => {
    const files = {
      "mod.d.ts": `${HEAD}export { type A, b as c } from "./src/a.ts";\n`,
      "src/a.d.ts":
        `${HEAD}import type { X } from "./deep/x.js";\nexport interface A {\n\tx: X;\n}\n` +
        "export declare const b: number;\n",
      "src/deep/x.d.ts": "export type X = 1;\n",
      "src/other.d.ts": 'import type { X } from "./deep/x.js";\nexport type Other = X;\n',
    };
    const { "src/other.d.ts": _, ...others } = files;
    assert.deepEqual(kept(files), others);
  });

  it("leaves out what is declared beside it, with what only that needs", () => {
    assert.deepEqual(
      kept({
        "mod.d.ts": 'export { A } from "./a.ts";\n',
        "a.d.ts": `${HEAD}import { type X, Y } from "./x.ts";\n` +
          'import type { Z } from "./z.ts";\n' +
          "/** Stays. */\nexport declare class A extends Y {\n}\n" +
          "/** Goes. */\nexport type B = X | Z | A;\n",
        "x.d.ts": "export type X = 1;\nexport declare class Y {\n}\n",
        "z.d.ts": "export type Z = 1;\n",
      }),
      {
        "mod.d.ts": 'export { A } from "./a.ts";\n',
        "a.d.ts": `${HEAD}import { Y } from "./x.ts";\n` +
          "/** Stays. */\nexport declare class A extends Y {\n}\n",
        "x.d.ts": "export declare class Y {\n}\n",
      },
    );
  });

  it("keeps all that has a name, and what is not exported but mentioned", () => {
    const files = {
      "mod.d.ts": "interface Hidden {\n}\ntype Unused = 1;\n" +
        "export declare function f(hidden: Hidden): void;\n" +
        "export declare function f(): void;\nexport declare const g: typeof h, i: 1;\n" +
        "declare const h: 1;\nexport {};\n",
    };
    assert.equal(kept(files)["mod.d.ts"], files["mod.d.ts"].replace("type Unused = 1;\n", ""));
  });

  it("knows a name inside of a file from the same name outside of it", () => {
    const files = {
      "mod.d.ts": 'export { A, B } from "./a.ts";\n',
      "a.d.ts": 'import { A } from "./x.ts";\nimport { type C } from "./x.ts";\n' +
        'export { A };\nexport type { C as B };\nexport { X as C } from "./x.ts";\n',
      "x.d.ts": "export type A = 1;\nexport type C = 1;\nexport type X = 1;\n",
    };
    assert.deepEqual(kept(files), {
      "mod.d.ts": files["mod.d.ts"],
      "a.d.ts": files["a.d.ts"].replace('export { X as C } from "./x.ts";\n', ""),
      "x.d.ts": "export type A = 1;\nexport type C = 1;\n",
    });
  });

  it("goes through doors of everything, local lists and circles", () => {
    const files = {
      "mod.d.ts": 'export * from "./a.js";\n',
      "a.d.ts": 'import { B } from "./b.ts";\ntype A = B;\nexport { A };\n',
      "b.d.ts": 'import { A } from "./a.ts";\nexport type B = A[];\nexport { C } from "x";\n',
    };
    const wanted = files["b.d.ts"].replace('export { C } from "x";\n', "");
    assert.deepEqual(kept(files), { ...files, "b.d.ts": wanted });
  });

  it("takes the name of a member for no mention of a type", () => {
    const files = {
      "mod.d.ts": "export interface A {\n\tb: 1;\n\tc(d: 1): 1;\n}\n",
    };
    const more = { "mod.d.ts": `type b = 1;\ntype c = 1;\ntype d = 1;\n${files["mod.d.ts"]}` };
    assert.deepEqual(kept(more), files);
  });

  for (
    const statement of [
      'import * as all from "./a.ts";',
      'import one from "./a.ts";',
      'export declare const a: import("./a.ts").A;',
      "declare global {\n}",
      'export { A } from "./missing.ts";',
    ]
  ) {
    it(`refuses what it cannot follow: ${statement}`, () => {
      const text = `${statement}\nexport declare const used: Used;\n`;
      assert.throws(() => kept({ "mod.d.ts": text, "a.d.ts": "" }), /Cannot follow|not built/);
    });
  }
});
