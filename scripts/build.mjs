/**
 * Builds what npm ships, in dist/: one ES module per source file, the declarations that the doors
 * reach, what is used of OpenTelemetry's API, and the door for isolates as one minified file.
 *
 * Comments stay in the declarations, where editors show them; the modules go without, and are
 * otherwise as they were written.
 *
 * @module
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import process from "node:process";
import { bundleEdge } from "./bundle.mjs";
import { keepReached } from "./emit/declarations.mjs";
import { embed } from "./emit/embedding.mjs";
import { indentByTabs } from "./emit/indentation.mjs";
import { loadTypescript, ROOT } from "./runtimes.mjs";

/** @typedef {import("typescript").Program} Program */

const DIST = join(ROOT, "dist");
/** The one import of OpenTelemetry's API, which travels inside of the package: it is a megabyte whole. */
const TELEMETRY = { path: "src/telemetry/api.js", packageName: "@opentelemetry/api" };
/** The door that is one file: of its modules only the types are shipped. */
const BUNDLED = join(ROOT, "src", "edge", "mod.ts");

const ts = loadTypescript();

/** @returns {string[]} the declarations of the doors, as paths in dist/ */
function doors() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return Object.values(exports).filter((door) => door.types !== undefined)
    .map((door) => door.types.replace("./dist/", ""));
}

/** @returns {Map<string, string> | undefined} the files by path, unless something was wrong */
function compile() {
  const path = join(ROOT, "tsconfig.build.json");
  const parsed = ts.getParsedCommandLineOfConfigFile(path, {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (problem) => report([problem]),
  });
  if (parsed === undefined) return undefined;
  const { fileNames, options } = parsed;
  const declared = ts.createProgram(fileNames, { ...options, emitDeclarationOnly: true });
  const problems = [...parsed.errors, ...ts.getPreEmitDiagnostics(declared)];
  const modules = ts.createProgram(
    fileNames.filter((name) => join(name) !== BUNDLED),
    { ...options, declaration: false, isolatedDeclarations: false, removeComments: true },
    undefined,
    declared,
  );
  /** @type {Map<string, string>} */
  const files = new Map();
  /** @type {import("typescript").WriteFileCallback} */
  const keep = (name, text) => {
    files.set(relative(DIST, name).replaceAll(sep, "/"), indentByTabs(text));
  };
  for (const program of [declared, modules]) {
    problems.push(...program.emit(undefined, keep).diagnostics);
  }
  report(problems);
  return problems.length === 0 ? files : undefined;
}

/** @param {readonly import("typescript").Diagnostic[]} problems */
function report(problems) {
  if (problems.length === 0) return;
  process.stderr.write(ts.formatDiagnostics(problems, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => ROOT,
    getNewLine: () => "\n",
  }));
}

/** @param {ReadonlyMap<string, string | Uint8Array>} files */
function write(files) {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(DIST, path)), { recursive: true });
    writeFileSync(join(DIST, path), content);
  }
}

rmSync(DIST, { recursive: true, force: true });
const files = compile();
if (files === undefined) process.exitCode = 1;
else {
  const isDeclaration = (/** @type {[string, string]} */ [path]) => path.endsWith(".d.ts");
  const declarations = new Map([...files].filter(isDeclaration));
  declarations.set("edge.d.ts", 'export * from "./src/edge/mod.js";\n');
  write(new Map([...files].filter((file) => !isDeclaration(file))));
  write(keepReached(declarations, doors()));
  write(await embed({ ...TELEMETRY, code: files.get(TELEMETRY.path) ?? "" }));
  write(new Map([["edge.js", (await bundleEdge()).bytes]]));
}
