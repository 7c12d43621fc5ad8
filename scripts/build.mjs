/**
 * Builds what npm ships, in dist/: one ES module and one declaration file per source file, and the
 * door for isolates as one minified file.
 *
 * @module
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bundleEdge } from "./bundle.mjs";
import { runChild } from "./child.mjs";
import { ROOT, toolPath } from "./runtimes.mjs";

const DIST = join(ROOT, "dist");

/** Builds `dist/edge.js` and its types. */
async function buildEdge() {
  const { bytes } = await bundleEdge();
  writeFileSync(join(DIST, "edge.js"), bytes);
  writeFileSync(join(DIST, "edge.d.ts"), 'export * from "./src/edge/mod.js";\n');
}

rmSync(DIST, { recursive: true, force: true });
const tsc = toolPath("typescript", "bin/tsc");
const { code } = await runChild(process.execPath, [tsc, "-p", "tsconfig.build.json"], {
  cwd: ROOT,
});
if (code === 0) await buildEdge();
process.exitCode = code;
