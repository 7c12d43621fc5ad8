/**
 * Installs what a lockfile names, once: a stamp inside node_modules remembers the lockfile's hash.
 * No install script runs: every binary that is needed ships inside a platform package.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { runChild } from "./child.mjs";
import { BACKENDS, currentRuntime, npmCommand, ROOT, TOOLCHAIN } from "./runtimes.mjs";

const STAMP = ".kinsumer-stamp";

/** What npm may inherit of the settings that an outer `npm run` hands down: how to reach a registry. */
const INHERITED =
  /^npm_config_(registry|cache|userconfig|globalconfig|https?_proxy|proxy|noproxy|ca|cafile|strict_ssl|fetch_\w+|offline|prefer_offline)$/i;

/**
 * Installs a folder's packages, unless that was done already.
 *
 * @param {string} folder one with a package-lock.json
 * @returns {Promise<void>}
 * @throws {Error} when the installer fails
 */
export async function install(folder) {
  const stamp = stampOf(folder);
  const path = join(folder, "node_modules", STAMP);
  if (existsSync(path) && readFileSync(path, "utf8") === stamp) return;
  const name = join(relative(ROOT, folder), "package-lock.json");
  const startMs = Date.now();
  process.stderr.write(`Installing the packages of ${name} (once) ...\n`);
  const { command, args } = await installer(folder);
  const { code } = await runChild(command, args, { cwd: folder, env: cleanEnvironment() });
  if (code !== 0) throw new InstallError(name, code);
  writeFileSync(path, stamp);
  process.stderr.write(`Installed in ${((Date.now() - startMs) / 1000).toFixed(1)} s\n`);
}

/** An installer failed; it has said why. */
export class InstallError extends Error {
  /**
   * @param {string} name the lockfile
   * @param {number} code the installer's exit code
   */
  constructor(name, code) {
    super(`Cannot install the packages of ${name}: the installer exited with ${code}`);
    this.code = code;
  }
}

/** @param {string} folder */
function stampOf(folder) {
  const lock = readFileSync(join(folder, "package-lock.json"));
  const hash = createHash("sha256").update(lock).digest("hex");
  return `${hash} ${process.platform}-${process.arch}\n`;
}

/**
 * npm, because the lockfile is its own. On a machine without Node, the runtime's own installer: Bun
 * reads the same lockfile; Deno reads package.json, whose versions are exact.
 *
 * @param {string} folder
 * @returns {Promise<{ command: string, args: string[] }>}
 */
async function installer(folder) {
  const runtime = currentRuntime();
  if (runtime === "bun") return own(["install", "--no-save", "--ignore-scripts"]);
  const npm = npmCommand();
  const hasNpm = runtime === "node" || await isRunnable(npm);
  if (!hasNpm) return own(["install", "--quiet"]);
  const args = [...npm.args, "ci", "--ignore-scripts", "--include=dev", "--include=optional"];
  return { command: npm.command, args: [...args, "--loglevel=error", `--prefix=${folder}`] };
}

/** @param {string[]} args */
function own(args) {
  return { command: process.execPath, args };
}

/** @param {{ command: string, args: string[] }} program */
async function isRunnable({ command, args }) {
  const { code } = await runChild(command, [...args, "--version"], { isQuiet: true });
  return code === 0;
}

/**
 * How to call npm, so that it runs no scripts and says nothing but what went wrong.
 *
 * @param {readonly string[]} args
 * @returns {[command: string, ...args: string[]]}
 */
export function quietNpm(args) {
  const { command, args: before } = npmCommand();
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  return [command, ...before, ...args, ...quiet];
}

/**
 * Calls npm in a folder, and waits.
 *
 * @param {string} cwd
 * @param {readonly string[]} args
 * @returns {string} what it printed
 */
export function npm(cwd, args) {
  const [command, ...all] = quietNpm(args);
  return execFileSync(command, all, { cwd, env: cleanEnvironment(), encoding: "utf8" });
}

/** An outer `npm run` describes its own call in npm_* variables, which would steer ours. */
export function cleanEnvironment() {
  const entries = Object.entries(process.env);
  return Object.fromEntries(
    entries.filter(([name]) => !/^npm_/i.test(name) || INHERITED.test(name)),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    await install(ROOT);
    await install(TOOLCHAIN);
    await install(BACKENDS);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.code;
  }
}
