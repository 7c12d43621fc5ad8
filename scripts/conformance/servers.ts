/**
 * Starts the servers that are probed, each in a process of its own: some questions end it.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { startKinesisMock } from "../../testing/backends/kinesis_mock.ts";
import { currentRuntime, ROOT, scriptArgs } from "../runtimes.mjs";

/** A server that runs. */
export interface RunningServer {
  readonly endpoint: string;
  /** Whether its process has ended by itself. */
  readonly hasDied: () => boolean;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

/** kinesalite or dynalite. */
export async function startEmbedded(service: "kinesis" | "dynamodb"): Promise<RunningServer> {
  const program = join(ROOT, "scripts", "local_servers.ts");
  const args = [...scriptArgs(currentRuntime(), program), "--kinesis-port", "0"];
  const child = start([...args, "--dynamodb-port", "0"]);
  const variable = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  const endpoint = await untilPrinted(child, new RegExp(`${variable}=(\\S+)`));
  return asServer(child, endpoint);
}

/** kinesis-mock. */
export async function startMock(): Promise<RunningServer> {
  return { ...await startKinesisMock(), hasDied: () => false };
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function asServer(child: ChildProcess, endpoint: string): RunningServer {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    endpoint,
    hasDied: hasEnded,
    stop: async () => {
      child.kill("SIGKILL");
      if (!hasEnded()) await ended;
    },
  };
}

function untilPrinted(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const late = setTimeout(() => {
      reject(new Error(`A server did not say ${pattern} in time: ${output}`));
      child.kill("SIGKILL");
    }, START_TIMEOUT_MS);
    child.once("exit", (code) => reject(new Error(`A server ended with ${code}: ${output}`)));
    child.stdout?.on("data", (chunk: unknown) => {
      output += String(chunk);
      const found = pattern.exec(output)?.[1];
      if (found === undefined) return;
      clearTimeout(late);
      resolve(found);
    });
  });
}
