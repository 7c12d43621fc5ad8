/**
 * Prepares a release, and publishes nothing: holds what must agree against each other, builds, runs
 * every dry run, and prints the commands that are left.
 *
 *     npm run release [-- --tag v1.2.3]
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { runChild } from "../child.mjs";
import { npmCommand, ROOT } from "../runtimes.mjs";
import { cleanEnvironment } from "../setup.mjs";
import { distTagOf, findDisagreements } from "./agreements.mjs";

/** Of `npm run check`: the build, and what is wrong with the two packages, if anything. */
const CHECKS = ["build", "JSR", "npm package", "workflows"];

/**
 * @param {string} version
 * @returns {Promise<boolean>} whether nothing is wrong with the packages
 */
async function rehearse(version) {
  for (const name of CHECKS) {
    const args = [join(ROOT, "scripts", "check.mjs"), "--only", name];
    const { code } = await runChild(process.execPath, args, { cwd: ROOT });
    if (code !== 0) return false;
  }
  const { command, args } = npmCommand();
  const dryRun = ["publish", "--dry-run", "--ignore-scripts", "--access", "public"];
  dryRun.push("--tag", distTagOf(version));
  const { code, output } = await runChild(command, [...args, ...dryRun], {
    cwd: ROOT,
    env: cleanEnvironment(),
    isQuiet: true,
  });
  print(output.trimEnd().split("\n").filter((line) => !/ \d.*B .*dist\//.test(line)).join("\n"));
  return code === 0;
}

/** @param {string} version */
function commands(version) {
  return `
Nothing is published. To release ${version}, tag it; .github/workflows/release.yml does the rest:

    git tag v${version}
    git push origin v${version}

By hand, without provenance:

    npm publish --access public --tag ${distTagOf(version)}
    scripts/toolchain/node_modules/.bin/deno publish
`;
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const { values: { tag } } = parseArgs({ options: { tag: { type: "string" } } });
  const repository = process.env["GITHUB_REPOSITORY"];
  const problems = findDisagreements({
    root: ROOT,
    today: new Date().toISOString().slice(0, 10),
    ...(tag !== undefined && { tag }),
    ...(repository !== undefined && { repository }),
  });
  for (const problem of problems) print(problem);
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const isSound = await rehearse(version);
  if (problems.length > 0 || !isSound) {
    print(`\nNot ready: ${problems.length} disagreements, dry runs ${isSound ? "ok" : "failed"}`);
    return 1;
  }
  print(commands(version));
  return 0;
}

/** @param {string} text */
function print(text) {
  process.stdout.write(`${text}\n`);
}

process.exitCode = await main();
