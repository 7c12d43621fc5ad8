/**
 * Makes one file of a program as small as its promises allow: without the members that it does not
 * use, with short names for what only it knows, and minified twice.
 *
 * @module
 */
import { build } from "esbuild";
import { loadTerser } from "../runtimes.mjs";
import { withoutUnusedMembers } from "./unused_members.mjs";

const { minify } = loadTerser();

/**
 * @typedef {object} Names
 * @property {ReadonlySet<string>} internal of properties that nobody else can know
 * @property {readonly string[]} [uncalled] of methods that others know, and call only when asked to
 */

/**
 * @param {string} code one ES module, whole and not minified
 * @param {Names} names
 * @returns {Promise<string>}
 */
export async function shrink(code, { internal, uncalled = [] }) {
  const removable = new Set([...internal, ...uncalled]);
  const { outputFiles: [file] } = await build({
    stdin: { contents: withoutUnusedMembers(code, removable), loader: "js" },
    bundle: true, // leaves out what only the members used
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mangleProps: new RegExp(`^(?:${[...internal].join("|")})$`),
    legalComments: "none",
    logLevel: "error",
    write: false,
  });
  const { code: small } = await minify(file?.text ?? "", {
    module: true,
    ecma: 2020,
    // No function of ours is called with `new`: classes are.
    compress: { passes: 3, keep_fargs: false, lhs_constants: false, unsafe_arrows: true },
    format: { comments: false },
  });
  if (small === undefined) throw new Error("Nothing was minified");
  return small;
}
