/**
 * Types a line into a shell, reads along, and ends all that the line has started.
 *
 * @module
 */
import { spawn } from "node:child_process";
import process from "node:process";

/** A step that takes longer has failed. */
const LIMIT_MS = 60_000;

/**
 * @typedef {object} Typed
 * @property {(pattern: RegExp) => Promise<RegExpExecArray>} printed resolves once stdout has it
 * @property {(signal: NodeJS.Signals) => void} signal to all that the line has started
 * @property {() => Promise<number>} ended its exit code; 128 where a signal ended it
 * @property {() => string} stdout what it printed there until now
 * @property {(what: string) => Error} failure with all that it printed
 */

/**
 * @param {string} line
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} place
 * @returns {Typed}
 */
export function typeLine(line, { cwd, env }) {
  // A group of its own, so that what npx or bunx starts ends with it.
  const child = spawn("sh", ["-c", line], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk) => text.out += chunk);
  child.stderr.setEncoding("utf8").on("data", (chunk) => text.err += chunk);
  /** @type {Promise<number>} */
  const closed = new Promise((resolve) => {
    child.on("error", () => resolve(127));
    child.on("close", (code) => resolve(code ?? 128));
  });
  /** @param {string} what */
  const failure = (what) => new Error(`$ ${line}\n${text.out}${text.err}${what}`);
  return {
    stdout: () => text.out,
    failure,
    signal: (signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // All of it is gone.
      }
    },
    ended: () => within(closed, () => failure("It did not end")),
    printed: (pattern) => {
      const found = () => pattern.exec(text.out);
      const seen = new Promise((resolve, reject) => {
        const look = () => found() === null || resolve(found());
        child.stdout.on("data", look);
        closed.then(() => found() === null && reject(failure("It ended too early")));
        look();
      });
      return within(seen, () => failure(`It did not print ${pattern}`));
    },
  };
}

/**
 * @param {Promise<T>} promise
 * @param {() => Error} failure
 * @returns {Promise<T>}
 * @template T
 */
async function within(promise, failure) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(failure()), LIMIT_MS);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (late)]);
  } finally {
    clearTimeout(timer);
  }
}
