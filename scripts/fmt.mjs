/**
 * Formats the code: `npm run fmt`.
 *
 * @module
 */
import process from "node:process";
import { runChild } from "./child.mjs";
import { denoPath, ROOT } from "./runtimes.mjs";

const { code } = await runChild(denoPath(), ["fmt", ...process.argv.slice(2)], { cwd: ROOT });
process.exitCode = code;
