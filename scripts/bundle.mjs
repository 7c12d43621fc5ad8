/**
 * Bundles a program or a door into one ES module, as a platform of isolates wants it; the door for
 * isolates is made as small as it can be without changing what it does.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./runtimes.mjs";

/**
 * What only a leader calls of its tables, and a run does not lead: telemetry, to which a run gives
 * its tables, calls a method only when the run does.
 */
const LEADING = ["assign", "lead", "readLeader", "resign", "writeShardCache"];

const EDGE = join(ROOT, "src", "edge", "mod.ts");

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
    ...(platform === "neutral" && { mainFields: ["module", "main"], conditions: ["module"] }),
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

/** @type {Promise<Bundle> | undefined} */
let edge;

/** @returns {Promise<Bundle>} the door for isolates, as npm gets it; made once in a process */
export function bundleEdge() {
  edge ??= makeEdge();
  return edge;
}

/** @returns {Promise<Bundle>} */
async function makeEdge() {
  const { version, license } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const banner = `/*! kinsumer ${version}, ${license}. */`;
  // What shrinks needs the toolchain, without which the other bundles do.
  const { findInternalNames } = await import("./shrink/internal_names.mjs");
  const { shrink } = await import("./shrink/shrink.mjs");
  const { bytes, inputs } = await bundle({
    code: 'export * from "./src/edge/mod.ts";',
    isMinified: false,
  });
  const internal = findInternalNames({
    folder: join(ROOT, "src"),
    // Telemetry is brought by the whole library, whose names are long.
    doors: [EDGE, join(ROOT, "src", "telemetry", "run_telemetry.ts")],
    config: join(ROOT, "tsconfig.core.json"),
    bundled: new Set([...inputs.keys()].map((path) => resolve(path))),
  });
  const code = await shrink(new TextDecoder().decode(bytes), { internal, uncalled: LEADING });
  return { bytes: new TextEncoder().encode(`${banner}\n${code}\n`), inputs };
}
