// A workflow that GitHub would refuse, or that does more than it should, is told.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pinnedNodes } from "../newcomer/nodes.mjs";
import { ROOT } from "../runtimes.mjs";
import { withFiles } from "./fixture.mjs";
import { findWorkflowProblems } from "./workflows.mjs";

const SHA = "08c6903cd8c0fde910a37f88322edcfb5dd907a8";
const WORKFLOW = `name: ci
on: [push]
permissions:
  contents: read
jobs:
  suite:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    strategy:
      matrix:
        node: [20]
    steps:
      - uses: actions/checkout@${SHA} # v5.0.0
        with:
          paths: |
            package-lock.json
      - run: npm run check -- \${{ matrix.node }}
`;

/**
 * @param {string} workflow
 * @param {string} [name]
 */
function problems(workflow, name = "ci.yml") {
  return withFiles({
    [`.github/workflows/${name}`]: workflow,
    "package.json": { scripts: { check: "true" } },
    "package-lock.json": {},
  }, findWorkflowProblems);
}

describe("findWorkflowProblems()", () => {
  it("passes a workflow that is right", () => assert.deepEqual(problems(WORKFLOW), []));

  /** @type {Record<string, [from: string, to: string, words: RegExp]>} */
  const cases = {
    "an unknown key": ["runs-on:", "run-on:", /unexpected key "run-on"/],
    "an expression of nothing": ["matrix.node }}", "matrix.nodes }}", /property "nodes" is not/],
    "a job that waits for nobody": [
      "    strategy:",
      "    needs: x\n    strategy:",
      /needs job "x"/,
    ],
    "an event that there is not": ["on: [push]", "on: [pushed]", /unknown Webhook event/],
    "an action by its tag": [`@${SHA} # v5.0.0`, "@v5", /not pinned/],
    "an action whose version is not said": [" # v5.0.0", "", /not pinned/],
    "a script that there is not": ["npm run check", "npm run chek", /no script "chek"/],
    "a lockfile that there is not": ["    package-lock", "    a/package-lock", /does not exist/],
    "no permissions": ["permissions:\n  contents: read\n", "", /does not begin with/],
    "more permissions": ["contents: read\n", "contents: write\n", /more than it needs/],
    "an identity": ["contents: read\n", "contents: read\n  id-token: write\n", /id-token: write/],
    "a job without an end": ["    timeout-minutes: 30\n", "", /job "suite" has no time limit/],
  };
  for (const [name, [from, to, words]] of Object.entries(cases)) {
    it(`refuses ${name}`, () => {
      assert.ok(WORKFLOW.includes(from), `"${from}" is not in the workflow`);
      assert.match(problems(WORKFLOW.replace(from, to)).join("\n"), words);
    });
  }

  it("lets the release alone ask for an identity, in its job", () => {
    const asking = WORKFLOW.replace(
      "    timeout-minutes",
      "    permissions:\n      id-token: write\n    timeout-minutes",
    );
    assert.deepEqual(problems(asking, "release.yml"), []);
    assert.equal(problems(asking, "ci.yml").length, 1);
  });
});

describe("the workflows", () => {
  const read = (/** @type {string} */ name) =>
    readFileSync(join(ROOT, ".github", "workflows", name), "utf8");

  it("run the suite on every version of Node that the package is tried on, on Deno and on Bun", () => {
    for (const { version } of pinnedNodes()) {
      const major = version.split(".")[0];
      assert.match(
        read("ci.yml"),
        new RegExp(`\\{ name: Node ${major}, node: ${major}, runtime: node`),
      );
    }
    assert.match(read("ci.yml"), /runtime: deno \}[^]*runtime: bun \}/);
  });

  it("keep the packages of every lockfile between runs", () => {
    const [, everything = ""] = read("ci.yml").split("\n  everything:");
    const lockfiles = execFileSync("git", ["ls-files", "*package-lock.json"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    const missing = lockfiles.trim().split("\n").filter((path) =>
      !everything.includes(` ${path}\n`)
    );
    assert.deepEqual(missing, []);
  });

  it("publish only what the release script took, and to both registries", () => {
    const commands = [...read("release.yml").matchAll(/- run: (.*)$/gm)].map(([, line]) => line);
    assert.deepEqual(commands, [
      'npm run release -- --tag "$GITHUB_REF_NAME"',
      'npm publish --provenance --access public --tag "$DIST_TAG"',
      "scripts/toolchain/node_modules/.bin/deno publish",
    ]);
    assert.match(read("release.yml"), /needs: ci\n/);
  });
});
