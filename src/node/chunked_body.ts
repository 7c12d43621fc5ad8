/**
 * Reads a body that comes in chunks, each with its length before it.
 *
 * @module
 */

/** A chunk's length, perhaps with extensions, or a trailer. */
const MAX_LINE_BYTES = 4_096;
const MAX_TRAILERS = 64;
const SIZE_LINE = /^([\da-fA-F]{1,8})[ \t]*(?:;[^\r\n\0]*)?$/;
const LINE_FEED = 0x0a;

/** A body in chunks, as far as it has arrived. */
export class ChunkedBody {
  readonly pieces: Uint8Array[] = [];
  isComplete = false;
  #step: "size" | "data" | "data-end" | "trailer" = "size";
  /** Of the chunk. */
  #left = 0;
  #line = "";
  #trailers = 0;

  /**
   * Takes bytes that arrived, which may be overwritten afterwards.
   *
   * @returns how many belong to the body
   * @throws {Error} when they are no chunks
   */
  take(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && !this.isComplete) {
      if (this.#step !== "data") {
        at = this.#takeLine(bytes, at);
        continue;
      }
      const end = Math.min(bytes.length, at + this.#left);
      this.pieces.push(new Uint8Array(bytes.subarray(at, end))); // slice() of a Buffer copies nothing
      this.#left -= end - at;
      at = end;
      if (this.#left === 0) this.#step = "data-end";
    }
    return at;
  }

  #takeLine(bytes: Uint8Array, from: number): number {
    const found = bytes.indexOf(LINE_FEED, from);
    const end = found < 0 ? bytes.length : found + 1;
    for (let at = from; at < end; at++) this.#line += String.fromCharCode(bytes[at]!);
    if (this.#line.length > MAX_LINE_BYTES) throw noChunk();
    if (found < 0) return end;
    if (!this.#line.endsWith("\r\n")) throw noChunk();
    const line = this.#line.slice(0, -2);
    this.#line = "";
    this.#read(line);
    return end;
  }

  #read(line: string): void {
    if (this.#step === "trailer") {
      if (line === "") this.isComplete = true;
      else if (++this.#trailers > MAX_TRAILERS) throw noChunk();
      return;
    }
    if (this.#step === "data-end") {
      if (line !== "") throw noChunk();
      this.#step = "size";
      return;
    }
    const size = SIZE_LINE.exec(line)?.[1];
    if (size === undefined) throw noChunk();
    this.#left = parseInt(size, 16);
    this.#step = this.#left === 0 ? "trailer" : "data";
  }
}

function noChunk(): Error {
  return new Error("Cannot read the answer: its body is not in chunks");
}
