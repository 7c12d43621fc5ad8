/**
 * Reads a GetRecords answer in JSON without parsing its records: it walks over the bytes once, and
 * remembers where the fields of the records are. Reads the compact form that the service writes, and
 * leaves every other to the full parser.
 *
 * @module
 */

import { arrivalMsOf, type RecordsFields } from "./records.ts";
import { COLUMN, RecordTable } from "./sliced_records.ts";

const encoder = new TextEncoder();
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const [OPEN, CLOSE] = [0x7b, 0x7d];
const LIST_END = 0x5d;

/** A key, its colon, and what its value begins with. */
const NAMES = {
  records: encoder.encode('"Records":['),
  nextShardIterator: encoder.encode('"NextShardIterator":"'),
  millisBehindLatest: encoder.encode('"MillisBehindLatest":'),
  sequenceNumber: encoder.encode('"SequenceNumber":"'),
  arrival: encoder.encode('"ApproximateArrivalTimestamp":'),
  data: encoder.encode('"Data":"'),
  partitionKey: encoder.encode('"PartitionKey":"'),
  encryptionType: encoder.encode('"EncryptionType":"'),
};

/** What is used of Node's `Buffer`, whose search is the runtime's own. */
interface Searchable {
  indexOf(byte: number, from: number): number;
}
interface Globals {
  readonly Buffer?: {
    from(buffer: ArrayBufferLike, byteOffset: number, length: number): Searchable;
  };
}

/**
 * Reads an answer of the usual form.
 *
 * @returns `undefined` where it has another, which is for the full parser to read or to refuse
 */
export function scanJsonAnswer(bytes: Uint8Array): RecordsFields | undefined {
  const { Buffer } = globalThis as unknown as Globals;
  const search = Buffer?.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) ?? bytes;
  if (bytes[0] !== OPEN || search.indexOf(BACKSLASH, 0) !== -1) return undefined;
  return new JsonScan(bytes, search).answer();
}

/** Where a field that is a string belongs. */
const TEXTS = [
  [NAMES.sequenceNumber, COLUMN.sequenceNumber],
  [NAMES.data, COLUMN.data],
  [NAMES.partitionKey, COLUMN.partitionKey],
  [NAMES.encryptionType, COLUMN.encryptionType],
] as const;

class JsonScan {
  readonly #bytes: Uint8Array;
  readonly #search: Searchable;
  readonly #table: RecordTable;
  #at = 1;

  constructor(bytes: Uint8Array, search: Searchable) {
    this.#bytes = bytes;
    this.#search = search;
    this.#table = new RecordTable(bytes, arrivalOf);
    this.#table.isBase64 = true;
  }

  answer(): RecordsFields | undefined {
    let nextShardIterator: string | undefined;
    let lagMs: number | undefined;
    let hasRecords = false;
    do {
      if (this.#takes(NAMES.records)) {
        if (hasRecords || !this.#records()) return undefined;
        hasRecords = true;
      } else if (this.#takes(NAMES.nextShardIterator)) {
        const start = this.#at;
        if (!this.#text()) return undefined;
        nextShardIterator = asciiOf(this.#bytes, start, this.#at - 1);
        if (!PRINTABLE.test(nextShardIterator)) return undefined;
      } else if (this.#takes(NAMES.millisBehindLatest)) {
        const start = this.#at;
        if (!this.#number()) return undefined;
        lagMs = Number(asciiOf(this.#bytes, start, this.#at));
        if (Number.isNaN(lagMs)) return undefined;
      } else return undefined;
    } while (this.#takesByte(COMMA));
    if (!this.#takesByte(CLOSE) || this.#at !== this.#bytes.length || !hasRecords) return undefined;
    return { records: this.#table.records(), nextShardIterator, lagMs, hasChildShards: false };
  }

  #records(): boolean {
    if (this.#takesByte(LIST_END)) return true;
    do {
      if (!this.#takesByte(OPEN)) return false;
      this.#table.add();
      do if (!this.#field()) return false; while (this.#takesByte(COMMA));
      if (!this.#takesByte(CLOSE)) return false;
      if (!this.#table.has(COLUMN.sequenceNumber) || !this.#table.has(COLUMN.data)) return false;
    } while (this.#takesByte(COMMA));
    return this.#takesByte(LIST_END);
  }

  #field(): boolean {
    for (const [name, column] of TEXTS) {
      if (!this.#takes(name)) continue;
      const start = this.#at;
      if (!this.#text()) return false;
      this.#table.set(column, start, this.#at - 1);
      return true;
    }
    if (!this.#takes(NAMES.arrival)) return false;
    const start = this.#at;
    if (!this.#number()) return false;
    this.#table.set(COLUMN.arrival, start, this.#at);
    return true;
  }

  /** Moves behind these bytes, if they are next. */
  #takes(name: Uint8Array): boolean {
    const { length } = name;
    for (let index = 1; index < length; index++) {
      if (this.#bytes[this.#at + index] !== name[index]) return false;
    }
    if (this.#bytes[this.#at] !== QUOTE) return false;
    this.#at += length;
    return true;
  }

  #takesByte(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  /** Moves behind the quote that ends a text. */
  #text(): boolean {
    const end = this.#search.indexOf(QUOTE, this.#at);
    if (end === -1) return false;
    this.#at = end + 1;
    return true;
  }

  /** Moves behind what may be a number; whether it is one is seen when it is read. */
  #number(): boolean {
    const start = this.#at;
    while (isNumeric(this.#bytes[this.#at])) this.#at++;
    return this.#at > start;
  }
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/** Whether a byte may stand in a number: a digit, or one of + - . E e. */
function isNumeric(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x2d || byte === 0x2b ||
    byte === 0x45 || byte === 0x65;
}

function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** The wire counts seconds, with a fraction. */
function arrivalOf(bytes: Uint8Array, start: number, end: number): number | undefined {
  const ms = arrivalMsOf(Number(asciiOf(bytes, start, end)));
  return Number.isNaN(ms) ? undefined : ms;
}
