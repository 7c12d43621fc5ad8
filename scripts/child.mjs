/**
 * Runs child processes: passes signals on, bounds their time and tells how they ended.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";

/**
 * @typedef {object} ChildOptions
 * @property {string} [cwd] folder to run in; the current one when absent
 * @property {NodeJS.ProcessEnv} [env] its whole environment; ours when absent
 * @property {boolean} [isQuiet] collect the output instead of showing it
 * @property {number} [timeoutMs] kill it, and all that it started, after this time; no limit when absent
 * @property {(chunk: string) => string} [filter] rewrites what it prints before it is shown
 */

/**
 * @typedef {object} ChildEnd
 * @property {number} code its exit code; 128 + the signal's number where a signal ended it
 * @property {string} output what it printed, where it was collected
 * @property {boolean} isTimedOut it ran longer than it may
 * @property {boolean} isInterrupted a signal came in that ends us too
 */

const KILL_AFTER_MS = 5000;

/**
 * Runs a program to its end. Never rejects: a program that cannot start ends with 127.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {ChildOptions} [options]
 * @returns {Promise<ChildEnd>}
 */
export function runChild(command, args, options = {}) {
  const isPiped = options.isQuiet === true || options.filter !== undefined;
  // A bounded child leads a process group of its own, so that its end is the end of its children.
  const isGroup = options.timeoutMs !== undefined;
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: isGroup,
    stdio: [isGroup || isPiped ? "ignore" : "inherit", ...outputs(isPiped)],
  });
  const output = collect(child, options);
  return new Promise((resolve) => {
    const guard = watch(child, { isGroup, timeoutMs: options.timeoutMs });
    child.on("error", (error) => {
      guard.stop();
      resolve({ code: 127, output: `${output()}${error.message}\n`, ...guard.state });
    });
    child.on("exit", () => guard.sweep());
    child.on("close", (code, signal) => {
      guard.stop();
      resolve({ code: exitCode(code, signal), output: output(), ...guard.state });
    });
  });
}

/**
 * @param {boolean} isPiped
 * @returns {["pipe" | "inherit", "pipe" | "inherit"]}
 */
function outputs(isPiped) {
  return isPiped ? ["pipe", "pipe"] : ["inherit", "inherit"];
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {ChildOptions} options
 * @returns {() => string} what was collected until now
 */
function collect(child, { isQuiet, filter }) {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (/** @type {string} */ chunk) => {
      if (isQuiet) text += chunk;
      else process.stdout.write(filter === undefined ? chunk : filter(chunk));
    });
  }
  return () => text;
}

/**
 * Hands on the signals that end us, and ends the child when its time is over.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @param {{ isGroup: boolean, timeoutMs: number | undefined }} options
 */
function watch(child, { isGroup, timeoutMs }) {
  const state = { isTimedOut: false, isInterrupted: false };
  /** @type {NodeJS.Timeout | undefined} */
  let lastResort;
  /** @param {NodeJS.Signals} signal */
  const kill = (signal) => {
    try {
      if (isGroup && child.pid !== undefined) process.kill(-child.pid, signal);
      else child.kill(signal);
    } catch {
      // It is gone already.
    }
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => {
    state.isTimedOut = true;
    kill("SIGTERM");
    lastResort = setTimeout(() => kill("SIGKILL"), KILL_AFTER_MS);
  }, timeoutMs);
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    state.isInterrupted = true;
    // A terminal sends Ctrl-C to the whole foreground group: the child has it already, and a second
    // one would mean "now!" to it.
    const hasIt = signal === "SIGINT" && !isGroup && isOnTerminal();
    if (!hasIt) kill(signal);
  };
  process.on("SIGINT", forward);
  process.on("SIGTERM", forward);
  return {
    state,
    /** Ends what the child left behind. */
    sweep: () => isGroup && kill("SIGKILL"),
    stop() {
      clearTimeout(timer);
      clearTimeout(lastResort);
      process.off("SIGINT", forward);
      process.off("SIGTERM", forward);
    },
  };
}

/** @returns {boolean} whether a terminal is at one of our ends */
function isOnTerminal() {
  return Boolean(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
}

/**
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 * @returns {number}
 */
function exitCode(code, signal) {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
