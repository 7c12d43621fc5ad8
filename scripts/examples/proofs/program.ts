/**
 * A process that a proof starts: what it prints, and how it ends.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { eventually } from "../../../testing/collect.ts";

/** How long a program may take to print what is expected of it. */
const PATIENCE_MS = 120_000;
/** How long it may take to end when it is told to, before it is killed. */
const GRACE_MS = 10_000;

/** What to start. */
export interface ProgramOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

const RUNNING = new Set<Program>();
process.once("exit", () => RUNNING.forEach((program) => program.leave()));

/** A running process. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #output = "";

  constructor({ command: [file, ...args], cwd, env }: ProgramOptions) {
    this.#name = args.at(-1) ?? file;
    // It leads a process group of its own, so that its end is the end of those that it starts.
    const child = spawn(file, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
    this.#child = child;
    RUNNING.add(this);
    child.once("close", () => RUNNING.delete(this));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => this.#output += chunk);
    }
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    child.stdin.on("error", () => {}); // it has ended, which its exit code tells
  }

  /** Everything that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** How often it has printed this. */
  count(pattern: RegExp): number {
    return [...this.#output.matchAll(pattern)].length;
  }

  /** Waits until it has printed this, and returns what the groups hold. */
  async printed(pattern: RegExp): Promise<readonly string[]> {
    await this.until(`prints ${pattern}`, () => pattern.test(this.#output));
    return pattern.exec(this.#output) ?? [];
  }

  /** Waits for something that comes of it; fails at once when it ends before. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    let end: string | undefined;
    void this.#ended.then((how) => end = how);
    await eventually(what, async () => await condition() || end !== undefined, PATIENCE_MS)
      .catch((error) => this.#fail(String(error)));
    if (!await condition()) this.#fail(`it ended (${end}) before it ${what}`);
  }

  /** Sends a line to its stdin. */
  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Sends a signal, and waits for the end; any other end than exit code 0 is a failure. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.#child.kill(signal);
    await this.success();
  }

  /** Waits for its end, which must be exit code 0. */
  async success(patienceMs: number = PATIENCE_MS): Promise<void> {
    const how = await Promise.race([this.#ended, after(patienceMs, "no end at all")]);
    if (how !== "exit code 0") this.#fail(`it ended with ${how}`);
  }

  /** Waits for its end, which must be a failure. */
  async failure(): Promise<void> {
    const how = await Promise.race([this.#ended, after(PATIENCE_MS, "no end at all")]);
    if (!/^exit code [1-9]/.test(how)) this.#fail(`it ended with ${how}`);
  }

  /** Tells it to end, and waits for nothing. */
  leave(): void {
    this.#signal("SIGTERM");
  }

  /** Ends it, and what it has started, where they have not ended by themselves. */
  async kill(): Promise<void> {
    this.leave();
    await Promise.race([this.#ended, after(GRACE_MS, "")]);
    this.#signal("SIGKILL");
    await this.#ended;
  }

  /** Sends a signal to it and to all that it has started. */
  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // They are gone.
    }
  }

  #fail(why: string): never {
    throw new Error(`${this.#name}: ${why}\n${this.#output.trimEnd().replace(/^/gm, "  | ")}`);
  }
}

function after<Value>(ms: number, value: Value): Promise<Value> {
  return new Promise((resolve) => setTimeout(resolve, ms, value).unref());
}
