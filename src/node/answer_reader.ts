/**
 * Reads one answer of HTTP/1.1 from the pieces in which it arrives: strictly, so that what one answer
 * ends with and the next begins with is never in doubt.
 *
 * @module
 */

import { ChunkedBody } from "./chunked_body.ts";

/** What stands before the body. */
export interface AnswerHead {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Node's own limit is a quarter of it. */
const MAX_HEAD_BYTES = 65_536;
/** Longer bodies are collected piece by piece, whatever the header promises. */
const MAX_PREPARED_BYTES = 33_554_432;
const HEAD_END = Buffer.from("\r\n\r\n");
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~\dA-Za-z-]+):([^\r\n\0]*)$/;

/** Where a body ends: after so many bytes, by what its chunks say, or with the connection. */
type Framing = number | "chunked" | "connection";

/** One answer, as far as it has arrived. */
export class AnswerReader {
  /** Once it is there. */
  head: AnswerHead | undefined;
  /** Whether another answer may follow on the connection. */
  isKept = false;
  isComplete = false;
  #headBytes: Uint8Array = new Uint8Array(0);
  /** A body of known length: what arrives may be read right into it. */
  #prepared: Uint8Array<ArrayBuffer> | undefined;
  #at = 0;
  #chunked: ChunkedBody | undefined;
  readonly #pieces: Uint8Array[] = [];
  #left = Infinity;

  /** Where the next bytes of the body belong: absent where that is not known. */
  get room(): Uint8Array | undefined {
    return this.#prepared !== undefined && !this.isComplete
      ? this.#prepared.subarray(this.#at)
      : undefined;
  }

  /** The body, once the answer is complete: memory of its own. */
  get body(): Uint8Array<ArrayBuffer> {
    return this.#prepared ?? joined(this.#chunked?.pieces ?? this.#pieces);
  }

  /** Says that so many bytes of {@linkcode room} were written. */
  filled(count: number): void {
    this.#at += count;
    this.isComplete = this.#at === this.#prepared?.length;
  }

  /**
   * Takes bytes that arrived, which may be overwritten afterwards.
   *
   * @returns how many belong to this answer
   * @throws {Error} when they are not what HTTP/1.1 allows
   */
  take(bytes: Uint8Array): number {
    let at = 0;
    while (this.head === undefined) {
      const taken = this.#takeHead(at === 0 ? bytes : bytes.subarray(at));
      at += taken;
      if (this.head === undefined && at === bytes.length) return at;
    }
    return at + this.#takeBody(at === 0 ? bytes : bytes.subarray(at));
  }

  /**
   * The other side says no more.
   *
   * @throws {Error} when the answer is not complete by that
   */
  end(): void {
    if (this.head === undefined || this.#left !== Infinity || this.#isFramed) {
      throw new Error("Cannot read the answer: the connection was closed");
    }
    this.isComplete = true;
  }

  get #isFramed(): boolean {
    return this.#prepared !== undefined || this.#chunked !== undefined;
  }

  #takeHead(bytes: Uint8Array): number {
    const before = this.#headBytes.length;
    const all = before === 0 ? bytes : Buffer.concat([this.#headBytes, bytes]);
    const end = indexOfEnd(all, Math.max(0, before - HEAD_END.length));
    if (end > MAX_HEAD_BYTES || (end < 0 && all.length > MAX_HEAD_BYTES)) {
      throw malformed("its head is too long");
    }
    if (end < 0) {
      this.#headBytes = all === bytes ? new Uint8Array(bytes) : all;
      return bytes.length;
    }
    this.#headBytes = all.subarray(0, 0);
    this.#begin(textOf(all, end));
    return end + HEAD_END.length - before;
  }

  #begin(text: string): void {
    const [statusLine = "", ...lines] = text.split("\r\n");
    const [, minor, statusText] = STATUS_LINE.exec(statusLine) ?? [];
    if (statusText === undefined) throw malformed("it does not begin as one");
    const status = Number(statusText);
    const headers = headersOf(lines);
    if (status === 101) throw malformed("it changes the protocol");
    if (status < 200) return; // a foretoken: the answer is still to come
    const framing = framingOf(status, headers);
    const isClosing = /(?:^|,)\s*close\s*(?:,|$)/i.test(headers.get("connection") ?? "");
    this.isKept = minor === "1" && !isClosing && framing !== "connection";
    this.head = { status, headers };
    this.#prepare(framing);
  }

  #prepare(framing: Framing): void {
    if (framing === "chunked") this.#chunked = new ChunkedBody();
    else if (framing === "connection") return;
    else if (framing <= MAX_PREPARED_BYTES) this.#prepared = memoryOf(framing);
    else this.#left = framing;
    if (framing === 0) this.isComplete = true;
  }

  #takeBody(bytes: Uint8Array): number {
    if (this.isComplete || bytes.length === 0) return 0;
    if (this.#chunked !== undefined) {
      const taken = this.#chunked.take(bytes);
      this.isComplete = this.#chunked.isComplete;
      return taken;
    }
    const wanted = this.#prepared === undefined ? this.#left : this.#prepared.length - this.#at;
    const taken = Math.min(wanted, bytes.length);
    const part = bytes.subarray(0, taken);
    if (this.#prepared !== undefined) {
      this.#prepared.set(part, this.#at);
      this.filled(taken);
      return taken;
    }
    this.#pieces.push(new Uint8Array(part)); // a copy, which slice() of a Buffer is not
    this.#left -= taken;
    this.isComplete = this.#left === 0;
    return taken;
  }
}

function headersOf(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, rest] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined || rest === undefined) {
      throw malformed("a line of its head is no header");
    }
    const [key, value] = [name.toLowerCase(), withoutSpaceAround(rest)];
    const before = headers.get(key);
    if (before !== undefined && key === "content-length" && before !== value) {
      throw malformed("it has two lengths");
    }
    const isRepeated = before !== undefined && key !== "content-length";
    headers.set(key, isRepeated ? `${before}, ${value}` : value);
  }
  return headers;
}

/** By hand: an expression looks at a long run of spaces again from each of them. */
function withoutSpaceAround(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function framingOf(status: number, headers: ReadonlyMap<string, string>): Framing {
  const length = headers.get("content-length");
  const encoding = headers.get("transfer-encoding");
  if (status === 204 || status === 304) return 0;
  if (encoding !== undefined) {
    if (length !== undefined) throw malformed("it has a length and an encoding");
    if (encoding.toLowerCase() !== "chunked") throw malformed("its transfer encoding is unknown");
    return "chunked";
  }
  if (length === undefined) return "connection";
  if (!/^\d{1,15}$/.test(length)) throw malformed("its length is none");
  return Number(length);
}

function indexOfEnd(bytes: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(HEAD_END, from);
}

function textOf(bytes: Uint8Array, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1");
}

/** Memory of its own, not cleared before it is written. */
function memoryOf(length: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer as ArrayBuffer);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = memoryOf(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function malformed(flaw: string): Error {
  return new Error(`Cannot read the answer: ${flaw}`);
}
