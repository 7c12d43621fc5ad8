/**
 * Puts what a module uses of a package beside it, as a file of ours: the package need not be installed
 * then, and its licence travels with it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundle } from "../bundle.mjs";
import { ROOT } from "../runtimes.mjs";

/**
 * @typedef {object} Embedding
 * @property {string} path of the only module that imports the package
 * @property {string} code that module, compiled
 * @property {string} packageName
 */

/**
 * @param {Embedding} embedding
 * @returns {Promise<Map<string, string>>} by path: that module, which imports the file beside it now;
 *   that file; its licence
 * @throws {Error} when the module does not import names of the package, by one statement
 */
export async function embed({ path, code, packageName }) {
  const parts = code.split(`} from "${packageName}";`);
  const names = /import \{([^{}]*)$/.exec(parts[0] ?? "")?.[1]?.replace(/ as \w+/g, "");
  if (parts.length !== 2 || names === undefined) {
    throw new Error(`${path} does not import names of "${packageName}" by one statement`);
  }
  const folder = join(ROOT, "node_modules", packageName);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const name = packageName.replace(/^@/, "").replaceAll("/", "_");
  const { bytes } = await bundle({
    code: `export {${names}} from "${packageName}";`,
    banner: `/*! Of ${packageName} ${version}, ${license}: see ${name}.LICENSE. */`,
  });
  return new Map([
    [path, parts.join(`} from "./${name}.js";`)],
    [`${dirname(path)}/${name}.js`, new TextDecoder().decode(bytes)],
    [`${dirname(path)}/${name}.LICENSE`, readFileSync(join(folder, "LICENSE"), "utf8")],
  ]);
}
