/**
 * Measures what a package weighs: bundled into one file, and installed.
 *
 * @module
 */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundle } from "../bundle.mjs";
import { ROOT } from "../runtimes.mjs";
import { npm } from "../setup.mjs";

/** The folder whose lockfile names what the sizes are compared with. */
export const PEERS = join(ROOT, "scripts", "sizes");

/**
 * @typedef {object} Installed
 * @property {number} packages how many, itself included
 * @property {number} bytes their files
 */

/** @param {Uint8Array} bytes */
export function gzipped(bytes) {
  return gzipSync(bytes, { level: 9 }).length;
}

/**
 * Bundles and minifies code for an isolate, or for Node, and weighs it.
 *
 * @param {Parameters<typeof bundle>[0]} options
 * @returns {Promise<number>} bytes after gzip
 */
export async function bundledBytes(options) {
  return gzipped((await bundle(options)).bytes);
}

/**
 * Packs the built package, installs it into an empty folder as a user would, and weighs all of it,
 * and what had to be downloaded for it.
 *
 * @returns {Installed & { names: readonly string[], downloadBytes: number }}
 */
export function installedOwn() {
  const folder = mkdtempSync(join(tmpdir(), "kinsumer-sizes-"));
  try {
    writeFileSync(join(folder, "package.json"), '{ "name": "user", "type": "module" }\n');
    const [packed] = JSON.parse(npm(ROOT, ["pack", `--pack-destination=${folder}`, "--json"]));
    npm(folder, ["install", `./${packed.filename}`, "--prefer-offline"]);
    const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
    const paths = Object.keys(lock.packages).filter((path) => path !== "");
    const packedBytes = (/** @type {string} */ path) =>
      JSON.parse(npm(join(folder, path), ["pack", "--dry-run", "--json"]))[0].size;
    return {
      packages: paths.length,
      bytes: sum(paths.map((path) => bytesOf(join(folder, path)))),
      downloadBytes: sum(paths.map(packedBytes)),
      names: paths.map((path) => path.replace(/^node_modules\//, "")).sort(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Weighs packages of the peers' lockfile with all that they need.
 *
 * @param {readonly string[]} names
 * @returns {Installed}
 */
export function installedPeers(names) {
  const { packages } = JSON.parse(readFileSync(join(PEERS, "package-lock.json"), "utf8"));
  /** @type {Set<string>} */
  const paths = new Set();
  /** @type {(name: string, from: string) => void} */
  const add = (name, from) => {
    const path = resolve(packages, name, from);
    if (path === undefined || paths.has(path)) return;
    paths.add(path);
    const { dependencies = {}, optionalDependencies = {} } = packages[path];
    const needed = Object.keys({ ...dependencies, ...optionalDependencies });
    for (const each of needed) add(each, path);
  };
  for (const name of names) add(name, "");
  return { packages: paths.size, bytes: sum([...paths].map((path) => bytesOf(join(PEERS, path)))) };
}

/**
 * How many jars the KCL downloads when it is started: the list is its own.
 *
 * @returns {number}
 */
export function kclJars() {
  const list = readFileSync(join(PEERS, "node_modules", "aws-kcl", "pom.xml"), "utf8");
  return list.match(/<dependency>/g)?.length ?? 0;
}

/**
 * Where a package of a lockfile finds another, as Node looks for it.
 *
 * @param {Readonly<Record<string, unknown>>} packages
 * @param {string} name
 * @param {string} from
 * @returns {string | undefined}
 */
function resolve(packages, name, from) {
  for (let folder = from;; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, "")) {
    const path = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === "") return undefined;
  }
}

/**
 * The files of one package, without those of packages inside of it.
 *
 * @param {string} folder
 * @returns {number}
 */
function bytesOf(folder) {
  if (!existsSync(folder)) throw new Error(`"${folder}" is not installed`);
  return sum(
    readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" ? 0 : bytesOf(path);
      return entry.isFile() ? statSync(path).size : 0;
    }),
  );
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((all, each) => all + each, 0);
}
