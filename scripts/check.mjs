/**
 * Checks everything that is no test: `npm run check [-- --only part-of-a-name]`. A check that cannot
 * run has failed.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { runChild } from "./child.mjs";
import { denoPath, ROOT, toolPath } from "./runtimes.mjs";
import { sourceFiles } from "./suite/files.mjs";

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {() => [command: string, ...args: string[]]} command
 */

const TIMEOUT_MS = 5 * 60 * 1000;

/** @type {readonly Check[]} */
const CHECKS = [
  { name: "format", command: () => [denoPath(), "fmt", "--check"] },
  { name: "lint", command: () => [denoPath(), "lint"] },
  { name: "types of the core", command: () => node(tsc(), "-p", "tsconfig.core.json") },
  { name: "types of tests and scripts", command: () => node(tsc(), "-p", "tsconfig.json") },
  { name: "types on Deno", command: () => [denoPath(), "check", "--quiet", ...denoFiles()] },
  { name: "layers", command: () => node("scripts/checks/layers.mjs") },
  { name: "documents' blocks", command: () => node("scripts/docs/check_blocks.mjs") },
  { name: "documents' links", command: () => node("scripts/docs/check_links.mjs") },
  { name: "reference", command: () => node("scripts/docs/reference.mjs", "--check") },
  { name: "dashboard's queries", command: () => node("scripts/checks/queries.mjs") },
  { name: "exports", command: () => node("scripts/checks/exports.mjs") },
  { name: "lockfiles", command: () => node("scripts/checks/lockfiles.mjs") },
  { name: "workflows", command: () => node("scripts/checks/workflows.mjs") },
  { name: "one trace on every runtime", command: () => node("scripts/checks/same_trace.mjs") },
  { name: "checkers can fail", command: () => node("--test", ...checkerTests()) },
  { name: "JSR package", command: () => [denoPath(), "publish", "--dry-run", "--allow-dirty"] },
  { name: "JSR documentation", command: () => [denoPath(), "doc", "--lint", ...doors()] },
  { name: "build", command: () => node("scripts/build.mjs") },
  { name: "npm package: contents", command: () => node("scripts/checks/contents.mjs") },
  { name: "npm package: publint", command: () => node(publint(), "--strict") },
  {
    name: "npm package: types",
    command: () => node(attw(), "--pack", ".", "--profile", "esm-only"),
  },
  { name: "sizes", command: () => node("scripts/sizes/main.mjs", "--own") },
  { name: "npm package: install", command: () => node("scripts/checks/install.mjs") },
];

/**
 * @param {...string} args
 * @returns {[string, ...string[]]}
 */
function node(...args) {
  return [process.execPath, ...args];
}

/** @returns {string} */
function tsc() {
  return toolPath("typescript", "bin/tsc");
}

/** @returns {string} */
function publint() {
  return toolPath("publint", "src/cli.js");
}

/** @returns {string} */
function attw() {
  return toolPath("@arethetypeswrong/cli", "dist/index.js");
}

/** @returns {string[]} */
function denoFiles() {
  // What a recipe or an example imports is installed only where it runs.
  const below = sourceFiles(ROOT, ["src", "testing", "scripts"]).filter((path) =>
    path.endsWith(".ts") && !/^scripts\/(recipes|examples\/(?!main|proofs))/.test(path)
  );
  return ["mod.ts", ...below];
}

/** @returns {string[]} the sources behind the doors */
function doors() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  return Object.values(exports);
}

/** @returns {string[]} */
function checkerTests() {
  const tests = sourceFiles(ROOT, ["scripts"]).filter((path) => path.endsWith("_test.mjs"));
  // Without a file, Node's runner would look for tests of its own.
  if (tests.length === 0) throw new Error("No checker has a test");
  return tests;
}

/**
 * @param {Check} check
 * @returns {Promise<boolean>} whether it passed
 */
async function runCheck({ name, command }) {
  const startMs = Date.now();
  const { code, output } = await endOf(command);
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  print(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (code !== 0) print(output.trimEnd().replace(/^/gm, "    "));
  return code === 0;
}

/** @param {Check["command"]} command */
async function endOf(command) {
  try {
    const [program, ...args] = command();
    const env = { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
    const options = { cwd: ROOT, env, isQuiet: true, timeoutMs: TIMEOUT_MS };
    const end = await runChild(program, args, options);
    if (end.isInterrupted) process.exit(130);
    return end;
  } catch (error) {
    return { code: 127, output: String(error) };
  }
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
  const checks = CHECKS.filter(({ name }) => name.includes(values.only));
  let passed = 0;
  for (const check of checks) if (await runCheck(check)) passed++;
  const failed = checks.length - passed;
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
