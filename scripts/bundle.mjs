/**
 * Bundles a program or a door into one ES module, as a platform of isolates wants it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./runtimes.mjs";

/**
 * @typedef {object} Bundle
 * @property {Uint8Array} bytes the file
 * @property {ReadonlyMap<string, number>} inputs how many bytes of it came of which source
 */

/**
 * Bundles what an entry needs, and no more.
 *
 * @param {object} options
 * @param {string} options.code the entry's source, which may import by paths from the checkout
 * @param {string} [options.folder] where packages are looked for: the checkout
 * @param {"neutral" | "node" | "browser"} [options.platform] what the file may rely on: nothing
 * @param {readonly string[]} [options.external] packages that stay outside
 * @param {boolean} [options.isMinified] true
 * @param {string} [options.banner] a comment at the head
 * @param {import("esbuild").Plugin[]} [options.plugins]
 * @returns {Promise<Bundle>}
 */
export async function bundle(options) {
  const { code, folder = ROOT, platform = "neutral", external = [], isMinified = true } = options;
  const { banner, plugins = [] } = options;
  const { metafile, outputFiles: [file] } = await build({
    stdin: { contents: code, resolveDir: folder, loader: "ts" },
    bundle: true,
    minify: isMinified,
    format: "esm",
    target: "es2022",
    platform,
    ...(platform === "neutral" && { mainFields: ["module", "main"] }),
    external: [...external],
    ...(banner !== undefined && { banner: { js: banner } }),
    plugins,
    legalComments: "none",
    logLevel: "error",
    write: false,
    metafile: true,
  });
  if (file === undefined) throw new Error("Nothing was bundled");
  const inputs = Object.values(metafile.outputs)[0]?.inputs ?? {};
  return {
    bytes: file.contents,
    inputs: new Map(
      Object.entries(inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
    ),
  };
}

/** @returns {Promise<Bundle>} the door for isolates, as npm gets it */
export async function bundleEdge() {
  const { version, license } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return await bundle({
    code: 'export * from "./src/edge/mod.ts";',
    banner:
      `/*! kinsumer ${version}, ${license}. Contains aws4fetch, (c) 2018 Michael Hart, MIT. */`,
  });
}
