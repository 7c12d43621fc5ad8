/**
 * Follows every link of the documents. One inside of the checkout must lead to a file, and to a
 * heading of it where it names one; one to elsewhere must be a well-formed https: address, and is not
 * asked for. A guide must be led to from the index, and a picture must say what it shows.
 *
 *     node scripts/docs/check_links.mjs
 *
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { reportProblems } from "../checks/report.mjs";
import { ROOT } from "../runtimes.mjs";
import { anchors, documents, links } from "./markdown.mjs";

/** @typedef {import("./markdown.mjs").Link} Link */

const INDEX = "docs/README.md";

/**
 * @param {Link} link
 * @returns {string[]} what is wrong with it: nothing, or one thing
 */
export function linkProblems(link) {
  const { path, line, target, text, isPicture } = link;
  const problem = isPicture && text.trim() === ""
    ? "a picture without words"
    : /^[a-z]+:/i.test(target)
    ? externalProblem(target)
    : internalProblem(path, target);
  return problem === undefined ? [] : [`${path}:${line}: ${target}: ${problem}`];
}

/**
 * @param {string} target
 * @returns {string | undefined}
 */
function externalProblem(target) {
  if (!URL.canParse(target)) return "is no address";
  const { protocol, hostname } = new URL(target);
  if (protocol !== "https:") return "is not https:";
  return hostname.includes(".") ? undefined : "has no host";
}

/**
 * @param {string} path of the document
 * @param {string} target
 * @returns {string | undefined}
 */
function internalProblem(path, target) {
  const [file = "", anchor] = target.split("#");
  const found = file === "" ? path : normalize(join(dirname(path), file)).replaceAll("\\", "/");
  if (found.startsWith("..")) return "leads out of the checkout";
  if (!existsSync(join(ROOT, found))) return "there is no such file";
  if (anchor === undefined) return undefined;
  if (statSync(join(ROOT, found)).isDirectory()) return "a folder has no headings";
  return anchors(found).has(anchor) ? undefined : "there is no such heading";
}

/**
 * @param {readonly string[]} paths every document
 * @param {readonly Link[]} all their links
 * @returns {string[]} the guides that the index does not lead to
 */
export function strayGuides(paths, all) {
  const led = new Set(
    all.filter(({ path }) => path === INDEX || path.endsWith("/README.md"))
      .map(({ path, target }) => normalize(join(dirname(path), target.split("#")[0] ?? ""))),
  );
  return paths.filter((path) =>
    path.startsWith("docs/") && path !== INDEX && !led.has(normalize(path))
  )
    .map((path) => `${path}: ${INDEX} does not lead to it`);
}

reportProblems(import.meta.url, () => {
  const paths = documents();
  const all = paths.flatMap(links);
  return [...all.flatMap(linkProblems), ...strayGuides(paths, all)];
});
