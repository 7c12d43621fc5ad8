/**
 * Builds what npm ships: one ES module and one declaration file per source file, in dist/.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runChild } from "./child.mjs";
import { ROOT, toolPath } from "./runtimes.mjs";

rmSync(join(ROOT, "dist"), { recursive: true, force: true });
const tsc = toolPath("typescript", "bin/tsc");
const { code } = await runChild(process.execPath, [tsc, "-p", "tsconfig.build.json"], {
  cwd: ROOT,
});
process.exitCode = code;
