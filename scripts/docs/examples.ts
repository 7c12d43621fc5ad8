/**
 * Runs an example of the documents as its reader would: as a program of its own, on the runtime that
 * runs this. Only the names of the imported packages are rewritten to files of the checkout.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { currentRuntime, ROOT, scriptArgs } from "../runtimes.mjs";

/** A program that runs. */
export interface RunningExample {
  /** What it has printed so far. */
  readonly output: () => string;
  /** Sends it a signal. */
  readonly kill: (signal: "SIGTERM" | "SIGKILL") => void;
  /** Its exit code; `null` when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/**
 * Starts an example.
 *
 * @param code the example
 * @param options.modules the file of each package that it imports, relative to the checkout
 * @param options.env added to the environment
 * @param options.files what stands beside it, by name
 */
export function startExample(code: string, options: {
  readonly modules: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}): RunningExample {
  // Inside of the checkout, so that every runtime finds its configuration and the packages.
  mkdirSync(join(ROOT, ".tmp"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".tmp", "example-"));
  const path = join(folder, "example.ts");
  writeFileSync(path, withModules(code, options.modules));
  for (const [name, text] of Object.entries(options.files ?? {})) {
    writeFileSync(join(folder, name), text);
  }
  const child = spawn(process.execPath, scriptArgs(currentRuntime(), path), {
    cwd: ROOT,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => output += chunk);
  }
  const ended = endOf(child).finally(() => rmSync(folder, { recursive: true, force: true }));
  // Past `child.kill()`: after it, Deno reports any end as one by that signal.
  const kill = (signal: "SIGTERM" | "SIGKILL"): void => {
    try {
      const isRunning = child.exitCode === null && child.signalCode === null;
      if (isRunning && child.pid !== undefined) process.kill(child.pid, signal);
    } catch {
      // It has just ended by itself.
    }
  };
  return { output: () => output, kill, ended };
}

function withModules(code: string, modules: Readonly<Record<string, string>>): string {
  return code.replace(/ from "([^".][^"]*)"/g, (whole, name: string) => {
    if (name.startsWith("node:")) return whole;
    const file = modules[name];
    if (file === undefined) throw new Error(`The example imports "${name}", which is not here`);
    return ` from ${JSON.stringify(pathToFileURL(join(ROOT, file)).href)}`;
  });
}

/** The runner of this very test marks its children, and a child would report to it. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  return { ...inherited, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code));
  });
}
