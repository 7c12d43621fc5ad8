// A release waits until everything agrees; each disagreement is named, once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withFiles } from "../checks/fixture.mjs";
import { distTagOf, findDisagreements } from "./agreements.mjs";

const TODAY = "2030-06-15";
const NPM = {
  name: "kinsumer",
  version: "1.2.3",
  license: "MIT",
  repository: { type: "git", url: "git+https://github.com/somebody/kinsumer.git" },
  exports: {
    ".": { types: "./dist/mod.d.ts", default: "./dist/mod.js" },
    "./node": { types: "./dist/node.d.ts", default: "./dist/node.js" },
  },
};
const JSR = {
  name: "@kinsumer/kinsumer",
  version: "1.2.3",
  license: "MIT",
  exports: { ".": "./mod.ts", "./node": "./node.ts" },
};
const LOCK = { version: "1.2.3", packages: { "": { version: "1.2.3" } } };
const CHANGELOG =
  "# Changelog\n\n## 1.2.3 - 2030-06-15\n\n- Better.\n\n## 1.2.2 - 2030-01-01\n\n- Good.\n";

/**
 * @typedef {object} Broken
 * @property {object} [npm]
 * @property {object} [jsr]
 * @property {object} [lock]
 * @property {string} [example] the version that an example names
 * @property {string} [changelog]
 * @property {string} [tag]
 * @property {string} [repository]
 * @property {(root: string, git: (...args: string[]) => void) => void} [change] made after the commit
 */

/** @param {Broken} broken */
function disagreements(broken) {
  const { npm, jsr, lock, example = "1.2.3", changelog = CHANGELOG, tag, repository } = broken;
  return withFiles({
    "package.json": { ...NPM, ...npm },
    "deno.json": { ...JSR, ...jsr },
    "package-lock.json": { ...LOCK, ...lock },
    "CHANGELOG.md": changelog,
    "scripts/examples/README.md": "",
    "scripts/examples/compose/package.json": { dependencies: { kinsumer: example } },
    "scripts/examples/cron/deno.json": {
      imports: { "@kinsumer/kinsumer": "jsr:@kinsumer/kinsumer@^1.2.3" },
    },
    "src/cli/version.ts": `export const VERSION = "${
      npm === undefined ? "1.2.3" : { ...NPM, ...npm }.version
    }";`,
    "mod.ts": "",
    "node.ts": "",
  }, (root) => {
    const who = [
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@example.com",
      "-c",
      "commit.gpgsign=false",
    ];
    const git = (/** @type {string[]} */ ...args) => {
      execFileSync("git", [...who, ...args], { cwd: root, stdio: "pipe" });
    };
    git("init", "--quiet");
    git("add", "--all");
    git("commit", "--quiet", "--message", "all");
    broken.change?.(root, git);
    return findDisagreements({
      root,
      today: TODAY,
      ...(tag !== undefined && { tag }),
      ...(repository !== undefined && { repository }),
    });
  });
}

describe("distTagOf()", () => {
  it("keeps from npm install what comes before a release", () => {
    assert.deepEqual(["1.2.3", "1.2.3-rc.1"].map(distTagOf), ["latest", "next"]);
  });
});

describe("findDisagreements()", () => {
  it("passes where all agree", () => {
    assert.deepEqual(disagreements({ tag: "v1.2.3", repository: "somebody/kinsumer" }), []);
  });

  it("passes before the tag, and on it", () => {
    assert.deepEqual(disagreements({}), []);
    assert.deepEqual(disagreements({ change: (_, git) => git("tag", "v1.2.3") }), []);
  });

  it("passes the last section of a changelog, and a release that is a day old", () => {
    assert.deepEqual(
      disagreements({ changelog: "# C\n\n## 1.2.3 - 2030-06-14\n\n- First.\n" }),
      [],
    );
  });

  /** @type {Record<string, [broken: Broken, words: RegExp]>} */
  const cases = {
    "another version for JSR": [{ jsr: { version: "1.2.2" } }, /^deno\.json: version is "1\.2\.2"/],
    "a lockfile of another version": [{ lock: { version: "1.2.2" } }, /^package-lock\.json/],
    "an example of another version": [
      { example: "1.2.2" },
      /^scripts\/examples\/compose\/package\.json: names version "1\.2\.2", wanted "1\.2\.3"$/,
    ],
    "a door that npm has alone": [{ jsr: { exports: { ".": "./mod.ts" } } }, /no door "\.\/node"/],
    "a door that JSR has alone": [
      { npm: { exports: { ".": NPM.exports["."] } } },
      /^package\.json: has no door "\.\/node"/,
    ],
    "a door that leads elsewhere": [
      {
        npm: {
          exports: { ...NPM.exports, "./node": { ...NPM.exports["./node"], default: "./x.js" } },
        },
      },
      /^package\.json: "\.\/node" has default "\.\/x\.js"/,
    ],
    "a changelog of an older version": [
      { changelog: "# C\n\n## 1.2.2 - 2030-01-01\n\n- Good.\n" },
      /^CHANGELOG\.md: begins with "1\.2\.2 - 2030-01-01"/,
    ],
    "a version that is not released yet": [
      { changelog: CHANGELOG.replace("2030-06-15", "unreleased") },
      /^CHANGELOG\.md: 1\.2\.3 is "unreleased"/,
    ],
    "a day that there is not": [
      { changelog: CHANGELOG.replace("06-15", "13-15") },
      /^CHANGELOG\.md: 1\.2\.3 is "2030-13-15"/,
    ],
    "a day that is to come": [{ changelog: CHANGELOG.replace("06-15", "06-16") }, /is to come$/],
    "an empty section": [{ changelog: CHANGELOG.replace("- Better.", "") }, /^CHANGELOG\.md: says/],
    "another tag": [{ tag: "v1.2.4" }, /^The tag is "v1\.2\.4"/],
    "no repository": [{ npm: { repository: undefined } }, /wanted "git\+https.*OWNER\/NAME/],
    "another repository": [{ repository: "another/kinsumer" }, /runs in "another\/kinsumer"$/],
    "a change that is not committed": [
      { change: (root) => writeFileSync(join(root, "mod.ts"), "changed") },
      /^The working tree is not clean: M mod\.ts$/,
    ],
    "a file that is not committed": [
      { change: (root) => writeFileSync(join(root, "new.ts"), "") },
      /^The working tree is not clean: \?\? new\.ts$/,
    ],
    "a tag on another commit": [
      {
        change: (_, git) => {
          git("tag", "v1.2.3");
          git("commit", "--quiet", "--allow-empty", "--message", "later");
        },
      },
      /^The tag v1\.2\.3 is on another commit$/,
    ],
  };
  for (const [name, [broken, words]] of Object.entries(cases)) {
    it(`refuses ${name}`, () => {
      const found = disagreements(broken);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", words);
    });
  }

  it("refuses what is no version", () => {
    const both = { version: "1.2" };
    const found = disagreements({ npm: both, jsr: both });
    assert.match(found[0] ?? "", /^package\.json: the version is "1\.2"/);
  });
});
