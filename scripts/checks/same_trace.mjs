/**
 * Checks that a simulated seed gives one and the same trace on Node, Deno and Bun.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { bunPath, denoPath, ROOT, scriptArgs } from "../runtimes.mjs";

const SEEDS = 100;
const TIMEOUT_MS = 240_000;
const run = promisify(execFile);

/**
 * @param {import("../runtimes.mjs").RuntimeName} runtime
 * @param {string} program
 * @returns {Promise<string>} the hash of all traces
 */
async function hashOn(runtime, program) {
  const script = join(ROOT, "scripts/simulate/main.ts");
  const args = [...scriptArgs(runtime, script), "--json", "--seeds", String(SEEDS)];
  const { stdout } = await run(program, args, { cwd: ROOT, timeout: TIMEOUT_MS });
  const { hash, seeds, violations } = JSON.parse(stdout);
  if (seeds !== SEEDS || violations !== 0) throw new Error(`${runtime}: ${stdout.trim()}`);
  return hash;
}

const hashes = {
  node: await hashOn("node", process.execPath),
  deno: await hashOn("deno", denoPath()),
  bun: await hashOn("bun", bunPath()),
};
process.stdout.write(`${SEEDS} seeds: ${JSON.stringify(hashes)}\n`);
process.exitCode = new Set(Object.values(hashes)).size === 1 ? 0 : 1;
