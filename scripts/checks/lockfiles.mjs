/**
 * Holds the lockfiles to what a fresh machine needs: they fit their package.json, name no
 * registry's host, pin exact versions, and every install script in them is allowed or refused by
 * name.
 *
 *     node scripts/checks/lockfiles.mjs [folder of the checkout]
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../runtimes.mjs";
import { reportProblems } from "./report.mjs";

/** The folders that have a lockfile, relative to the checkout. */
export const FOLDERS = [
  ".",
  "scripts/toolchain",
  "scripts/bench",
  "scripts/examples",
  "scripts/newcomer",
  "scripts/recipes",
  "scripts/sizes",
  "testing/backends",
];

const KINDS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/** Packages whose install scripts may run. All of them work without. */
const MAY_RUN = new Set(["bun", "deno", "esbuild", "workerd"]);

/**
 * @param {string} root the folder of the checkout
 * @returns {string[]} what is wrong, one line each
 */
export function findLockProblems(root) {
  return FOLDERS.flatMap((folder) => {
    const read = (/** @type {string} */ name) =>
      JSON.parse(readFileSync(join(root, folder, name), "utf8"));
    const [manifest, lock] = [read("package.json"), read("package-lock.json")];
    const problems = [
      ...dependencyProblems(manifest, lock),
      ...hostProblems(lock),
      ...scriptProblems(manifest, lock),
    ];
    return problems.map((problem) => `${join(folder, "package-lock.json")}: ${problem}`);
  });
}

/**
 * @param {any} manifest
 * @param {any} lock
 */
function dependencyProblems(manifest, lock) {
  return KINDS.flatMap((kind) => {
    const wanted = manifest[kind] ?? {};
    const locked = lock.packages[""][kind] ?? {};
    return [...new Set([...Object.keys(wanted), ...Object.keys(locked)])].flatMap((name) => {
      if (wanted[name] !== locked[name]) return [`"${name}" does not fit package.json`];
      const isExact = kind === "peerDependencies" ||
        /^(npm:[\w-]+@)?\d+\.\d+\.\d+$/.test(wanted[name]);
      return isExact ? [] : [`"${name}" is not pinned: ${wanted[name]}`];
    });
  });
}

/** @param {any} lock */
function hostProblems(lock) {
  return Object.entries(lock.packages).flatMap(([path, { resolved }]) =>
    resolved === undefined ? [] : [`"${path}" names where it came from: ${resolved}`]
  );
}

/**
 * @param {any} manifest
 * @param {any} lock
 */
function scriptProblems(manifest, lock) {
  /** @type {Record<string, boolean>} */
  const rules = manifest.allowScripts ?? {};
  const scripted = Object.entries(lock.packages).filter(([, { hasInstallScript }]) =>
    hasInstallScript
  );
  const names = scripted.map(([path]) => path.split("node_modules/").at(-1) ?? path);
  return [
    ...names.filter((name) => rules[name] === undefined)
      .map((name) => `"${name}" has an install script that allowScripts does not name`),
    ...Object.keys(rules).filter((name) => rules[name] && !MAY_RUN.has(name))
      .map((name) => `"${name}" may not run its install script`),
  ];
}

reportProblems(import.meta.url, () => findLockProblems(process.argv[2] ?? ROOT));
