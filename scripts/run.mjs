/**
 * The door of every task: `npm run demo`, `npm test`, `deno task demo`, `bun run demo` ...
 * Installs what the task needs and no more, then runs it with the rest of the command line.
 *
 * @module
 */
import { join } from "node:path";
import process from "node:process";
import { runChild } from "./child.mjs";
import { BACKENDS, currentRuntime, ROOT, scriptArgs, TOOLCHAIN } from "./runtimes.mjs";
import { install, InstallError } from "./setup.mjs";

/**
 * @typedef {object} Task
 * @property {string} program the script, relative to scripts/
 * @property {boolean} isOnToolchain it needs the other runtimes or the tools
 * @property {boolean} [isOnBackends] it starts every kind of local server
 * @property {boolean} [isWithSizePeers] it needs what the sizes are compared with
 * @property {boolean} [isWithPeers] it needs the peers: to be compared with, or for their types
 */

// From Deno or Bun the suite runs on that runtime alone, which is there already.
const isNode = currentRuntime() === "node";

/** @type {Readonly<Record<string, Task>>} */
const TASKS = {
  demo: { program: "demo/main.ts", isOnToolchain: false },
  servers: { program: "local_servers.ts", isOnToolchain: false },
  noop: { program: "noop_consumer.ts", isOnToolchain: false },
  screenshots: { program: "screenshots/main.ts", isOnToolchain: false },
  trace: { program: "trace/main.ts", isOnToolchain: false },
  "docs:cli": { program: "docs/cli_page.ts", isOnToolchain: false },
  "docs:observability": { program: "docs/observability_page.ts", isOnToolchain: false },
  "docs:reference": { program: "docs/reference.mjs", isOnToolchain: true },
  "docs:states": { program: "docs/state_picture.ts", isOnToolchain: false },
  kinsumer: { program: "../src/cli/bin.ts", isOnToolchain: false },
  simulate: { program: "simulate/main.ts", isOnToolchain: false },
  chaos: { program: "chaos/main.ts", isOnToolchain: isNode },
  interop: { program: "interop/main.ts", isOnToolchain: false },
  sizes: { program: "sizes/main.mjs", isOnToolchain: true, isWithSizePeers: true },
  "cold-start": { program: "sizes/cold_start.ts", isOnToolchain: true, isWithSizePeers: true },
  bench: { program: "bench/main.ts", isOnToolchain: true, isWithPeers: true },
  conformance: { program: "conformance/main.ts", isOnToolchain: false, isOnBackends: true },
  test: { program: "test.mjs", isOnToolchain: isNode, isOnBackends: true },
  containers: { program: "engine/main.ts", isOnToolchain: isNode, isOnBackends: true },
  "local-bench": { program: "engine/times_main.ts", isOnToolchain: false, isOnBackends: true },
  examples: { program: "examples/main.ts", isOnToolchain: true },
  recipes: { program: "recipes/main.mjs", isOnToolchain: true },
  release: { program: "release/main.mjs", isOnToolchain: true },
  check: { program: "check.mjs", isOnToolchain: true, isOnBackends: true, isWithPeers: true },
  build: { program: "build.mjs", isOnToolchain: true },
  fmt: { program: "fmt.mjs", isOnToolchain: true },
};

/** @returns {Promise<number>} the exit code */
async function main() {
  const [name = "", ...args] = process.argv.slice(2);
  const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (task === undefined) {
    process.stderr.write(`Unknown task "${name}": one of ${Object.keys(TASKS).join(", ")}\n`);
    return 2;
  }
  try {
    await install(ROOT);
    if (task.isOnToolchain) await install(TOOLCHAIN);
    if (task.isOnBackends) await install(BACKENDS);
    if (task.isWithSizePeers) await install(join(ROOT, "scripts", "sizes"));
    if (task.isWithPeers) await install(join(ROOT, "scripts", "bench"));
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.code;
  }
  const program = join(ROOT, "scripts", task.program);
  const command = [...scriptArgs(currentRuntime(), program), ...args];
  const end = await runChild(process.execPath, command, { cwd: ROOT });
  return end.code;
}

process.exitCode = await main();
