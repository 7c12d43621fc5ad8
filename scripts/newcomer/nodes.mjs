/**
 * Knows the versions of Node that the packed library is tried on, and where their binaries are.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { currentRuntime } from "../runtimes.mjs";

/** The folder whose lockfile names them. */
export const NODES_FOLDER = fileURLToPath(new URL(".", import.meta.url));

/**
 * @typedef {object} PinnedNode
 * @property {string} version
 * @property {string | undefined} path its binary; absent where it could not be had
 */

/** @returns {PinnedNode[]} every version that the lockfile names */
export function pinnedNodes() {
  const { packages } = JSON.parse(readFileSync(join(NODES_FOLDER, "package-lock.json"), "utf8"));
  return Object.keys(packages).filter((place) => place !== "").map((place) => {
    const { version } = packages[place];
    return { version, path: pathOf(version, join(NODES_FOLDER, place, "bin", "node")) };
  });
}

/**
 * The pinned one; else, for want of a package for this platform, the system's of the same major.
 *
 * @param {string} version
 * @param {string} path
 */
function pathOf(version, path) {
  if (existsSync(path)) return path;
  const isSameMajor = process.versions.node.split(".")[0] === version.split(".")[0];
  return isSameMajor && currentRuntime() === "node" ? process.execPath : undefined;
}
