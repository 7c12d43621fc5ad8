// The law of layers passes a lawful tree, and names each kind of breach.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withFiles } from "./fixture.mjs";
import { findViolations } from "./layers.mjs";

const LAWFUL = {
  "mod.ts":
    'export { run } from "./src/kinsumer.ts";\nexport type { Clock } from "./src/runtime.ts";\n',
  "src/kinsumer.ts": 'import { loop } from "./loops/loop.ts";\nexport const run = loop;\n',
  "src/loops/loop.ts": 'import { now } from "./other.ts";\nexport const loop = now;\n',
  "src/loops/other.ts":
    'import type { Clock } from "../runtime.ts";\nexport const now = (c: Clock) => c.nowMs();\n',
  "src/runtime.ts":
    "export interface Clock { nowMs(): number }\nexport const now = () => Date.now();\n",
  "src/aws/call.ts": 'import { AwsV4Signer } from "aws4fetch";\nexport const s = AwsV4Signer;\n',
  "src/telemetry/api.ts": 'import { trace } from "@opentelemetry/api";\nexport const t = trace;\n',
  "src/cli/main.ts": 'import process from "node:process";\nprocess.exit();\n',
  "src/loops/loop_test.ts":
    'import "node:test";\nimport "../../testing/mod.ts";\nsetTimeout(() => {});\n',
  "testing/mod.ts": 'import "node:http";\nimport { run } from "../mod.ts";\nsetTimeout(run);\n',
};

/**
 * @param {Record<string, string>} files
 * @returns {string[]}
 */
function violations(files) {
  return withFiles({ ...LAWFUL, ...files }, findViolations);
}

/** @param {string} text the body of a file in src/loops/ */
function inLoop(text) {
  return violations({ "src/loops/extra.ts": text });
}

describe("findViolations()", () => {
  it("passes a lawful tree", () => assert.deepEqual(violations({}), []));

  it("misses mod.ts", () => {
    const { "mod.ts": _, "testing/mod.ts": __, ...rest } = LAWFUL;
    assert.deepEqual(withFiles(rest, findViolations), ["mod.ts: is missing"]);
  });

  const breaches = {
    "an import that points up": 'import "../kinsumer.ts";',
    "a type import that points up": 'import type { run } from "../../mod.ts";',
    "a re-export that points up": 'export { run } from "../kinsumer.ts";',
    "a dynamic import that points up": 'await import("../kinsumer.ts");',
    "an import type that points up": 'type Up = import("../kinsumer.ts").Up;',
    "an import of testing/": 'import "../../testing/mod.ts";',
    "an import of a test": 'import "./loop_test.ts";',
    "an import of a missing file": 'import "./missing.ts";',
    "a node: module": 'import "node:fs";',
    "a foreign package": 'import "left-pad";',
    "a computed import": "const x = 'y';\nawait import(x);",
  };
  for (const [name, text] of Object.entries(breaches)) {
    it(`refuses ${name}`, () => assert.equal(inLoop(text).length, 1, inLoop(text).join("\n")));
  }

  const uses = [
    "Date.now();",
    "new Date();",
    "Date();",
    "Math.random();",
    'Math["random"]();',
    "const { random } = Math;",
    "setTimeout(() => {}, 1);",
    "setInterval(() => {}, 1);",
    "fetch('http://127.0.0.1');",
    "const f = fetch;",
    "const f = { fetch };",
    "globalThis.fetch('');",
    "const { fetch } = globalThis;",
    "const { fetch: f } = globalThis as unknown as { fetch: unknown };",
    "const g = globalThis;",
    "crypto.randomUUID();",
    "crypto.getRandomValues(new Uint8Array(1));",
    "performance.now();",
    "AbortSignal.timeout(1);",
    "process.env;",
    "Deno.env;",
  ];
  for (const text of uses) {
    it(`refuses ${text}`, () => assert.equal(inLoop(text).length, 1, inLoop(text).join("\n")));
  }

  const fine = [
    "export const f = (runtime: { fetch(): void }) => runtime.fetch();",
    "export function f(fetch: () => void) { fetch(); }",
    "export const d = new Date(5).getTime() + Date.parse('x') + Date.UTC(2000);",
    "export const is = (x: unknown) => x instanceof Date;",
    "export type F = typeof fetch;",
    "export const m = Math.min(1, 2);",
    "export const s = crypto.subtle;",
    "export const a = AbortSignal.any([]);",
    "export interface T { setTimeout(): void }",
    "// Date.now() and fetch() in a comment\nexport const s = 'Math.random()';",
    "const { Buffer } = globalThis as unknown as { Buffer: unknown };\nexport const b = Buffer;",
  ];
  for (const text of fine) {
    it(`allows ${text}`, () => assert.deepEqual(inLoop(text), []));
  }

  it("lets the command stand on testing/, and not the reverse", () => {
    const door = { "testing/mod.ts": "" };
    const above = violations({ ...door, "src/cli/x.ts": 'import "../../testing/mod.ts";' });
    assert.deepEqual(above, []);
    const below = violations({ "src/cli/x.ts": "", "testing/y.ts": 'import "../src/cli/x.ts";' });
    assert.match(below.join(), /layer 9 \(testing\/\) imports "src\/cli\/x\.ts" of layer 10/);
  });

  it("lets the command and testing/ import Node's modules, and nobody else", () => {
    const text = 'import "node:util";';
    assert.deepEqual(violations({ "src/cli/x.ts": text, "testing/y.ts": text }), []);
    assert.match(inLoop(text).join(), /may not import "node:util"/);
  });

  it("refuses a file without a place in the table", () => {
    assert.match(violations({ "src/utils/x.ts": "" }).join(), /src\/utils\/x\.ts: has no place/);
  });

  it("refuses aws4fetch in a loop", () => {
    assert.match(inLoop('import "aws4fetch";').join(), /may not import "aws4fetch"/);
  });

  it("refuses OpenTelemetry beside src/telemetry/api.ts", () => {
    assert.match(
      violations({ "src/aws/x.ts": 'import "@opentelemetry/api";' }).join("\n"),
      /may not import/,
    );
  });

  it("refuses a second site of aws4fetch among the allowed ones", () => {
    assert.match(
      violations({ "src/aws/signing.ts": 'import "aws4fetch";' }).join(),
      /2 import sites/,
    );
  });

  it("refuses a declaration in mod.ts", () => {
    assert.match(violations({ "mod.ts": "export const a = 1;" }).join(), /more than a re-export/);
  });

  it("refuses a star in mod.ts", () => {
    assert.match(
      violations({ "mod.ts": 'export * from "./src/kinsumer.ts";' }).join(),
      /everything/,
    );
  });
});
