/**
 * Holds deno.json and package.json against each other: one name, one version, one licence, the same
 * doors, and behind each door a source file.
 *
 *     node scripts/checks/exports.mjs [folder of the checkout]
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../runtimes.mjs";
import { reportProblems } from "./report.mjs";

/** Doors that npm gets as one file each, whose place is not that of their source. */
const BUNDLES = new Map([["./edge", "./dist/edge"]]);

/**
 * @param {string} root the folder of the checkout
 * @returns {string[]} what differs, one line each
 */
export function findDifferences(root) {
  const npm = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const jsr = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  return [
    ...same("name", jsr.name, `@kinsumer/${npm.name}`),
    ...same("version", jsr.version, npm.version),
    ...same("license", jsr.license, npm.license),
    ...doorProblems({ root, npm: npm.exports ?? {}, jsr: jsr.exports ?? {} }),
    ...programProblems(root, npm.bin ?? {}),
    ...lockProblems(root, npm.version),
    ...commandProblems(root, npm.version),
  ];
}

/**
 * @param {string} what
 * @param {unknown} found
 * @param {unknown} wanted
 */
function same(what, found, wanted) {
  const isSame = found === wanted && found !== undefined;
  return isSame ? [] : [`deno.json: ${what} is ${show(found)}, by package.json ${show(wanted)}`];
}

/** @param {unknown} value */
function show(value) {
  return value === undefined ? "missing" : JSON.stringify(value);
}

/** @param {{ root: string, npm: Record<string, any>, jsr: Record<string, string> }} doors */
function doorProblems({ root, npm, jsr }) {
  // Tools read package.json through its own door; it is none of ours.
  const npmDoors = Object.keys(npm).filter((door) => door !== "./package.json");
  const doors = new Set([...npmDoors, ...Object.keys(jsr)]);
  if (doors.size === 0) return ["package.json, deno.json: no doors"];
  return [...doors].sort().flatMap((door) => {
    if (npm[door] === undefined) return [`package.json: has no door "${door}"`];
    const source = jsr[door];
    if (source === undefined) return [`deno.json: has no door "${door}"`];
    const stem = BUNDLES.get(door) ??
      source.replace(/^\.\//, "./dist/").replace(/\.ts$/, "");
    return [
      ...(existsSync(join(root, source))
        ? []
        : [`deno.json: "${door}" is ${source}, which is missing`]),
      ...target({ door, kind: "types", found: npm[door].types, wanted: `${stem}.d.ts` }),
      ...target({ door, kind: "default", found: npm[door].default, wanted: `${stem}.js` }),
    ];
  });
}

/**
 * What npm installs as a program needs a source, and the line that says what runs it.
 *
 * @param {string} root
 * @param {Record<string, string>} bin
 */
function programProblems(root, bin) {
  return Object.entries(bin).flatMap(([name, path]) => {
    const source = path.replace(/^(\.\/)?dist\//, "").replace(/\.js$/, ".ts");
    const file = join(root, source);
    if (source === path || !existsSync(file)) {
      return [`package.json: the program "${name}" is ${path}, which has no source`];
    }
    const isRunnable = readFileSync(file, "utf8").startsWith("#!/usr/bin/env node\n");
    return isRunnable ? [] : [`${source}: does not begin with "#!/usr/bin/env node"`];
  });
}

/** @param {{ door: string, kind: string, found: unknown, wanted: string }} target */
function target({ door, kind, found, wanted }) {
  if (found === wanted) return [];
  return [`package.json: "${door}" has ${kind} ${show(found)}, by deno.json ${show(wanted)}`];
}

/**
 * @param {string} root
 * @param {string} version
 */
function lockProblems(root, version) {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const isSame = lock.version === version && lock.packages[""].version === version;
  return isSame
    ? []
    : [`package-lock.json: is of version ${show(lock.version)}: run "npm install"`];
}

const VERSION_FILE = "src/cli/version.ts";

/**
 * The command says the version by a constant: JSR's package has no manifest to read.
 *
 * @param {string} root
 * @param {string} version
 */
function commandProblems(root, version) {
  if (!existsSync(join(root, VERSION_FILE))) return [`${VERSION_FILE}: is missing`];
  const text = readFileSync(join(root, VERSION_FILE), "utf8");
  const found = /VERSION = "([^"]*)"/.exec(text)?.[1];
  return found === version
    ? []
    : [`${VERSION_FILE}: says ${show(found)}, by package.json ${show(version)}`];
}

reportProblems(import.meta.url, () => findDifferences(process.argv[2] ?? ROOT));
