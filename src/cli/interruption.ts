/**
 * Decides what Ctrl-C and the other signals that end a program do: the first one asks for an orderly
 * end, a later one ends at once.
 *
 * @module
 */

import process from "node:process";

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The terminal and whoever started us may both send one for the same key. */
const SAME_MS = 500;

/** @param interrupt is told once, with the exit code that belongs to the signal */
export function onInterruption(interrupt: (exitCode: number) => void): void {
  let firstAtMs: number | undefined;
  for (const name of Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[]) {
    process.on(name, () => {
      const nowMs = performance.now();
      if (firstAtMs !== undefined && nowMs - firstAtMs > SAME_MS) process.exit(EXIT_CODES[name]);
      if (firstAtMs === undefined) interrupt(EXIT_CODES[name]);
      firstAtMs ??= nowMs;
    });
  }
}
