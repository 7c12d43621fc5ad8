/**
 * Reads what the documents are made of: fenced blocks, tables, headings and links of Markdown files,
 * and the examples in docstrings.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../runtimes.mjs";
import { sourceFiles } from "../suite/files.mjs";

/**
 * @typedef {object} Block
 * @property {string} path the file, relative to the checkout
 * @property {number} line the line of its first line of code, from 1
 * @property {string} language what stands behind the fence
 * @property {string} code
 */

/**
 * @typedef {object} Link
 * @property {string} path the file, relative to the checkout
 * @property {number} line
 * @property {string} target
 * @property {string} text
 * @property {boolean} isPicture
 */

/** @returns {string[]} every document of the project, relative to the checkout */
export function documents() {
  const below = ["docs", ".github"].flatMap((folder) =>
    existsSync(join(ROOT, folder))
      ? readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      : []
  );
  const documents = below.filter((path) => path.endsWith(".md")).sort();
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...documents];
}

/** @param {string} path relative to the checkout */
export function read(path) {
  return readFileSync(join(ROOT, path), "utf8");
}

/**
 * @param {string} path a Markdown file
 * @returns {Block[]} its fenced blocks
 */
export function fencedBlocks(path) {
  return blocksOf(path, read(path).split("\n"));
}

/** @returns {Block[]} the blocks of every `@example` of the sources */
export function docstringBlocks() {
  const paths = ["mod.ts", ...sourceFiles(ROOT, ["src", "testing"])];
  return paths.filter((path) => path.endsWith(".ts") && !path.endsWith("_test.ts"))
    .flatMap((path) => {
      const isDoc = (/** @type {string} */ line) => /^\s*\*( |$)/.test(line);
      const lines = read(path).split("\n")
        .map((line) => isDoc(line) ? line.replace(/^\s*\* ?/, "") : "");
      return blocksOf(path, lines);
    });
}

/**
 * @param {string} path
 * @param {readonly string[]} lines
 * @returns {Block[]}
 */
function blocksOf(path, lines) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {{ language: string, line: number, margin: number } | undefined} */
  let open;
  lines.forEach((line, index) => {
    const [, margin = "", language = ""] = /^( *)```(\w*)/.exec(line) ?? [undefined];
    if (!line.startsWith(`${margin}\`\`\``)) return;
    if (open === undefined) open = { language, line: index + 2, margin: margin.length };
    else {
      const { margin, ...block } = open;
      const code = lines.slice(open.line - 1, index).map((each) => each.slice(margin)).join("\n");
      blocks.push({ path, ...block, code });
      open = undefined;
    }
  });
  if (open !== undefined) throw new Error(`${path}:${open.line - 1}: the block has no end`);
  return blocks;
}

/**
 * @param {string} text Markdown
 * @returns {string} the same lines, those inside of fences empty
 */
export function withoutBlocks(text) {
  let isInside = false;
  return text.split("\n").map((line) => {
    const isFence = line.trimStart().startsWith("```");
    if (isFence) isInside = !isInside;
    return isFence || isInside ? "" : line;
  }).join("\n");
}

/**
 * @param {string} path a Markdown file
 * @returns {ReadonlySet<string>} the anchors of its headings, as GitHub makes them
 */
export function anchors(path) {
  const headings = withoutBlocks(read(path)).split("\n")
    .flatMap((line) => /^#{1,6} (.*)$/.exec(line)?.[1] ?? []);
  /** @type {Set<string>} */
  const found = new Set();
  for (const heading of headings) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
    let unique = anchor;
    for (let count = 1; found.has(unique); count++) unique = `${anchor}-${count}`;
    found.add(unique);
  }
  return found;
}

/**
 * @param {string} path a Markdown file
 * @returns {Link[]} its links
 */
export function links(path) {
  return withoutBlocks(read(path)).split("\n").flatMap((line, index) =>
    [...line.replace(/`([^`]*)`/g, "$1").matchAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g)]
      .map((match) => ({
        path,
        line: index + 1,
        target: match[3] ?? "",
        text: match[2] ?? "",
        isPicture: match[1] === "!",
      }))
  );
}

/**
 * @param {string} path a Markdown file
 * @param {string} heading the first cell of the table's head
 * @returns {string[][]} the table's rows, cell by cell, without the head
 * @throws {Error} when there is no such table
 */
export function table(path, heading) {
  const lines = withoutBlocks(read(path)).split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`));
  if (start === -1) throw new Error(`${path}: has no table that begins with "${heading}"`);
  const rows = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith("|")) break;
    rows.push(line.split("|").slice(1, -1).map((cell) => cell.trim()));
  }
  return rows;
}

/**
 * @param {string} cell
 * @returns {string[]} what stands in backticks
 */
export function inTicks(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}
