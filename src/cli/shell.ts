/**
 * Speaks to the terminal or the pipe that the program runs in: what is printed, in which colours,
 * how wide, and whether the user wants it to end.
 *
 * Results go to stdout, everything else to stderr.
 *
 * @module
 */

import process from "node:process";
import { layOut, type Line } from "./spans.ts";

/** What a command sees of the world around the process. */
export interface Shell {
  readonly env: (name: string) => string | undefined;
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean;
  /** Whether what goes to stdout has colours. */
  readonly isColoured: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Aborts at Ctrl-C, SIGTERM or SIGHUP, and when nobody reads stdout any longer. */
  readonly signal: AbortSignal;
  /** Prints a result; resolves when there is room for more. */
  write(text: string | Uint8Array): Promise<void>;
  /** Prints a remark. */
  say(text: string): void;
  /** Shows how long work goes on: in one line of a terminal, nowhere else. `""` takes it away. */
  progress(text: string): void;
}

const DEFAULT_COLUMNS = 100;
const DEFAULT_ROWS = 24;

/** Whether text is coloured: not without a terminal, unless the user says so. */
export function mayColour(
  env: (name: string) => string | undefined,
  isTerminal: boolean,
): boolean {
  const forced = env("FORCE_COLOR");
  if (env("NO_COLOR")) return false;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return isTerminal && env("TERM") !== "dumb";
}

/** Prints a result as one JSON document. */
export function writeJson(shell: Shell, value: unknown): Promise<void> {
  return shell.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** How wide what is printed may be: in a pipe, without end. */
export function columnsOf(shell: Shell): number {
  return shell.isTerminal ? shell.columns : Number.POSITIVE_INFINITY;
}

/** Prints lines, each cut to the terminal's width; in a pipe none is cut. */
export function writeLines(shell: Shell, lines: readonly Line[]): Promise<void> {
  const columns = columnsOf(shell);
  const isColoured = shell.isColoured;
  return shell.write(lines.map((line) => `${layOut(line, { columns, isColoured })}\n`).join(""));
}

/** The shell of this process. */
export function processShell(signal: AbortSignal, onClosed: () => void): Shell {
  const { stdout, stderr } = process;
  const env = (name: string): string | undefined => process.env[name];
  const isTerminal = stdout.isTTY === true;
  const hasProgress = stderr.isTTY === true && env("TERM") !== "dumb";
  let isProgressShown = false;
  stdout.on("error", onClosed); // for example `kinsumer tail | head`
  stderr.on("error", () => {});
  const progress = (text: string): void => {
    if (!hasProgress || (text === "" && !isProgressShown)) return;
    isProgressShown = text !== "";
    stderr.write(`\r\x1b[K${text.slice(0, (stderr.columns || DEFAULT_COLUMNS) - 1)}`);
  };
  return {
    env,
    signal,
    isTerminal,
    isColoured: mayColour(env, isTerminal),
    get columns() {
      return stdout.columns || DEFAULT_COLUMNS;
    },
    get rows() {
      return stdout.rows || DEFAULT_ROWS;
    },
    progress,
    say: (text) => {
      progress("");
      stderr.write(`${text}\n`);
    },
    write: (text) => {
      progress("");
      return new Promise((resolve) => {
        // The callback comes when the text has left, or cannot: that is the back-pressure.
        stdout.write(text, () => resolve());
      });
    },
  };
}

/** Resolves when the signal aborts; keeps the process alive until then. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {}, 60_000);
    const end = (): void => {
      clearInterval(timer);
      resolve();
    };
    if (signal.aborted) return end();
    signal.addEventListener("abort", end, { once: true });
  });
}
