/**
 * Holds the source against the table of layers: an import may only point down, or stay inside its
 * folder; every dependency has one import site; only `src/runtime.ts` touches the runtime's clock,
 * chance, timers and network. Tests are exempt.
 *
 *     node scripts/checks/layers.mjs [folder of the checkout]
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import process from "node:process";
import { loadTypescript, ROOT } from "../runtimes.mjs";
import { sourceFiles } from "../suite/files.mjs";
import { reportProblems } from "./report.mjs";

const ts = loadTypescript();

/**
 * The table of CONTRIBUTING.md: the first pattern that a path matches is its place.
 *
 * @type {readonly { level: number, folder: string, pattern: RegExp }[]}
 */
const LAYERS = [
  { level: 10, folder: "src/cli/", pattern: /^src\/cli\// },
  { level: 9, folder: "testing/", pattern: /^testing\// },
  { level: 9, folder: "src/statsd/", pattern: /^src\/statsd\// },
  { level: 9, folder: "src/kpl/", pattern: /^src\/kpl\// },
  { level: 9, folder: "src/node/", pattern: /^src\/node\// },
  { level: 8, folder: "mod.ts", pattern: /^mod\.ts$/ },
  { level: 8, folder: "src/edge/", pattern: /^src\/edge\// },
  {
    level: 7,
    folder: "src/kinsumer.ts",
    pattern:
      /^src\/(kinsumer|client|assembly|connect|readiness|set_up|one_run|run|run_options|resolve_run_options|run_once|shared|dead_letter_stream|dedupe_table)\.ts$/,
  },
  { level: 6, folder: "src/loops/", pattern: /^src\/loops\// },
  { level: 5, folder: "src/telemetry/", pattern: /^src\/telemetry\// },
  // The options name the tables' interfaces, so that a user may bring others: they stand above them.
  {
    level: 5,
    folder: "src/options.ts",
    pattern: /^src\/(options|option_\w+|resolve_options|handling|resolve_handling|snapshot)\.ts$/,
  },
  { level: 4, folder: "src/tables/", pattern: /^src\/tables\// },
  { level: 3, folder: "src/aws/", pattern: /^src\/aws\// },
  { level: 2, folder: "src/rules/", pattern: /^src\/rules\// },
  { level: 1, folder: "src/", pattern: /^src\/(model|errors|runtime|events)\.ts$/ },
];

/**
 * Packages that the core may import, and where.
 *
 * @type {ReadonlyMap<string, RegExp>}
 */
const IMPORT_SITES = new Map([
  ["aws4fetch", /^src\/aws\/(call|signing\w*)\.ts$/],
  ["hot-shots", /^src\/statsd\/connect\.ts$/],
  ["@opentelemetry/api", /^src\/telemetry\/api\.ts$/],
]);

/** Globals that only src/runtime.ts may touch: whole, or the named members. */
const RUNTIME_GLOBALS = new Set([
  "fetch",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "performance",
  "self",
  "window",
  "process",
  "Deno",
  "Bun",
]);

const RUNTIME_MEMBERS = new Map([
  ["Date", new Set(["now"])],
  ["Math", new Set(["random"])],
  ["crypto", new Set(["randomUUID", "getRandomValues"])],
  ["AbortSignal", new Set(["timeout"])],
]);

/** @typedef {import("typescript").Node} Node */
/** @typedef {import("typescript").SourceFile} SourceFile */

/**
 * @param {string} root the folder of the checkout
 * @returns {string[]} what breaks the law, one line each
 */
export function findViolations(root) {
  const all = [
    ...(existsSync(join(root, "mod.ts")) ? ["mod.ts"] : []),
    ...sourceFiles(root, FOLDERS),
  ];
  const paths = all.filter((path) => path.endsWith(".ts") && !path.endsWith("_test.ts"));
  const missing = all.includes("mod.ts") ? [] : ["mod.ts: is missing"];
  const imports = paths.flatMap((path) => importsOf(root, path));
  return [
    ...missing,
    ...paths.filter((path) => layerOf(path) === undefined).map((path) =>
      `${path}: has no place in the table of layers`
    ),
    ...imports.flatMap((found) => problemOf(root, found)),
    ...doubleSites(imports),
    ...paths.filter(isCore).flatMap((path) => globalsOf(root, path)),
    ...(all.includes("mod.ts") ? doorProblems(root) : []),
  ];
}

const FOLDERS = ["src", "testing"];

/** @param {string} path */
function layerOf(path) {
  return LAYERS.find(({ pattern }) => pattern.test(path));
}

/** @param {string} path */
function isCore(path) {
  return path.startsWith("src/") && !/^src\/(cli|node|statsd)\//.test(path) &&
    path !== "src/runtime.ts";
}

/** @typedef {{ path: string, line: number, specifier: string }} Import */

/**
 * @param {string} root
 * @param {string} path
 * @returns {Import[]} static, dynamic and type imports, and re-exports
 */
function importsOf(root, path) {
  const file = parse(root, path);
  /** @type {Import[]} */
  const found = [];
  walk(file, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    const line = lineOf(file, node);
    // A computed specifier cannot be judged, so it is judged as a package of no name.
    found.push({ path, line, specifier: ts.isStringLiteralLike(specifier) ? specifier.text : "?" });
  });
  return found;
}

/** @param {Node} node */
function specifierOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument;
  }
  const isImport = ts.isCallExpression(node) &&
    node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isImport ? node.arguments[0] : undefined;
}

/**
 * @param {string} root
 * @param {Import} found
 * @returns {string[]}
 */
function problemOf(root, { path, line, specifier }) {
  const at = `${path}:${line}`;
  if (!specifier.startsWith(".")) return packageProblem({ path, at, specifier });
  const target = posix.join(dirname(path), specifier);
  if (!existsSync(join(root, target))) return [`${at}: imports "${target}", which does not exist`];
  if (target.endsWith("_test.ts")) return [`${at}: imports the test "${target}"`];
  const [from, to] = [layerOf(path), layerOf(target)];
  if (to === undefined) return [`${at}: imports "${target}", which has no place in the table`];
  if (from === undefined || from.level > to.level) return [];
  if (from.level === to.level && (from === to || dirname(path) === dirname(target))) return [];
  return [`${at}: layer ${from.level} (${from.folder}) imports "${target}" of layer ${to.level}`];
}

/** @param {{ path: string, at: string, specifier: string }} found */
function packageProblem({ path, at, specifier }) {
  if (path.startsWith("testing/")) return [];
  if (specifier.startsWith("node:") && /^src\/(cli|node|statsd)\//.test(path)) return [];
  if (IMPORT_SITES.get(specifier)?.test(path)) return [];
  return [`${at}: may not import "${specifier}"`];
}

/** @param {readonly Import[]} imports */
function doubleSites(imports) {
  return [...IMPORT_SITES.keys()].flatMap((name) => {
    const core = imports.filter(({ path, specifier }) =>
      specifier === name && !path.startsWith("testing/")
    );
    const sites = new Set(core.map(({ path }) => path));
    return sites.size > 1
      ? [`"${name}" has ${sites.size} import sites: ${[...sites].join(", ")}`]
      : [];
  });
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function globalsOf(root, path) {
  const program = ts.createProgram([join(root, path)], {
    noLib: true, // so that a name without a declaration in the file is a global
    noResolve: true,
    types: [],
    allowImportingTsExtensions: true,
    noEmit: true,
    target: ts.ScriptTarget.ESNext,
  });
  const file = program.getSourceFile(join(root, path));
  if (file === undefined) throw new Error(`Cannot parse "${path}"`);
  const checker = program.getTypeChecker();
  /** @type {string[]} */
  const problems = [];
  walk(file, (node) => {
    if (!ts.isIdentifier(node) || !isValue(node)) return;
    const symbol = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
    if (symbol?.declarations?.length) return;
    const use = forbiddenUse(node);
    if (use !== undefined) problems.push(`${path}:${lineOf(file, node)}: touches ${use}`);
  });
  return problems;
}

/**
 * @param {import("typescript").Identifier} node
 * @returns {boolean} whether it stands for a value that has this name in its scope
 */
function isValue(node) {
  const { parent } = node;
  if (ts.isPartOfTypeNode(node) || ts.isTypeQueryNode(parent)) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return !ts.isQualifiedName(parent);
}

/**
 * @param {import("typescript").Identifier} node a global
 * @returns {string | undefined} the use, in words, that is forbidden
 */
function forbiddenUse(node) {
  const { text, parent } = node;
  if (text === "globalThis") return forbiddenGlobal(node);
  if (RUNTIME_GLOBALS.has(text)) return text;
  if (text === "Date") {
    const isCall = ts.isCallExpression(parent) && parent.expression === node;
    const isNow = ts.isNewExpression(parent) && (parent.arguments?.length ?? 0) === 0;
    if (isCall || isNow) return isCall ? "Date()" : "new Date()";
  }
  const members = RUNTIME_MEMBERS.get(text);
  if (members === undefined) return undefined;
  if (ts.isPropertyAccessExpression(parent)) {
    return members.has(parent.name.text) ? `${text}.${parent.name.text}` : undefined;
  }
  if (ts.isNewExpression(parent) && parent.expression === node) return undefined;
  if (ts.isBinaryExpression(parent)) return undefined; // instanceof
  return `${text} as a value`; // `const { now } = Date`, `Math["random"]`: cannot be followed
}

/**
 * `globalThis.x` and `const { x } = globalThis as …` are fine where `x` itself is.
 *
 * @param {import("typescript").Identifier} node `globalThis`
 * @returns {string | undefined}
 */
function forbiddenGlobal(node) {
  /** @type {Node} */
  let whole = node;
  while (ts.isAsExpression(whole.parent) || ts.isParenthesizedExpression(whole.parent)) {
    whole = whole.parent;
  }
  const names = namesTaken(whole.parent);
  const isForbidden = (/** @type {string} */ name) =>
    RUNTIME_GLOBALS.has(name) || RUNTIME_MEMBERS.has(name);
  return names !== undefined && !names.some(isForbidden) ? undefined : "globalThis as a value";
}

/**
 * @param {Node} parent what stands around an object
 * @returns {string[] | undefined} the properties taken from it; `undefined` where it cannot be told
 */
function namesTaken(parent) {
  if (ts.isPropertyAccessExpression(parent)) return [parent.name.text];
  if (!ts.isVariableDeclaration(parent) || !ts.isObjectBindingPattern(parent.name)) {
    return undefined;
  }
  const { elements } = parent.name;
  if (elements.some(({ dotDotDotToken }) => dotDotDotToken !== undefined)) return undefined;
  return elements.map(({ propertyName, name }) => (propertyName ?? name).getText());
}

/** @param {string} root */
function doorProblems(root) {
  const file = parse(root, "mod.ts");
  return file.statements.flatMap((statement) => {
    const at = `mod.ts:${lineOf(file, statement)}`;
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined) {
      return [`${at}: is more than a re-export`];
    }
    return statement.exportClause === undefined ? [`${at}: exports everything`] : [];
  });
}

/**
 * @param {string} root
 * @param {string} path
 */
function parse(root, path) {
  const text = readFileSync(join(root, path), "utf8");
  return ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
}

/**
 * @param {Node} node
 * @param {(node: Node) => void} visit
 */
function walk(node, visit) {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/**
 * @param {SourceFile} file
 * @param {Node} node
 */
function lineOf(file, node) {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

reportProblems(import.meta.url, () => findViolations(process.argv[2] ?? ROOT));
