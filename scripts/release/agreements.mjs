/**
 * Says what still keeps a version from being released: what package.json, deno.json, the lockfile, the
 * examples, the changelog, the tag and the working tree must agree on.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findDifferences } from "../checks/exports.mjs";

/**
 * @typedef {object} Release
 * @property {string} root the folder of the checkout
 * @property {string} today as `2030-12-31`
 * @property {string} [tag] the one that asks for the release; absent: none does yet
 * @property {string} [repository] where the release runs, as `owner/name`; absent: anywhere
 */

/**
 * @param {Release} release
 * @returns {string[]} what disagrees, one line each
 */
export function findDisagreements({ root, today, tag, repository }) {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  const { version } = manifest;
  return [
    ...versionProblems(version, tag),
    ...findDifferences(root),
    ...exampleProblems(root, version),
    ...changelogProblems(changelog, { version, today }),
    ...repositoryProblems(manifest.repository, repository),
    ...treeProblems(root, `v${version}`),
  ];
}

/**
 * @param {unknown} version
 * @param {string | undefined} tag
 */
function versionProblems(version, tag) {
  if (typeof version !== "string" || !/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/.test(version)) {
    return [`package.json: the version is ${JSON.stringify(version)}, wanted one like "1.2.3"`];
  }
  if (tag === undefined || tag === `v${version}`) return [];
  return [`The tag is "${tag}", by package.json "v${version}"`];
}

/**
 * npm takes a version like `1.2.3-rc.1` only under another tag than that of `npm install kinsumer`.
 *
 * @param {string} version
 * @returns {"latest" | "next"}
 */
export function distTagOf(version) {
  return version.includes("-") ? "next" : "latest";
}

/**
 * The examples name the version to install, for those who copy them.
 *
 * @param {string} root
 * @param {string} version
 */
function exampleProblems(root, version) {
  const folder = "scripts/examples";
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
  const paths = names.flatMap((name) =>
    ["package.json", "deno.json"].map((file) => `${folder}/${name}/${file}`)
  );
  return paths.filter((path) => existsSync(join(root, path))).flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const named = /"kinsumer":\s*"\^?([^"]+)"|@kinsumer\/kinsumer@\^?([^"/]+)/.exec(text);
    const found = named?.[1] ?? named?.[2] ?? version;
    return found === version ? [] : [`${path}: names version "${found}", wanted "${version}"`];
  });
}

/**
 * @param {string} changelog
 * @param {{ version: string, today: string }} wanted
 */
function changelogProblems(changelog, { version, today }) {
  const [, heading = "", text = ""] = /^## (.*)$([^]*?)(?=^## |(?![^]))/m.exec(changelog) ?? [];
  const [, newest, date = ""] = /^(\S+) - (\S+)$/.exec(heading) ?? [];
  if (newest !== version) {
    return [`CHANGELOG.md: begins with "${heading}", by package.json "${version} - ${today}"`];
  }
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(Date.parse(date));
  return [
    ...(isDate ? [] : [`CHANGELOG.md: ${version} is "${date}", wanted a date like ${today}`]),
    ...(isDate && date > today ? [`CHANGELOG.md: ${version} is of ${date}, which is to come`] : []),
    ...(/^- /m.test(text) ? [] : [`CHANGELOG.md: says nothing of ${version}`]),
  ];
}

/**
 * npm's provenance names the repository that built a package, and is refused where the two differ.
 *
 * @param {{ url?: string } | undefined} named
 * @param {string | undefined} actual
 */
function repositoryProblems(named, actual) {
  const name = /^git\+https:\/\/github\.com\/([\w.-]+\/[\w.-]+)\.git$/.exec(named?.url ?? "")?.[1];
  if (name === undefined) {
    const wanted = `git+https://github.com/${actual ?? "OWNER/NAME"}.git`;
    return [`package.json: repository.url is ${JSON.stringify(named?.url)}, wanted "${wanted}"`];
  }
  return actual === undefined || actual === name
    ? []
    : [`package.json: repository.url is that of "${name}", the release runs in "${actual}"`];
}

/**
 * @param {string} root
 * @param {string} tag
 */
function treeProblems(root, tag) {
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain").split("\n").filter((line) => line !== "");
  const isTagged = git("tag", "--list", tag) !== "";
  const isHere = git("tag", "--list", tag, "--points-at", "HEAD") !== "";
  return [
    ...changed.map((line) => `The working tree is not clean: ${line.trim()}`),
    ...(isTagged && !isHere ? [`The tag ${tag} is on another commit`] : []),
  ];
}
