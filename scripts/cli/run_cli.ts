/**
 * Runs the `kinsumer` command as a process, in a pipe or in a pseudo-terminal, on the runtime that
 * runs the test.
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { currentRuntime, ROOT, scriptArgs } from "../runtimes.mjs";

const PROGRAM = "src/cli/bin.ts";

/** How a command ended. */
export interface CliEnd {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCli {
  readonly ended: Promise<CliEnd>;
  /** Resolves when what it printed on stdout matches; rejects when it ends first. */
  printed(pattern: RegExp): Promise<string>;
  /** What it printed on stdout until now. */
  output(): string;
  /** Types, or writes into the pipe. */
  type(text: string): void;
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
  /** Stops reading what it prints, as `| head` does. */
  closeOutput(): void;
}

/** How to run it. */
export interface CliOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What stdin has; absent: nothing. */
  readonly input?: string | undefined;
}

/** Nothing of the machine's own set-up may reach a test. */
const HIDDEN = [
  "NODE_TEST_CONTEXT",
  "NO_COLOR",
  "FORCE_COLOR",
  "AWS_PROFILE",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ENDPOINT_URL",
  "KINSUMER_KINESIS_ENDPOINT",
  "KINSUMER_DYNAMODB_ENDPOINT",
];

const running = new Map<ChildProcess, Promise<CliEnd>>();

/** Ends what still runs, as after a test whose time was up. */
export async function endCommands(): Promise<void> {
  const open = [...running];
  for (const [{ pid }] of open) if (pid !== undefined) process.kill(pid, "SIGKILL");
  await Promise.all(open.map(([, ended]) => ended));
}

/** Runs it with its output in a pipe. */
export function runCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const command = [process.execPath, ...scriptArgs(currentRuntime(), PROGRAM), ...args];
  return start(command, { ...options, input: options.input ?? "" });
}

/** Runs it in a terminal of this size; stdout and stderr are one there. */
export function runInTerminal(
  args: readonly string[],
  { columns, rows, ...options }: CliOptions & { readonly columns: number; readonly rows: number },
): RunningCli {
  const command = [process.execPath, ...scriptArgs(currentRuntime(), PROGRAM), ...args];
  const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const line = `stty cols ${columns} rows ${rows}; exec ${words}`;
  return start(["script", "-qefc", line, "/dev/null"], {
    ...options,
    env: { TERM: "xterm-256color", ...options.env },
  });
}

/** Why there is no pseudo-terminal here; `false` where there is one. */
export function lacksTerminal(): string | false {
  const { stdout } = spawnSync("script", ["--version"], { encoding: "utf8" });
  return stdout?.includes("util-linux")
    ? false
    : 'the program "script" of util-linux is not installed: NOT TESTED in a terminal';
}

function start(command: readonly string[], { env = {}, input }: CliOptions): RunningCli {
  const [program = "", ...args] = command;
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !HIDDEN.includes(name)),
  );
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...inherited, DENO_NO_UPDATE_CHECK: "1", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8");
    child[name].on("data", (text: string) => output[name] += text);
  }
  child.stdin.on("error", () => {}); // it ended before it read all
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise<CliEnd>((resolve) => {
    child.once("close", (code) => {
      running.delete(child);
      resolve({ code, ...output });
    });
  });
  running.set(child, ended);
  return {
    ended,
    output: () => output.stdout,
    type: (text) => void child.stdin.write(text),
    // Not by child.kill(): Deno then tells of the signal, and no more of the exit code.
    signal: (name) => void (child.pid !== undefined && process.kill(child.pid, name)),
    closeOutput: () => child.stdout.destroy(),
    printed: async (pattern) => {
      const matching = new Promise<string>((resolve) => {
        const look = () => pattern.test(output.stdout) && resolve(output.stdout);
        child.stdout.on("data", look);
        look();
      });
      const failing = ended.then(({ code, stderr, stdout }) => {
        if (pattern.test(stdout)) return stdout;
        throw new Error(`ended (${code}) without ${pattern}: ${stdout}${stderr}`);
      });
      return await Promise.race([matching, failing]);
    },
  };
}
