/**
 * Compiles what the benchmark runs, once, so that every runtime runs the same JavaScript.
 *
 *     node scripts/bench/compile.mjs [folder to write to]
 *
 * @module
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { loadTypescript, ROOT } from "../runtimes.mjs";
import { sourceFiles } from "../suite/files.mjs";

const ts = loadTypescript();
/** What telemetry costs is measured against a copy in which this stands for it. */
const SILENT = "scripts/bench/silent_telemetry.ts";
const TELEMETRY = "src/telemetry/telemetry.ts";
const target = process.argv[2] ?? join(ROOT, ".tmp", "bench");
rmSync(target, { recursive: true, force: true });
const folders = ["src", "testing/simulation", "scripts/bench"];
const paths = ["mod.ts", ...sourceFiles(ROOT, folders)]
  .filter((path) => path.endsWith(".ts") && !path.endsWith("_test.ts"));
const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};
for (const path of paths) {
  const source = readFileSync(join(ROOT, path), "utf8");
  const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: path });
  write(path, outputText);
  if (path === TELEMETRY) continue;
  write(join("silent", path === SILENT ? TELEMETRY : path), outputText);
}

/**
 * @param {string} path of the source
 * @param {string} text
 */
function write(path, text) {
  const file = join(target, path.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
