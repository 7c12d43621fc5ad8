/**
 * Holds the npm package to what it should carry: every door with its types, the licence and the
 * documents, and nothing that only the project needs. Run it after the build.
 *
 *     node scripts/checks/contents.mjs
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { npmCommand, ROOT } from "../runtimes.mjs";
import { cleanEnvironment } from "../setup.mjs";
import { reportProblems } from "./report.mjs";

const DOCUMENTS = ["LICENSE", "README.md", "package.json"];

const ALLOWED = /^(dist\/.*\.(js|d\.ts|LICENSE)|LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;

/**
 * @typedef {object} Manifest
 * @property {Record<string, string | { types: string, default: string }>} exports
 * @property {Record<string, string>} [bin]
 */

/**
 * @param {Manifest} manifest
 * @param {readonly string[]} paths what the package carries
 * @returns {string[]} what is missing or too much, one line each
 */
export function findContentProblems(manifest, paths) {
  const doors = Object.values(manifest.exports)
    .flatMap((door) => typeof door === "string" ? [door] : [door.types, door.default]);
  const programs = Object.values(manifest.bin ?? {});
  const wanted = [
    ...DOCUMENTS,
    ...[...doors, ...programs].map((path) => path.replace(/^\.\//, "")),
  ];
  return [
    ...[...new Set(wanted)].filter((path) => !paths.includes(path))
      .map((path) => `"${path}" is missing`),
    ...paths.filter((path) => !ALLOWED.test(path) || /_test\./.test(path))
      .map((path) => `"${path}" does not belong in the package`),
  ];
}

/** @returns {string[]} */
function packedPaths() {
  const { command, args } = npmCommand();
  const output = execFileSync(
    command,
    [...args, "pack", "--dry-run", "--ignore-scripts", "--json", "--loglevel=error"],
    { cwd: ROOT, env: cleanEnvironment(), encoding: "utf8" },
  );
  const [packed] = JSON.parse(output);
  return packed.files.map((/** @type {{ path: string }} */ { path }) => path);
}

reportProblems(import.meta.url, () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return findContentProblems(manifest, packedPaths());
});
