/**
 * Makes the project of a user: a folder with packages by a lockfile, and the library beside them as
 * npm would bring it.
 *
 * @module
 */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runChild } from "./child.mjs";
import { ROOT } from "./runtimes.mjs";
import { cleanEnvironment, quietNpm } from "./setup.mjs";

const TIMEOUT_MS = 180_000;

/**
 * @param {object} options
 * @param {string} options.from the folder with package.json, its lockfile and the sources
 * @param {string} options.to an empty folder
 * @param {readonly string[]} options.sources files and folders of `from`
 * @returns {Promise<string>} the path of the packed library
 * @throws {Error} when something cannot be built or installed
 */
export async function makeUserProject({ from, to, sources }) {
  for (const name of ["package.json", "package-lock.json", ...sources]) {
    cpSync(join(from, name), join(to, name), { recursive: true });
  }
  const installing = succeed(to, quietNpm(["ci", "--prefer-offline"]));
  const [tarball] = await Promise.all([pack(to), installing]);
  await succeed(to, quietNpm(["install", tarball, "--prefer-offline", "--no-save"]));
  return tarball;
}

/**
 * @param {string} folder
 * @returns {Promise<string>}
 */
async function pack(folder) {
  await succeed(ROOT, [process.execPath, "scripts/build.mjs"]);
  await succeed(ROOT, quietNpm(["pack", `--pack-destination=${folder}`]));
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return join(folder, `kinsumer-${version}.tgz`);
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
