/**
 * Knows where the runtimes and the tools are, and how each runtime runs TypeScript.
 *
 * Nothing is taken from the PATH except npm: the versions are those of scripts/toolchain's lockfile.
 * The binaries are taken from the platform packages, because the `deno` and `bun` packages only
 * link to them in their install scripts, which do not run here.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The folder whose lockfile names the other runtimes and the tools. */
export const TOOLCHAIN = join(ROOT, "scripts", "toolchain");

/** The folder whose lockfile names what only some of the local servers need: too much for a demo. */
export const BACKENDS = join(ROOT, "testing", "backends");

/** @typedef {"node" | "deno" | "bun"} RuntimeName */

/** @type {readonly RuntimeName[]} */
export const RUNTIMES = ["node", "deno", "bun"];

/** @returns {RuntimeName} the runtime that runs this script */
export function currentRuntime() {
  if (process.versions["deno"] !== undefined) return "deno";
  return process.versions["bun"] === undefined ? "node" : "bun";
}

/**
 * @param {RuntimeName} runtime
 * @returns {string} the path of its binary
 * @throws {Error} when it is not installed
 */
export function runtimePath(runtime) {
  if (runtime === currentRuntime()) return process.execPath;
  if (runtime === "deno") return denoPath();
  if (runtime === "bun") return bunPath();
  throw new Error("Cannot find Node from another runtime: use npm to run this");
}

/** @returns {string} the path of the toolchain's Deno */
export function denoPath() {
  return platformBinary({ scope: "@deno", file: windowsName("deno") });
}

/** @returns {string} the path of the toolchain's Bun */
export function bunPath() {
  return platformBinary({ scope: "@oven", file: join("bin", windowsName("bun")) });
}

/** @returns {string} the path of the toolchain's workerd */
export function workerdPath() {
  return platformBinary({ scope: "@cloudflare", file: join("bin", windowsName("workerd")) });
}

/**
 * @param {string} tool a package of the toolchain
 * @param {string} file its program, relative to the package
 * @returns {string} the path of a JavaScript program, for `process.execPath`
 */
export function toolPath(tool, file) {
  return join(TOOLCHAIN, "node_modules", tool, file);
}

/**
 * Loads a tool by its path: tsx would look its name up in tsconfig.json, and find its types.
 *
 * @param {string} tool a package of the toolchain
 * @param {string} file
 */
function loadTool(tool, file) {
  return createRequire(import.meta.url)(toolPath(tool, file));
}

/** @returns {typeof import("terser")} the toolchain's second minifier */
export function loadTerser() {
  return loadTool("terser", "dist/bundle.min.js");
}

/** @returns {typeof import("typescript")} the toolchain's compiler */
export function loadTypescript() {
  return loadTool("typescript", "lib/typescript.js");
}

/**
 * The runtime's arguments that run a script.
 *
 * @param {RuntimeName} runtime
 * @param {string} path its path
 * @returns {string[]}
 */
export function scriptArgs(runtime, path) {
  if (runtime === "deno") return ["run", "-A", "--no-check", path];
  if (runtime === "bun" || path.endsWith(".mjs")) return [path];
  return [...nodeTypescriptArgs(), path];
}

/** @returns {string[]} what makes the system's Node run TypeScript */
export function nodeTypescriptArgs() {
  if (stripsTypes(process.versions.node)) return ["--disable-warning=ExperimentalWarning"];
  return ["--import", "tsx"];
}

/**
 * @param {string} version for example `22.18.0`
 * @returns {boolean} whether that Node runs TypeScript as it is
 */
export function stripsTypes(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** @returns {{ command: string, args: string[] }} how to call npm: that which called us, or the PATH's */
export function npmCommand() {
  const called = process.env["npm_execpath"];
  if (called?.endsWith("npm-cli.js") && currentRuntime() === "node") {
    return { command: process.execPath, args: [called] };
  }
  const beside = join(dirname(process.execPath), "node_modules", "npm", "bin", "npm-cli.js");
  if (process.platform === "win32" && existsSync(beside)) {
    return { command: process.execPath, args: [beside] };
  }
  return { command: "npm", args: [] };
}

/** @param {string} name */
function windowsName(name) {
  return process.platform === "win32" ? `${name}.exe` : name;
}

/**
 * The binary of the platform package that npm chose; where it installed several (for two C
 * libraries), the first that runs.
 *
 * @param {{ scope: string, file: string }} place
 * @returns {string}
 * @throws {Error} when none runs
 */
function platformBinary({ scope, file }) {
  const folder = join(TOOLCHAIN, "node_modules", scope);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const paths = names.map((name) => join(folder, name, file)).filter((path) => existsSync(path));
  const found = paths.find((path) => paths.length === 1 || runs(path));
  if (found === undefined) {
    throw new Error(`Cannot find "${file}" in "${folder}": run "npm run setup" first`);
  }
  return found;
}

/** @param {string} path */
function runs(path) {
  try {
    execFileSync(path, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
