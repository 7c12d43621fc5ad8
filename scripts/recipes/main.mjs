/**
 * Does what a new user does: installs the packed library beside a test runner, and runs the recipes
 * of docs/testing-recipes.md, each by its own runner on its own runtime.
 *
 *     npm run recipes -- [--only part-of-a-name]
 *
 * @module
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { runChild } from "../child.mjs";
import { nodeTypescriptArgs, npmCommand, ROOT, runtimePath, toolPath } from "../runtimes.mjs";
import { cleanEnvironment } from "../setup.mjs";
import { FOLDER, MANIFESTS, RECIPES, SOURCES } from "./recipes.mjs";

/** @typedef {import("./recipes.mjs").Recipe} Recipe */
/** @typedef {import("../runtimes.mjs").RuntimeName} RuntimeName */

const TIMEOUT_MS = 120_000;

/**
 * Makes the project of a new user.
 *
 * @param {string} folder
 * @returns {Promise<void>}
 * @throws {Error} when something cannot be installed
 */
async function prepare(folder) {
  await succeed(ROOT, [process.execPath, "scripts/build.mjs"]);
  for (const name of [...MANIFESTS, ...SOURCES]) cpSync(join(FOLDER, name), join(folder, name));
  await npm(folder, ["ci", "--prefer-offline"]);
  await npm(ROOT, ["pack", `--pack-destination=${folder}`]);
  const { version } = (await import("../../package.json", { with: { type: "json" } })).default;
  await npm(folder, ["install", `./kinsumer-${version}.tgz`, "--prefer-offline"]);
}

/**
 * @param {string} cwd
 * @param {string[]} args
 */
async function npm(cwd, args) {
  const { command, args: before } = npmCommand();
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await succeed(cwd, [command, ...before, ...args, ...quiet]);
}

/**
 * @param {string} cwd
 * @param {[command: string, ...args: string[]]} command
 */
async function succeed(cwd, [command, ...args]) {
  const env = cleanEnvironment();
  const end = await runChild(command, args, { cwd, env, isQuiet: true, timeoutMs: TIMEOUT_MS });
  if (end.code !== 0) throw new Error(`Failed: ${args.join(" ")}\n${end.output}`);
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

/**
 * @param {string} folder
 * @param {string} name
 * @param {readonly string[]} command
 * @returns {Promise<boolean>} whether it passed
 */
async function passes(folder, name, [command = "", ...args]) {
  const startMs = Date.now();
  const env = { ...cleanEnvironment(), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  const options = { cwd: folder, env, isQuiet: true, timeoutMs: TIMEOUT_MS };
  const { code, output, isInterrupted } = await runChild(command, args, options);
  if (isInterrupted) process.exit(130);
  const isPassed = code === 0 &&
    (name === "types" || /adds up/.test(output) || / 1 pass/.test(output));
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  print(`${isPassed ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (!isPassed) print(output.trimEnd().replace(/^/gm, "    "));
  return isPassed;
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
  const folder = mkdtempSync(join(tmpdir(), "kinsumer-recipes-"));
  let [passed, failed] = [0, 0];
  try {
    await prepare(folder);
    const runs = RECIPES.flatMap((recipe) =>
      recipe.runtimes.map((runtime) => ({
        name: `${recipe.file} on ${runtime}`,
        command: commandOf(recipe, runtime),
      }))
    );
    for (const { name, command } of [...runs, { name: "types", command: typeCheck() }]) {
      if (!name.includes(values.only)) continue;
      if (await passes(folder, name, command)) passed++;
      else failed++;
    }
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    failed++;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
