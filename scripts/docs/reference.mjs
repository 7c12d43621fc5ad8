/**
 * Writes docs/reference/, a page for each door of the package, from the exported declarations and
 * their docstrings; with `--check` tells which page is not what it would write.
 *
 *     npm run docs:reference
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { loadTypescript, ROOT } from "../runtimes.mjs";
import { docsOf, prose, tagsOf } from "./docstrings.mjs";

/** @typedef {import("typescript").Node} Node */
/** @typedef {import("typescript").Declaration} Declaration */
/** @typedef {import("./docstrings.mjs").Links} Links */

const ts = loadTypescript();

/** The folder of the pages, relative to the checkout. */
export const FOLDER = "docs/reference";

/** @typedef {{ readonly name: string, readonly page: string, readonly source: string }} Door */

/** @returns {Door[]} the doors, from the configuration that names their sources */
function doors() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));
  return Object.entries(exports).map(([door, source]) => {
    const name = door.replace(/^\./, "kinsumer");
    return { name, page: `${name.replace("kinsumer/", "")}.md`, source };
  });
}

/** @type {readonly (readonly [string, (node: Node) => boolean])[]} */
const KINDS = [
  ["class", ts.isClassDeclaration],
  ["function", ts.isFunctionDeclaration],
  ["interface", ts.isInterfaceDeclaration],
  ["type", ts.isTypeAliasDeclaration],
  ["constant", ts.isVariableDeclaration],
];

/** @returns {ReadonlyMap<string, string>} each page's text by its path, relative to the checkout */
export function referencePages() {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram(doors().map(({ source }) => join(ROOT, source)), options);
  const checker = program.getTypeChecker();
  return new Map(
    doors().map((door) => {
      const file = program.getSourceFile(join(ROOT, door.source));
      const symbol = file && checker.getSymbolAtLocation(file);
      if (file === undefined || symbol === undefined) throw new Error(`${door.source}: no module`);
      const entries = checker.getExportsOfModule(symbol).map((each) => {
        const isAlias = (each.flags & ts.SymbolFlags.Alias) !== 0;
        const { declarations = [] } = isAlias ? checker.getAliasedSymbol(each) : each;
        return { name: each.name, declarations };
      });
      return [
        `${FOLDER}/${door.page}`,
        page({ ...door, head: prose(moduleDoc(file), new Map()) }, entries),
      ];
    }),
  );
}

/** @param {import("typescript").SourceFile} file */
function moduleDoc(file) {
  const [comment = ""] = /^\/\*\*.*?\*\//s.exec(file.text) ?? [];
  return comment.replace(/^\/\*\*|\*\/$/g, "").replace(/^ *\* ?/gm, "").replace(/@module.*/s, "");
}

/**
 * @param {{ name: string, head: string }} door
 * @param {readonly { name: string, declarations: readonly Declaration[] }[]} all
 */
function page({ name, head }, all) {
  const entries = KINDS.flatMap(([kind, is]) =>
    all.filter(({ declarations }) => declarations.some(is))
      .map((entry) => ({ ...entry, kind, declarations: entry.declarations.filter(is) }))
      .sort((a, b) => a.name < b.name ? -1 : 1)
  );
  const links = linksOf(entries.map((entry) => entry.name));
  const contents = KINDS.flatMap(([kind]) => {
    const named = entries.filter((entry) => entry.kind === kind);
    const list = named.map((entry) => `[${entry.name}](${links.get(entry.name)})`).join(" · ");
    return named.length === 0 ? [] : [`- **${kind}**: ${list}`];
  });
  const intro = "`npm run docs:reference` writes this page from the sources. " +
    "The [guides](../README.md) explain; this page lists.";
  return [
    `# ${name}`,
    head,
    intro,
    contents.join("\n"),
    ...entries.map((entry) => section(entry, links)),
  ]
    .map((part) => part.trim()).join("\n\n") + "\n";
}

/**
 * @param {readonly string[]} names in the order of their headings
 * @returns {Links} where each leads: of names that differ by case only, the later get a number
 */
function linksOf(names) {
  const seen = new Map();
  return new Map(names.map((name) => {
    const anchor = name.toLowerCase();
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return [name, `#${anchor}${count === 0 ? "" : `-${count}`}`];
  }));
}

/**
 * @param {{ name: string, kind: string, declarations: readonly Declaration[] }} entry
 * @param {Links} links
 */
function section({ name, kind, declarations }, links) {
  const [first] = declarations;
  if (first === undefined) throw new Error(`${name} is declared nowhere`);
  const path = relative(ROOT, first.getSourceFile().fileName).replaceAll("\\", "/");
  const parts = [`## ${name}`, `*${kind}*, [${path}](../../${path})`];
  for (const declaration of declarations.filter((each) => !isImplementation(each, declarations))) {
    const docs = docsOf(ts, declaration, links);
    const isTable = ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration);
    const rest = body(declaration, links);
    parts.push(...(isTable ? [docs, ...rest] : [...rest, docs]));
  }
  return parts.filter((part) => part !== "").join("\n\n");
}

/**
 * An overloaded function's last declaration is nobody's business.
 *
 * @param {Node} node
 * @param {readonly Node[]} all
 */
function isImplementation(node, all) {
  return all.length > 1 && "body" in node && node.body !== undefined;
}

/**
 * @param {Declaration} node
 * @param {Links} links
 * @returns {string[]}
 */
function body(node, links) {
  if (ts.isInterfaceDeclaration(node)) return members([...node.members], links);
  if (ts.isClassDeclaration(node)) {
    return members(node.members.filter((each) => !isHidden(each)), links);
  }
  const text = ts.isFunctionDeclaration(node) ? signature(node) : node.getText();
  return [`\`\`\`typescript\n${withoutComments(text)}\n\`\`\``];
}

/** @param {import("typescript").ClassElement} member */
function isHidden(member) {
  const modifiers = ts.canHaveModifiers(member) ? ts.getModifiers(member) ?? [] : [];
  const isPrivate = modifiers.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
  return isPrivate || member.name !== undefined && ts.isPrivateIdentifier(member.name);
}

/**
 * @param {readonly (import("typescript").ClassElement | import("typescript").TypeElement)[]} all
 * @param {Links} links
 */
function members(all, links) {
  const rows = all.filter((each) => !isImplementation(each, sameName(each, all))).map((member) => {
    const what = [
      docsOf(ts, member, links, { isShort: true }),
      ...tagsOf(ts, member, links),
    ].filter((part) => part !== "").join(" ");
    return `| ${code(signature(member))} | ${
      what.replace(/\s*\n\s*/g, " ").replaceAll("|", "\\|")
    } |`;
  });
  return rows.length === 0 ? [] : [["| member | what |", "|---|---|", ...rows].join("\n")];
}

/**
 * @param {import("typescript").ClassElement | import("typescript").TypeElement} member
 * @param {readonly (import("typescript").ClassElement | import("typescript").TypeElement)[]} all
 */
function sameName(member, all) {
  return all.filter((each) =>
    each.name !== undefined && each.name.getText() === member.name?.getText()
  );
}

/**
 * @param {Node} node
 * @returns {string} its text without a body, initial values and comments
 */
function signature(node) {
  const end = "body" in node && node.body !== undefined
    ? /** @type {Node} */ (node.body).getStart()
    : node.getEnd();
  const text = node.getSourceFile().text.slice(node.getStart(), end);
  return withoutComments(text).replace(/\s+/g, " ").replace(/\(\s+/g, "(").replace(/,? \)/g, ")")
    .replace(/^(export|override|declare) /g, "").replace(/^override /, "")
    .replace(/^readonly /, "")
    .replace(/^async /, "").replace(/;?\s*$/, "");
}

/** @param {string} text */
function withoutComments(text) {
  return text.replace(/^[ \t]*\/\*\*.*?\*\/\n?/gms, "").replace(/ *\/\*.*?\*\/ */gs, " ")
    .replace(/^export /, "");
}

/** @param {string} text */
function code(text) {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** @returns {string[]} the pages that are not what would be written */
export function stalePages() {
  return [...referencePages()]
    .filter(([path, text]) =>
      !existsSync(join(ROOT, path)) || readFileSync(join(ROOT, path), "utf8") !== text
    )
    .map(([path]) => `${path} is not what the sources say: npm run docs:reference writes it`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  if (process.argv.includes("--check")) {
    const stale = stalePages();
    for (const problem of stale) process.stdout.write(`${problem}\n`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    mkdirSync(join(ROOT, FOLDER), { recursive: true });
    for (const [path, text] of referencePages()) writeFileSync(join(ROOT, path), text);
  }
}
