/**
 * Starts and ends the demo's clients, each a process of its own on the runtime that runs the demo.
 *
 * @module
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { currentRuntime, ROOT, scriptArgs } from "../runtimes.mjs";
import type { ClientSettings } from "./client_settings.ts";

const PROGRAM = fileURLToPath(new URL("client.ts", import.meta.url));
/** After this long without an end, a client that was told to stop is killed. */
const STOP_TIMEOUT_MS = 10_000;
const MAX_ERROR_LENGTH = 2_000;

/** How a client stands. */
export type ClientState = "running" | "stopping" | "stopped" | "killed" | "crashed";

/** One client. */
export class ClientProcess {
  readonly name: string;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, null, Readable>;
  #state: ClientState = "running";
  #errorText = "";

  constructor(settings: ClientSettings) {
    this.name = settings.name;
    const args = [...scriptArgs(currentRuntime(), PROGRAM), JSON.stringify(settings)];
    // "--import tsx" is found from the checkout only.
    const options = { cwd: ROOT, env: environment() };
    this.#child = spawn(process.execPath, args, { ...options, stdio: ["pipe", "ignore", "pipe"] });
    this.#child.stdin.on("error", () => {}); // it is gone, which "ended" tells
    this.#child.stderr.on("data", (chunk: Uint8Array) => {
      const text = this.#errorText + new TextDecoder().decode(chunk);
      this.#errorText = text.slice(-MAX_ERROR_LENGTH);
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#errorText += error.message;
        this.#state = "crashed";
        resolve();
      });
      this.#child.once("exit", (code) => {
        if (this.#state === "stopping" && code === 0) this.#state = "stopped";
        else if (this.#state !== "killed") this.#state = "crashed";
        resolve();
      });
    });
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Whether it takes part: started, and not told to end. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** What it said on stderr. */
  get errorText(): string {
    return this.#errorText.trim();
  }

  /** Stops it cleanly, as a deploy does; resolves when the process is gone. */
  async stop(): Promise<void> {
    if (this.#state === "running") {
      this.#state = "stopping";
      // On Windows a SIGTERM is a kill.
      if (process.platform === "win32") this.#child.stdin.end();
      else this.#send("SIGTERM");
    }
    const timer = setTimeout(() => this.#send("SIGKILL"), STOP_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** Kills it without a warning; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.killNow();
    await this.ended;
  }

  /** Kills it, if it is there, and waits for nothing. */
  killNow(): void {
    if (this.#state !== "running" && this.#state !== "stopping") return;
    this.#state = "killed";
    this.#send("SIGKILL");
  }

  /** Not by `child.kill()`: Deno then tells of the signal, and no more of the exit code. */
  #send(signal: "SIGTERM" | "SIGKILL"): void {
    try {
      if (this.#child.pid !== undefined) process.kill(this.#child.pid, signal);
    } catch {
      // It is gone, which "ended" tells.
    }
  }
}

function environment(): Record<string, string | undefined> {
  // A test that runs the demo may itself run in Node's test runner.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  return inherited;
}
