/**
 * Builds what npm ships, in dist/: one ES module and one declaration file per source file, and the
 * door for isolates as one minified file.
 *
 * Comments stay in the declarations, where editors show them; the modules go without, and are
 * otherwise as they were written.
 *
 * @module
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bundleEdge } from "./bundle.mjs";
import { loadTypescript, ROOT } from "./runtimes.mjs";

/** @typedef {import("typescript").Program} Program */

const DIST = join(ROOT, "dist");
/** The door that is one file: of its modules only the types are shipped. */
const BUNDLED = join(ROOT, "src", "edge", "mod.ts");

const ts = loadTypescript();

/** Builds `dist/edge.js` and its types. */
async function buildEdge() {
  const { bytes } = await bundleEdge();
  writeFileSync(join(DIST, "edge.js"), bytes);
  writeFileSync(join(DIST, "edge.d.ts"), 'export * from "./src/edge/mod.js";\n');
}

/** @returns {boolean} whether all was compiled */
function compile() {
  const path = join(ROOT, "tsconfig.build.json");
  const parsed = ts.getParsedCommandLineOfConfigFile(path, {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (problem) => report([problem]),
  });
  if (parsed === undefined) return false;
  const { fileNames, options } = parsed;
  const declared = ts.createProgram(fileNames, { ...options, emitDeclarationOnly: true });
  const problems = [...parsed.errors, ...ts.getPreEmitDiagnostics(declared)];
  const modules = ts.createProgram(
    fileNames.filter((name) => join(name) !== BUNDLED),
    { ...options, declaration: false, isolatedDeclarations: false, removeComments: true },
    undefined,
    declared,
  );
  for (const program of [declared, modules]) problems.push(...program.emit().diagnostics);
  report(problems);
  return problems.length === 0;
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

rmSync(DIST, { recursive: true, force: true });
if (compile()) await buildEdge();
else process.exitCode = 1;
