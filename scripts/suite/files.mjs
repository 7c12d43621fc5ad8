/**
 * Finds the suite: every `*_test.ts` under src/, testing/ and scripts/.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["src", "testing", "scripts"];

/**
 * @param {string} root the folder of the checkout
 * @param {string} [only] a part of the path that every file must have
 * @returns {string[]} paths relative to the root, with slashes, sorted
 */
export function findTests(root, only = "") {
  return sourceFiles(root, FOLDERS).filter((path) =>
    path.endsWith("_test.ts") && path.includes(only)
  );
}

/**
 * @param {string} root
 * @param {readonly string[]} folders
 * @returns {string[]} every file below these folders that is not installed, relative, sorted
 */
export function sourceFiles(root, folders) {
  return folders.filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => filesBelow(root, folder)).sort();
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(root, path);
    return entry.isFile() ? [path] : [];
  });
}
