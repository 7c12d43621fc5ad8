/**
 * Shows the board: as a picture that is redrawn in place on a terminal, as lines elsewhere, or not
 * at all.
 *
 * @module
 */

import process from "node:process";
import type { Board } from "./board.ts";
import { JOIN_MS } from "./log.ts";
import { draw, logLine, PACE_IN_WORDS } from "./picture.ts";
import { grouped, layOut, type Line, seconds } from "../../src/cli/spans.ts";

/** Shows the board. */
export interface Display {
  /** Shows how things stand now. */
  show(board: Board): void;
  /** Shows the last picture, and leaves the terminal as it was. May be repeated. */
  end(): void;
}

/** Where to show it. */
export type Terminal = typeof process.stdout | typeof process.stderr;

/** How a terminal shows things. */
export function isColoured(terminal: Terminal): boolean {
  return terminal.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

/** Chooses how to show the board. */
export function createDisplay(terminal: Terminal, { isQuiet }: { isQuiet: boolean }): Display {
  if (isQuiet) return { show: () => {}, end: () => {} };
  const isCapable = terminal.isTTY === true && process.env["TERM"] !== "dumb";
  return isCapable ? new LiveDisplay(terminal) : new PlainDisplay(terminal);
}

/** As text, for a terminal of this width. */
export function toText(lines: readonly Line[], terminal: Terminal): string {
  const columns = terminal.columns || 80;
  const coloured = isColoured(terminal);
  return lines.map((line) => `${layOut(line, { columns, isColoured: coloured })}\n`).join("");
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
/** Terminals that know it show what is between the two at once; others ignore it. */
const BEGIN_UPDATE = "\x1b[?2026h";
const END_UPDATE = "\x1b[?2026l";
const ERASE_LINE_END = "\x1b[K";
const ERASE_BELOW = "\x1b[J";
const CLEAR = "\x1b[2J\x1b[H";

/** Redraws in place, each frame in one write. */
class LiveDisplay implements Display {
  readonly #terminal: Terminal;
  readonly #forget = () => this.#isResized = true;
  #height = 0;
  #isResized = false;
  #isShown = false;
  #isEnded = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.on("resize", this.#forget);
  }

  show(board: Board): void {
    if (this.#isEnded) return;
    const { columns = 80, rows = 24 } = this.#terminal;
    const coloured = isColoured(this.#terminal);
    const frame = { columns, rows, nowMs: Date.now(), isColoured: coloured };
    const lines = draw(board, frame).map((line) =>
      layOut(line, { columns, isColoured: coloured }) + ERASE_LINE_END
    );
    // After a change of width the old lines may stand anywhere.
    let back = this.#height > 0 ? `\x1b[${this.#height}A\r` : "";
    if (this.#isResized) back = CLEAR;
    const start = this.#isShown ? "" : HIDE_CURSOR;
    this.#terminal.write(
      BEGIN_UPDATE + start + back + lines.join("\n") + "\n" + ERASE_BELOW + END_UPDATE,
    );
    this.#height = lines.length;
    this.#isShown = true;
    this.#isResized = false;
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#terminal.off("resize", this.#forget);
    if (this.#isShown) this.#terminal.write(SHOW_CURSOR);
  }
}

const PROGRESS_INTERVAL_MS = 2_000;

/** A line for each thing that happens, and one now and then for the progress. */
class PlainDisplay implements Display {
  readonly #terminal: Terminal;
  #board: Board | undefined;
  #shownCount = 0;
  #nextProgressMs = PROGRESS_INTERVAL_MS;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(board: Board): void {
    if (this.#board === undefined) {
      this.#terminal.write(`Kinsumer ${board.title}\n${PACE_IN_WORDS}\n`);
    }
    this.#board = board;
    const elapsedMs = board.elapsedMs(Date.now());
    this.#showLog(board, elapsedMs - JOIN_MS);
    if (elapsedMs < this.#nextProgressMs) return;
    this.#nextProgressMs = elapsedMs + PROGRESS_INTERVAL_MS;
    const { consumedCount, producedCount, total } = board;
    this.#terminal.write(
      ` ${seconds(elapsedMs).padStart(7)}    produced ${grouped(producedCount)} ` +
        `of ${grouped(total)}, consumed ${grouped(consumedCount)}\n`,
    );
  }

  end(): void {
    if (this.#board !== undefined) this.#showLog(this.#board, Number.POSITIVE_INFINITY);
  }

  /** Shows what happened until then: later lines may still grow. */
  #showLog({ log: { lines } }: Board, untilMs: number): void {
    for (let line = lines[this.#shownCount]; line; line = lines[++this.#shownCount]) {
      if (line.atMs > untilMs) return;
      this.#terminal.write(`${layOut(logLine(line), { columns: 200, isColoured: false })}\n`);
    }
  }
}
