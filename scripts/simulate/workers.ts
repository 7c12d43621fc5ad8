/**
 * Runs workers over a range of seeds, as many at once as there are cores.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { ViolatedSeed, WorkerLine } from "./protocol.ts";

/** Seeds that a worker gets at once. */
const CHUNK = 250;

/** What {@linkcode runWorker} says of a worker that took too long begins like this. */
export const OUT_OF_TIME = "ended with SIGKILL";

/** What all workers found. */
export interface WorkersResult {
  readonly seeds: number;
  readonly violated: readonly ViolatedSeed[];
  /** The same for the same seeds, on every runtime and however they were shared out. */
  readonly hash: string;
  /** Workers that ended by themselves or took too long. */
  readonly broken: readonly string[];
}

/** Plays the seeds `from` to `to` (excluded). */
export async function runWorkers(options: {
  readonly from: number;
  readonly to: number;
  readonly workers?: number;
  /** Is told of each at once. */
  readonly onViolated: (violated: ViolatedSeed) => void;
  readonly onProgress: (facts: { readonly seeds: number; readonly violated: number }) => void;
}): Promise<WorkersResult> {
  const violated: ViolatedSeed[] = [];
  const broken: string[] = [];
  let next = options.from;
  let seeds = 0;
  let hash = 0;
  const onLine = (line: WorkerLine): void => {
    if (line.type === "violated") {
      const { seed, hasHandlers, violations } = line;
      violated.push({ seed, hasHandlers, violations });
      options.onViolated({ seed, hasHandlers, violations });
    } else if (line.type === "played") seeds += line.count;
    else hash ^= line.hash;
    options.onProgress({ seeds, violated: violated.length });
  };
  const work = async (): Promise<void> => {
    while (next < options.to) {
      const from = next;
      next = Math.min(next + CHUNK, options.to);
      const problem = await runWorker({ from, to: next, onLine });
      if (problem !== undefined) broken.push(`seeds ${from} to ${next}: ${problem}`);
    }
  };
  const count = options.workers ?? availableParallelism();
  await Promise.all(Array.from({ length: count }, work));
  violated.sort((a, b) => a.seed - b.seed);
  return { seeds, violated, broken, hash: (hash >>> 0).toString(16).padStart(8, "0") };
}

/** Runs one worker; resolves with what went wrong, if anything did. */
export function runWorker(options: {
  readonly from: number;
  readonly to: number;
  readonly stopAtFirst?: boolean;
  /** Where the sources lie that are played. @default these */
  readonly root?: string;
  readonly timeoutMs?: number;
  readonly onLine: (line: WorkerLine) => void;
}): Promise<string | undefined> {
  const { from, to, stopAtFirst, root, timeoutMs = 600_000, onLine } = options;
  const script = root === undefined
    ? fileURLToPath(new URL("./worker.ts", import.meta.url))
    : `${root}/scripts/simulate/worker.ts`;
  const runtimeArguments = "Deno" in globalThis ? ["run", "-A"] : process.execArgv;
  const args = [...runtimeArguments, script, "--from", String(from), "--to", String(to)];
  if (stopAtFirst) args.push("--stop-at-first");
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    let rest = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(JSON.parse(line) as WorkerLine);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      errors = (errors + chunk).slice(-2_000);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve(code === 0 ? undefined : `ended with ${signal ?? code} ${errors}`.trim());
    });
  });
}
