/**
 * Speaks CBOR (RFC 8949), as far as AWS's protocol over it needs: writes small requests, and reads
 * any answer whole. Answers with records have a reader of their own, which reads less of them.
 *
 * @module
 */

import { joinBytes } from "./bytes.ts";

/** No item of an answer is nested deeper. */
const MAX_DEPTH = 32;
const MAX_LENGTH = 2 ** 31 - 1;

/** Majors of CBOR: the upper three bits of an item's first byte. */
export const MAJOR = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  list: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;

/** The length of an item of no stated length; a break ends it. */
export const INDEFINITE = -1;
const BREAK = 0xff;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads heads of items, and never beyond the end. */
export class CborCursor {
  readonly bytes: Uint8Array;
  /** Where the next item begins. */
  at = 0;
  /** Of the head that was read last: its value or length; {@linkcode INDEFINITE} where none is stated. */
  value = 0;
  /** Of the head that was read last: its lower five bits. */
  info = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Reads a head and moves behind it.
   *
   * @returns its major
   * @throws {SyntaxError} when there is none
   */
  head(): number {
    const { bytes, at } = this;
    if (at >= bytes.length) throw notCbor("it ends within an item");
    const first = bytes[at]!;
    const info = first & 31;
    this.info = info;
    if (info < 24) {
      this.value = info;
      this.at = at + 1;
    } else if (info === 24) {
      if (at + 2 > bytes.length) throw notCbor("it ends within an item");
      this.value = bytes[at + 1]!;
      this.at = at + 2;
    } else this.#longHead(info);
    return first >> 5;
  }

  /**
   * Moves behind so many bytes, the content of the item whose head was read last.
   *
   * @returns where they begin
   * @throws {SyntaxError} when they are not all there
   */
  skip(length: number): number {
    const start = this.at;
    const end = start + length;
    if (length < 0 || end > this.bytes.length) throw notCbor("it ends within an item");
    this.at = end;
    return start;
  }

  /** Moves behind a break, if one is next. */
  takesBreak(): boolean {
    if (this.at >= this.bytes.length) throw notCbor("it ends within an item");
    if (this.bytes[this.at] !== BREAK) return false;
    this.at++;
    return true;
  }

  #longHead(info: number): void {
    const at = this.at + 1;
    if (info === 31) {
      this.value = INDEFINITE;
      this.at = at;
      return;
    }
    const width = info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0;
    if (width === 0) throw notCbor("an item's head is not one");
    if (at + width > this.bytes.length) throw notCbor("it ends within an item");
    this.at = at + width;
    if (width === 2) this.value = this.#view.getUint16(at);
    else if (width === 4) this.value = this.#view.getUint32(at);
    else this.value = this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  /** The number whose head of major 7 was read last; `undefined` where it is none. */
  float(): number | undefined {
    if (this.info === 27) return this.#view.getFloat64(this.at - 8);
    if (this.info === 26) return this.#view.getFloat32(this.at - 4);
    return this.info === 25 ? halfFloat(this.#view.getUint16(this.at - 2)) : undefined;
  }
}

/**
 * Reads a whole document. Byte strings become views of the document's memory.
 *
 * @throws {SyntaxError} when the bytes are not one CBOR item, or are nested deeper than any answer
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  const cursor = new CborCursor(bytes);
  const value = decodeItem(cursor, 0);
  if (cursor.at !== bytes.length) throw notCbor("it goes on after its end");
  return value;
}

function decodeItem(cursor: CborCursor, depth: number): unknown {
  if (depth > MAX_DEPTH) throw notCbor("it is nested too deeply");
  const major = cursor.head();
  const { value } = cursor;
  switch (major) {
    case MAJOR.unsigned:
    case MAJOR.negative:
      if (value === INDEFINITE) throw notCbor("an item's head is not one");
      return major === MAJOR.unsigned ? value : -1 - value;
    case MAJOR.bytes:
      return decodeString(cursor, major);
    case MAJOR.text:
      return decoder.decode(decodeString(cursor, major));
    case MAJOR.list:
      return decodeList(cursor, depth);
    case MAJOR.map:
      return decodeMap(cursor, depth);
    case MAJOR.tag:
      if (value === INDEFINITE) throw notCbor("an item's head is not one");
      return decodeItem(cursor, depth + 1);
    default:
      return decodeSimple(cursor);
  }
}

/** The bytes of a string, of which the head was read. */
function decodeString(cursor: CborCursor, major: number): Uint8Array {
  const { bytes, value } = cursor;
  if (value !== INDEFINITE) {
    const start = cursor.skip(value);
    return bytes.subarray(start, start + value);
  }
  const chunks: Uint8Array[] = [];
  while (!cursor.takesBreak()) {
    if (cursor.head() !== major || cursor.value === INDEFINITE) {
      throw notCbor("a string has a part that is none");
    }
    const start = cursor.skip(cursor.value);
    chunks.push(bytes.subarray(start, cursor.at));
  }
  return joinBytes(chunks);
}

function decodeList(cursor: CborCursor, depth: number): unknown[] {
  const { value: length } = cursor;
  const items: unknown[] = [];
  for (let index = 0; hasNext(cursor, length, index); index++) {
    items.push(decodeItem(cursor, depth + 1));
  }
  return items;
}

function decodeMap(cursor: CborCursor, depth: number): Record<string, unknown> {
  const { value: length } = cursor;
  const entries: [string, unknown][] = [];
  for (let index = 0; hasNext(cursor, length, index); index++) {
    const key = decodeItem(cursor, depth + 1);
    if (typeof key !== "string") throw notCbor("a map's key is not a text");
    entries.push([key, decodeItem(cursor, depth + 1)]);
  }
  return Object.fromEntries(entries); // defines "__proto__" like any other
}

/** Whether a list or map of this length has an item after `index` of them. */
export function hasNext(cursor: CborCursor, length: number, index: number): boolean {
  return length === INDEFINITE ? !cursor.takesBreak() : index < length;
}

function decodeSimple(cursor: CborCursor): unknown {
  switch (cursor.info) {
    case 20:
      return false;
    case 21:
      return true;
    case 22:
      return null;
    case 23:
      return undefined;
    default: {
      const number = cursor.float();
      if (number === undefined) throw notCbor("an item's head is not one");
      return number;
    }
  }
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Writes a request: a flat map of texts and whole numbers; what is `undefined` is left out.
 *
 * @throws {TypeError} when a value is anything else
 */
export function encodeCbor(fields: Readonly<Record<string, unknown>>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  const parts = [headOf(MAJOR.map, entries.length)];
  for (const [name, value] of entries) {
    parts.push(...textOf(name));
    if (typeof value === "string") parts.push(...textOf(value));
    else if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
      parts.push(headOf(MAJOR.unsigned, value));
    } else throw new TypeError(`Cannot write "${name}" in CBOR: it is no text and no whole number`);
  }
  return joinBytes(parts);
}

function textOf(text: string): Uint8Array[] {
  const bytes = encoder.encode(text);
  return [headOf(MAJOR.text, bytes.length), bytes];
}

function headOf(major: number, value: number): Uint8Array {
  if (value > MAX_LENGTH) throw new TypeError(`Cannot write ${value} in CBOR: it is too large`);
  const top = major << 5;
  if (value < 24) return Uint8Array.of(top | value);
  if (value < 256) return Uint8Array.of(top | 24, value);
  const head = new Uint8Array(5);
  head[0] = top | 26;
  new DataView(head.buffer).setUint32(1, value);
  return head;
}

function notCbor(flaw: string): SyntaxError {
  return new SyntaxError(`Cannot read CBOR: ${flaw}`);
}
