/**
 * Draws pictures in place on a terminal, reads single keys from it, and leaves it as it was.
 *
 * @module
 */

import process from "node:process";
import type { Shell } from "./shell.ts";
import { layOut, type Line } from "./spans.ts";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const ERASE_LINE_END = "\x1b[K";
const ERASE_BELOW = "\x1b[J";
/** Terminals that know it show what is between the two at once; others ignore it. */
const BEGIN_UPDATE = "\x1b[?2026h";
const END_UPDATE = "\x1b[?2026l";

/** A terminal that shows one picture at a time. */
export class Screen {
  readonly #shell: Shell;
  #isEntered = false;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  /** Shows a picture, cut to the screen. */
  async show(lines: readonly Line[]): Promise<void> {
    const { columns, rows, isColoured } = this.#shell;
    // The last row stays free: writing into it would scroll some terminals.
    const shown = lines.slice(0, rows - 1).map((line) =>
      `${layOut(line, { columns, isColoured })}${ERASE_LINE_END}\r\n`
    );
    const enter = this.#isEntered ? "" : ENTER;
    if (!this.#isEntered) process.once("exit", this.#leaveNow);
    this.#isEntered = true;
    await this.#shell.write(
      `${enter}${BEGIN_UPDATE}${HOME}${shown.join("")}${ERASE_BELOW}${END_UPDATE}`,
    );
  }

  /** Gives the terminal back. May be repeated. */
  async leave(): Promise<void> {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    process.off("exit", this.#leaveNow);
    await this.#shell.write(LEAVE);
  }

  readonly #leaveNow = (): void => void process.stdout.write(LEAVE);
}

// deno-lint-ignore no-control-regex
const ARROWS_AND_SUCH = /\x1b(\[[\d;]*[A-Za-z~]|O?.)?/g;

/**
 * Tells of each key until the returned function is called. Where stdin is no terminal there are no
 * keys.
 *
 * @param onKey gets a character, or `"ctrl-c"`
 */
export function readKeys(onKey: (key: string) => void): () => void {
  const { stdin } = process;
  if (stdin.isTTY !== true) return () => {};
  const onData = (chunk: Uint8Array | string): void => {
    const text = typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
    for (const key of text.replace(ARROWS_AND_SUCH, "")) onKey(key === "\x03" ? "ctrl-c" : key);
  };
  stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.resume();
  return () => {
    stdin.off("data", onData);
    stdin.setRawMode(false);
    stdin.pause();
    stdin.unref?.();
  };
}
