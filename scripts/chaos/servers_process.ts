/**
 * Starts and ends the process of the local servers.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { currentRuntime, ROOT, scriptArgs } from "../runtimes.mjs";
import { environment } from "../demo/client_process.ts";

const PROGRAM = fileURLToPath(new URL("servers.ts", import.meta.url));

/** The servers, and what a client needs to reach them. */
export interface ServersProcess {
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly region: string;
  /** Rejects when the process ends before it is stopped. */
  readonly failed: Promise<never>;
  /** Remembers whom to kill when this process dies while the client is frozen. */
  guard(pid: number, isFrozen: boolean): void;
  stop(): Promise<void>;
}

/** Starts the servers. */
export async function startServersProcess(): Promise<ServersProcess> {
  const child = spawn(process.execPath, scriptArgs(currentRuntime(), PROGRAM), {
    cwd: ROOT,
    env: environment(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => {}); // it is gone, which "exit" tells
  let isStopping = false;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const failed = ended.then((): Promise<never> => {
    if (isStopping) return new Promise(() => {});
    throw new Error("The local servers ended by themselves");
  });
  failed.catch(() => {}); // whoever waits is told
  const lines = createInterface({ input: child.stdout });
  const first = new Promise<string>((resolve) => lines.once("line", resolve));
  const facts = JSON.parse(await Promise.race([first, failed])) as Omit<
    ServersProcess,
    "failed" | "guard" | "stop"
  >;
  return {
    ...facts,
    failed,
    guard: (pid, isFrozen) => void child.stdin.write(`${isFrozen ? "frozen" : "thawed"} ${pid}\n`),
    stop: async () => {
      isStopping = true;
      child.stdin.end();
      await ended;
    },
  };
}
