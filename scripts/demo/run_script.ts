/**
 * Runs a script of this checkout as a process, on the runtime that runs the test.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable } from "node:stream";
import { currentRuntime, ROOT, scriptArgs } from "../runtimes.mjs";

/** How a script ended. */
export interface ScriptEnd {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A script that runs. */
export interface RunningScript {
  readonly ended: Promise<ScriptEnd>;
  /** Resolves when what it printed on stdout matches; rejects when it ends first. */
  printed(pattern: RegExp): Promise<string>;
  /** Sends a signal. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
}

/** @param path relative to the checkout */
export function runScript(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningScript {
  // Node's test runner must not be inherited.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [...scriptArgs(currentRuntime(), path), ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child);
  const ended = new Promise<ScriptEnd>((resolve) => {
    child.once("close", (code) => resolve({ code, ...output }));
  });
  return {
    ended,
    // Not by child.kill(): Deno then tells of the signal, and no more of the exit code.
    signal: (name) => void (child.pid !== undefined && process.kill(child.pid, name)),
    printed: async (pattern) => {
      const matching = new Promise<string>((resolve) => {
        const look = () => pattern.test(output.stdout) && resolve(output.stdout);
        child.stdout.on("data", look);
        look();
      });
      const failing = ended.then(({ stderr }) => {
        if (pattern.test(output.stdout)) return output.stdout;
        throw new Error(`"${path}" ended without ${pattern}: ${stderr}`);
      });
      return await Promise.race([matching, failing]);
    },
  };
}

function collect(child: ChildProcessByStdio<null, Readable, Readable>) {
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8");
    child[name].on("data", (text: string) => output[name] += text);
  }
  return output;
}
