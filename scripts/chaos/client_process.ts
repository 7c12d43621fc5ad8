/**
 * Starts, freezes, kills and stops the clients of the chaos run, each a process of its own on one of
 * the runtimes.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ROOT, type RuntimeName, runtimePath, scriptArgs } from "../runtimes.mjs";
import { type ClientSettings, STOP_DEADLINE_MS } from "./client_settings.ts";

const PROGRAM = fileURLToPath(new URL("client.ts", import.meta.url));
/** How much later than its deadline a stopped client's process may end: it is a busy machine. */
const STOP_PATIENCE_MS = 2_500;
const MAX_ERROR_LENGTH = 2_000;

/** How a client stands. */
export type ClientState = "running" | "stopping" | "stopped" | "hung" | "killed" | "crashed";

/** One client. */
export class ClientProcess {
  readonly name: string;
  readonly clientId: string;
  readonly runtime: RuntimeName;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  /** A fault is about this client alone: it is left in peace otherwise. */
  isVictim = false;
  readonly #child: ChildProcessByStdio<Writable, null, Readable>;
  #state: ClientState = "running";
  #errorText = "";

  constructor(runtime: RuntimeName, settings: ClientSettings) {
    this.runtime = runtime;
    this.name = settings.name;
    this.clientId = settings.clientId;
    const args = [...scriptArgs(runtime, PROGRAM), JSON.stringify(settings)];
    this.#child = spawn(runtimePath(runtime), args, {
      cwd: ROOT,
      env: environment(),
      stdio: ["pipe", "ignore", "pipe"],
    });
    this.#child.stdin.on("error", () => {}); // it is gone, which "ended" tells
    this.#child.stderr.on("data", (chunk: Uint8Array) => {
      const text = this.#errorText + new TextDecoder().decode(chunk);
      this.#errorText = text.slice(-MAX_ERROR_LENGTH);
    });
    this.ended = new Promise((resolve) => {
      const end = (code: number | null): void => {
        if (this.#state === "stopping" && code === 0) this.#state = "stopped";
        else if (this.isAlive) this.#state = "crashed";
        resolve();
      };
      this.#child.once("error", (error) => {
        this.#errorText += error.message;
        end(1);
      });
      this.#child.once("exit", end);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Whether it takes part: started, and not told to end. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  get isAlive(): boolean {
    return this.#state === "running" || this.#state === "stopping";
  }

  /** What it said on stderr. */
  get errorText(): string {
    return this.#errorText.trim();
  }

  /**
   * Stops it cleanly, as a deploy does; resolves when the process is gone.
   *
   * @returns how long it took: milliseconds
   */
  async stop(): Promise<number> {
    const startMs = performance.now();
    if (this.#state === "running") {
      this.#state = "stopping";
      this.#send("SIGTERM");
    }
    const timer = setTimeout(() => {
      this.#state = "hung";
      this.#send("SIGKILL");
    }, STOP_DEADLINE_MS + STOP_PATIENCE_MS);
    await this.ended;
    clearTimeout(timer);
    return performance.now() - startMs;
  }

  /** Kills it without a warning, if it is there; `ended` tells when it is gone. */
  kill(): void {
    if (!this.isAlive) return;
    this.#state = "killed";
    this.#send("SIGKILL");
  }

  /** Freezes it: it does nothing, and nobody tells it. */
  freeze(): void {
    this.#send("SIGSTOP");
  }

  thaw(): void {
    this.#send("SIGCONT");
  }

  /** Not by `child.kill()`: Deno then tells of the signal, and no more of the exit code. */
  #send(signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    try {
      if (this.#child.pid !== undefined) process.kill(this.#child.pid, signal);
    } catch {
      // It is gone, which "ended" tells.
    }
  }
}

/** Ours, but for what Node's test runner tells its own children. */
export function environment(): Record<string, string | undefined> {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  return inherited;
}
