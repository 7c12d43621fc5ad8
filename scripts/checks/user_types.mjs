/**
 * Checks the package's types as its users' compilers do, libraries included (`skipLibCheck: false`):
 * as Node resolves modules and as bundlers do, beside the types of browsers or of Node.
 *
 * @module
 */
import { join } from "node:path";
import { loadTypescript, ROOT } from "../runtimes.mjs";

const ts = loadTypescript();
const { ModuleKind, ModuleResolutionKind } = ts;

const NODENEXT = { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext };
const BUNDLER = { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler };
const BROWSER = {
  lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"],
  types: [],
};
const NODE = {
  lib: ["lib.es2023.d.ts"],
  types: ["node"],
  typeRoots: [join(ROOT, "node_modules", "@types")],
};

/** @type {Readonly<Record<string, import("typescript").CompilerOptions>>} */
const USERS = {
  "nodenext, types of browsers": { ...NODENEXT, ...BROWSER },
  "bundler, types of browsers": { ...BUNDLER, ...BROWSER },
  "nodenext, types of Node": { ...NODENEXT, ...NODE },
};

/**
 * @param {string} folder where the package is installed
 * @param {string} name a program in it
 * @returns {string[]} what a compiler would refuse, one for each kind of user
 */
export function findTypeProblems(folder, name) {
  return Object.entries(USERS).flatMap(([user, options]) => {
    const strict = {
      ...options,
      target: ts.ScriptTarget.ES2022,
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      // The language's own declarations are not ours to check.
      skipDefaultLibCheck: true,
    };
    const program = ts.createProgram([join(folder, name)], strict, quickHost(strict));
    const found = ts.getPreEmitDiagnostics(program);
    if (found.length === 0) return [];
    const host = {
      getCanonicalFileName: (/** @type {string} */ path) => path,
      getCurrentDirectory: () => folder,
      getNewLine: () => "\n",
    };
    return [`has wrong types (${user}):\n${ts.formatDiagnostics(found, host)}`];
  });
}

/** @type {Map<string, import("typescript").SourceFile | undefined>} */
const parsed = new Map();

/**
 * Parses the declarations of the language once for all.
 *
 * @param {import("typescript").CompilerOptions} options
 */
function quickHost(options) {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  /** @type {typeof getSourceFile} */
  const remember = (path, ...others) => {
    if (!/\/lib\.[\w.]+\.d\.ts$/.test(path)) return getSourceFile.call(host, path, ...others);
    if (!parsed.has(path)) parsed.set(path, getSourceFile.call(host, path, ...others));
    return parsed.get(path);
  };
  return { ...host, getSourceFile: remember };
}
