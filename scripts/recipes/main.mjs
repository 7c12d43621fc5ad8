/**
 * Does what a new user does: installs the packed library and tries what the README begins with, on each
 * version of Node, on Deno and on Bun; installs it beside a test runner, and runs the recipes of
 * docs/testing-recipes.md, each by its own runner on its own runtime.
 *
 *     npm run recipes -- [--only part-of-a-name]
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { runChild } from "../child.mjs";
import { prepareNewcomers } from "../newcomer/newcomers.mjs";
import { NODES_FOLDER } from "../newcomer/nodes.mjs";
import { nodeTypescriptArgs, runtimePath, toolPath } from "../runtimes.mjs";
import { cleanEnvironment, install } from "../setup.mjs";
import { makeUserProject } from "../user_project.mjs";
import { FOLDER, RECIPES, SOURCES } from "./recipes.mjs";

/** @typedef {import("./recipes.mjs").Recipe} Recipe */
/** @typedef {import("../runtimes.mjs").RuntimeName} RuntimeName */

const TIMEOUT_MS = 120_000;

/** They wait more than they work. */
const SIDE_BY_SIDE = 3;

/**
 * @typedef {object} Run
 * @property {string} name
 * @property {(() => Promise<void>) | undefined} play absent where something could not be had
 */

/**
 * Makes the projects of new users.
 *
 * @param {string} folder
 * @returns {Promise<Run[]>} what there is to try in them
 * @throws {Error} when something cannot be installed
 */
async function prepare(folder) {
  const recipes = join(folder, "recipes");
  const [tarball] = await Promise.all([
    makeUserProject({ from: FOLDER, to: recipes, sources: SOURCES }),
    install(NODES_FOLDER),
  ]);
  const newcomers = await prepareNewcomers(folder, tarball);
  const commands = RECIPES.flatMap((recipe) =>
    recipe.runtimes.map((runtime) => ({
      name: `${recipe.file} on ${runtime}`,
      command: commandOf(recipe, runtime),
    }))
  );
  return [
    ...newcomers,
    ...[...commands, { name: "types", command: typeCheck() }].map(({ name, command }) => ({
      name,
      play: () => playRecipe({ folder: recipes, name, command }),
    })),
  ];
}

/**
 * @param {Recipe} recipe
 * @param {RuntimeName} runtime
 * @returns {[command: string, ...args: string[]]}
 */
function commandOf({ file, isVitest }, runtime) {
  if (isVitest) return [process.execPath, "node_modules/vitest/vitest.mjs", "run", file];
  if (runtime === "node") return [process.execPath, ...nodeTypescriptArgs(), "--test", file];
  const allowed = runtime === "deno" ? ["-A"] : [];
  return [runtimePath(runtime), "test", ...allowed, `./${file}`];
}

/** What a strict user's compiler says of the recipes, as far as it knows their runner. */
function typeCheck() {
  const files = ["orders.ts", "node.test.ts", "vitest.test.ts", "aws_sdk.test.ts"];
  const options = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--types",
    "node",
  ];
  const lib = ["--lib", "es2023,dom,esnext.disposable", "--allowImportingTsExtensions"];
  const tsc = toolPath("typescript", "bin/tsc");
  return [process.execPath, tsc, ...options, ...lib, ...files, "opentelemetry.test.ts"];
}

/** @param {{ folder: string, name: string, command: readonly string[] }} recipe */
async function playRecipe({ folder, name, command: [program = "", ...args] }) {
  const env = { ...cleanEnvironment(), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const options = { cwd: folder, env, isQuiet: true, timeoutMs: TIMEOUT_MS };
  const { code, output, isInterrupted } = await runChild(program, args, options);
  if (isInterrupted) process.exit(130);
  const isPassed = code === 0 &&
    (name === "types" || /adds up/.test(output) || / 1 pass/.test(output));
  if (!isPassed) throw new Error(output);
}

/**
 * @param {Run} run
 * @returns {Promise<"passed" | "failed" | "skipped">}
 */
async function outcomeOf({ name, play }) {
  if (play === undefined) {
    print(`SKIPPED ${name}: this runtime could not be had here, and was not checked`);
    return "skipped";
  }
  const startMs = Date.now();
  const report = (/** @type {string} */ word) =>
    print(`${word} ${name} (${((Date.now() - startMs) / 1000).toFixed(1)} s)`);
  try {
    await play();
    report("ok    ");
    return "passed";
  } catch (error) {
    report("FAILED");
    const words = error instanceof Error ? error.message : String(error);
    print(words.trimEnd().replace(/^/gm, "    "));
    return "failed";
  }
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
  const folder = mkdtempSync(join(tmpdir(), "kinsumer-recipes-"));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const queue = (await prepare(folder)).filter(({ name }) => name.includes(values.only));
    const work = async () => {
      for (let run = queue.shift(); run; run = queue.shift()) counts[await outcomeOf(run)]++;
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    counts.failed++;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
  print(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
