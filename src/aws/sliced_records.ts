/**
 * Remembers the records of one answer as places in its body: a record's texts are read, and its
 * payload decoded, when they are first asked for. An answer may have 10,000 of them, so a record is
 * no more than a number into a table of places.
 *
 * @module
 */

import type { ReceivedRecord, SequenceNumber } from "../model.ts";
import { malformed } from "./answers.ts";
import { decodeBase64 } from "./base64.ts";

/** The columns of the table: where a field begins and ends; 0 where there is none, as none begins there. */
export const COLUMN = {
  sequenceNumber: 0,
  data: 2,
  partitionKey: 4,
  encryptionType: 6,
  arrival: 8,
} as const;
const WIDTH = 10;
/** What a record took in the answer before: most answers are like it. */
let expectedRecordBytes = 256;
/** A payload that was found to be no base64: reading it again must fail again. */
const BROKEN = -2;

/** What is used of Node's `Buffer`, which Deno and Bun have too. */
interface BufferView {
  toString(encoding: "latin1" | "utf8", start: number, end: number): string;
  write(text: string, offset: number, length: number, encoding: "base64"): number;
}

interface Globals {
  readonly Buffer?: {
    from(buffer: ArrayBufferLike, byteOffset: number, length: number): BufferView;
  };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads the time of a record's arrival, in milliseconds, from where it is in the body. */
export type ReadArrival = (bytes: Uint8Array, start: number, end: number) => number | undefined;

/** Where the fields of an answer's records are in its body. */
export class RecordTable {
  readonly bytes: Uint8Array;
  /** Whether payloads are base64 in the body. */
  isBase64 = false;
  #places: Int32Array;
  #count = 0;
  readonly #buffer: BufferView | undefined;
  readonly #arrivalOf: ReadArrival;

  constructor(bytes: Uint8Array, arrivalOf: ReadArrival) {
    const { Buffer } = globalThis as unknown as Globals;
    this.bytes = bytes;
    this.#buffer = Buffer?.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#arrivalOf = arrivalOf;
    this.#places = new Int32Array(WIDTH * (16 + Math.ceil(bytes.length / expectedRecordBytes)));
  }

  /** Begins a row. */
  add(): void {
    const start = this.#count * WIDTH;
    if (start + WIDTH > this.#places.length) {
      const larger = new Int32Array(2 * this.#places.length);
      larger.set(this.#places);
      this.#places = larger;
    }
    this.#count++;
  }

  /** Says where a field of the last row is. */
  set(column: number, start: number, end: number): void {
    const at = (this.#count - 1) * WIDTH + column;
    this.#places[at] = start;
    this.#places[at + 1] = end;
  }

  /** Whether the last row has this field. */
  has(column: number): boolean {
    return this.#places[(this.#count - 1) * WIDTH + column] !== 0;
  }

  /** The records, in order. */
  records(): readonly ReceivedRecord[] {
    if (this.#count > 0) expectedRecordBytes = Math.max(16, this.bytes.length / this.#count);
    const records = new Array<ReceivedRecord>(this.#count);
    for (let row = 0; row < this.#count; row++) records[row] = new SlicedRecord(this, row);
    return records;
  }

  text(row: number, column: number): string | undefined {
    const start = this.#places[row * WIDTH + column]!;
    if (start === 0) return undefined;
    return this.#textAt(start, this.#places[row * WIDTH + column + 1]!);
  }

  arrivalMs(row: number): number | undefined {
    const start = this.#places[row * WIDTH + COLUMN.arrival]!;
    if (start === 0) return undefined;
    return this.#arrivalOf(this.bytes, start, this.#places[row * WIDTH + COLUMN.arrival + 1]!);
  }

  /** The payload: a view of the body, into which base64 is decoded in place, once. */
  payload(row: number): Uint8Array {
    const at = row * WIDTH + COLUMN.data;
    const start = this.#places[at]!;
    let end = this.#places[at + 1]!;
    if (this.isBase64 && end >= 0) {
      const length = start === BROKEN ? -1 : this.#decode(start, end);
      if (length < 0) {
        this.#places[at] = BROKEN;
        throw notBase64();
      }
      end = ~(start + length); // below zero: decoded
      this.#places[at + 1] = end;
    }
    const { buffer, byteOffset } = this.bytes;
    return new Uint8Array(buffer, byteOffset + start, (end < 0 ? ~end : end) - start);
  }

  /** Decodes base64 in place, which is always longer than what it stands for; -1 where it is none. */
  #decode(start: number, end: number): number {
    const length = decodedLength(this.bytes, start, end);
    if (length < 0) return -1;
    if (this.#buffer !== undefined) {
      const text = this.#buffer.toString("latin1", start, end);
      return this.#buffer.write(text, start, length, "base64") === length ? length : -1;
    }
    try {
      const decoded = decodeBase64(this.#textAt(start, end));
      this.bytes.set(decoded, start);
      return decoded.length;
    } catch {
      return -1;
    }
  }

  #textAt(start: number, end: number): string {
    if (this.#buffer !== undefined) return this.#buffer.toString("utf8", start, end);
    return decoder.decode(this.bytes.subarray(start, end));
  }
}

/** One row of a table. Plain fields, not private ones: there may be 10,000 of these in an answer. */
class SlicedRecord implements ReceivedRecord {
  private readonly table: RecordTable;
  private readonly row: number;

  constructor(table: RecordTable, row: number) {
    this.table = table;
    this.row = row;
  }

  get sequenceNumber(): SequenceNumber {
    return this.table.text(this.row, COLUMN.sequenceNumber)!;
  }

  get partitionKey(): string | undefined {
    return this.table.text(this.row, COLUMN.partitionKey);
  }

  get data(): Uint8Array {
    // Not kept: a view that dies young costs less than one that its batch keeps alive.
    return this.table.payload(this.row);
  }

  get approximateArrivalMs(): number | undefined {
    return this.table.arrivalMs(this.row);
  }

  get encryptionType(): string | undefined {
    return this.table.text(this.row, COLUMN.encryptionType);
  }
}

const PADDING = 0x3d;

/** How many bytes padded base64 stands for; -1 where it is not padded. */
function decodedLength(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length % 4 !== 0) return -1;
  if (length === 0) return 0;
  const padding = bytes[end - 1] !== PADDING ? 0 : bytes[end - 2] !== PADDING ? 1 : 2;
  return (length / 4) * 3 - padding;
}

function notBase64(): Error {
  return malformed("GetRecords", '"Data" is not base64'); // quotes none of it
}
