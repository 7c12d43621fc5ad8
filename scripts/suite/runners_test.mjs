// Whatever ends a run early, or lets an error escape, is told by every runtime.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withFiles } from "../checks/fixture.mjs";
import { RUNTIMES } from "../runtimes.mjs";
import { compareRuns } from "./compare.mjs";
import { runSuite } from "./runners.mjs";

const HEAD = 'import { describe, it } from "node:test";\n';

const GOOD = `${HEAD}const one: number = 1;
it("plain", () => {});
it.skip("skipped", () => {});
describe("a suite", () => { it("passes", () => { if (one !== 1) throw new Error(); }); });`;

/** @type {Readonly<Record<string, string>>} */
const BAD = {
  "a failing test": `${HEAD}it("fails", () => { throw new Error("expected here"); });`,
  "an exit with 0 inside a test": `${HEAD}it("a", () => { process.exit(0); }); it("b", () => {});`,
  "a throw beside the tests": `${HEAD}it("a", () => {}); throw new Error("expected here");`,
  "a throw in a timer":
    `${HEAD}it("a", () => { setTimeout(() => { throw new Error("expected here"); }); });
    it("b", () => new Promise((resolve) => setTimeout(resolve, 100)));`,
  "a rejection that nobody awaits":
    `${HEAD}it("a", async () => { Promise.reject(new Error("expected here"));
    await new Promise((resolve) => setTimeout(resolve, 100)); });`,
  "a file that cannot be parsed": `${HEAD}it("a", () => {`,
};

/**
 * @param {string} text of a test file
 * @param {{ timeoutMs?: number }} [options]
 */
function runOnAll(text, options) {
  return withFiles({ "x_test.ts": text }, async (root) => {
    const runs = [];
    for (const runtime of RUNTIMES) {
      runs.push(await runSuite(runtime, [join(root, "x_test.ts")], { isQuiet: true, ...options }));
    }
    return runs;
  });
}

/** @param {import("./runners.mjs").Run} run */
function isGreen({ tests, problems }) {
  return problems.length === 0 && tests.every(({ status }) => status !== "failed");
}

describe("runSuite()", () => {
  it("finds the same tests on every runtime", async () => {
    const runs = await runOnAll(GOOD);
    for (const { runtime, tests, problems } of runs) {
      assert.deepEqual(problems, [], runtime);
      assert.deepEqual(tests.map(({ name, status }) => `${name}: ${status}`).sort(), [
        "a suite > passes: passed",
        "plain: passed",
        "skipped: skipped",
      ], runtime);
    }
    assert.deepEqual(compareRuns(runs), []);
  });

  for (const [name, text] of Object.entries(BAD)) {
    it(`is not green after ${name}`, async () => {
      for (const run of await runOnAll(text)) assert.equal(isGreen(run), false, run.runtime);
    });
  }

  it("is not green where no test is", async () => {
    for (const run of await runOnAll("export {};\n")) {
      assert.equal(isGreen(run), false, run.runtime);
    }
  });

  it("kills a run that takes too long", async () => {
    const endless = `${HEAD}it("a", () => new Promise(() => { setInterval(() => {}, 1000); }));`;
    for (const run of await runOnAll(endless, { timeoutMs: 1500 })) {
      assert.match(run.problems.join(), /ran too long/, run.runtime);
    }
  });
});
