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
 * @param {string} code one ES module, whole and not minified
 * @param {ReadonlySet<string>} internal the names of properties that nobody else can know
 * @returns {Promise<string>}
 */
export async function shrink(code, internal) {
  const { outputFiles: [file] } = await build({
    stdin: { contents: withoutUnusedMembers(code, internal), loader: "js" },
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
    compress: { passes: 3, keep_fargs: false },
    format: { comments: false },
  });
  if (small === undefined) throw new Error("Nothing was minified");
  return small;
}
