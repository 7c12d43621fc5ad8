/**
 * Keeps what happened in a simulated world: the latest lines, and a hash of all.
 *
 * @module
 */

/** Lines kept. */
const MOST_LINES = 5_000;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** What happened, in order. */
export class Trace {
  readonly #lines: string[] = [];
  #hash = FNV_OFFSET;
  #count = 0;

  /** The latest lines. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Of every line so far: FNV-1a of 32 bits, and the count of lines. */
  get hash(): string {
    return `${(this.#hash >>> 0).toString(16).padStart(8, "0")}-${this.#count}`;
  }

  add(line: string): void {
    this.#count++;
    for (let index = 0; index < line.length; index++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(index), FNV_PRIME);
    }
    this.#lines.push(line);
    if (this.#lines.length > 2 * MOST_LINES) this.#lines.splice(0, MOST_LINES);
  }
}
