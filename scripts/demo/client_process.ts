/**
 * Starts, freezes, stops and kills clients, each a process of its own: the demo's, on the runtime
 * that runs the demo, and the chaos run's, on all of them.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { currentRuntime, ROOT, type RuntimeName, runtimePath, scriptArgs } from "../runtimes.mjs";
import type { ClientSettings } from "./client_settings.ts";

const MAX_ERROR_LENGTH = 2_000;

/** How a client stands. */
export type ClientState = "running" | "stopping" | "stopped" | "hung" | "killed" | "crashed";

/** How a client is started. */
export interface ClientProgram {
  readonly runtime: RuntimeName;
  /** The path of its script. */
  readonly path: string;
  readonly settings: ClientSettings;
  /** After this long without an end, a client that was told to stop is killed: milliseconds. */
  readonly stopTimeoutMs: number;
}

/** One client. */
export class ClientProcess {
  readonly name: string;
  readonly runtime: RuntimeName;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, null, Readable>;
  readonly #stopTimeoutMs: number;
  #state: ClientState = "running";
  #errorText = "";

  constructor({ path, runtime, settings, stopTimeoutMs }: ClientProgram) {
    this.name = settings.name;
    this.runtime = runtime;
    this.#stopTimeoutMs = stopTimeoutMs;
    const program = runtime === currentRuntime() ? process.execPath : runtimePath(runtime);
    const args = [...scriptArgs(runtime, path), JSON.stringify(settings)];
    // "--import tsx" is found from the checkout only.
    const options = { cwd: ROOT, env: environment() };
    this.#child = spawn(program, args, { ...options, stdio: ["pipe", "ignore", "pipe"] });
    this.#child.stdin.on("error", () => {}); // it is gone, which "ended" tells
    this.#child.stderr.on("data", (chunk: Uint8Array) => {
      const text = this.#errorText + new TextDecoder().decode(chunk);
      this.#errorText = text.slice(-MAX_ERROR_LENGTH);
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#errorText += error.message;
        this.#end(1);
        resolve();
      });
      this.#child.once("exit", (code) => {
        this.#end(code);
        resolve();
      });
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
      // On Windows a SIGTERM is a kill.
      if (process.platform === "win32") this.#child.stdin.end();
      else this.#send("SIGTERM");
    }
    const timer = setTimeout(() => {
      if (this.isAlive) this.#state = "hung";
      this.#send("SIGKILL");
    }, this.#stopTimeoutMs);
    await this.ended;
    clearTimeout(timer);
    return performance.now() - startMs;
  }

  /** Kills it without a warning; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.killNow();
    await this.ended;
  }

  /** Kills it, if it is there, and waits for nothing. */
  killNow(): void {
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

  #end(code: number | null): void {
    if (this.#state === "stopping" && code === 0) this.#state = "stopped";
    else if (this.isAlive) this.#state = "crashed";
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
