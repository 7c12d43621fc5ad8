/**
 * Reads a GetRecords answer in CBOR without reading its records: it walks over them once, and
 * remembers where their fields are.
 *
 * @module
 */

import { CborCursor, hasNext, INDEFINITE, MAJOR } from "./cbor.ts";
import { arrivalMsOf, type RecordsFields } from "./records.ts";
import { COLUMN, RecordTable } from "./sliced_records.ts";

const encoder = new TextEncoder();
const NAMES = {
  sequenceNumber: encoder.encode("SequenceNumber"),
  data: encoder.encode("Data"),
  partitionKey: encoder.encode("PartitionKey"),
  encryptionType: encoder.encode("EncryptionType"),
  arrival: encoder.encode("ApproximateArrivalTimestamp"),
};

/**
 * Reads an answer of the usual form.
 *
 * @returns `undefined` where it has an unusual one, which is for {@linkcode decodeCbor} to read
 * @throws {SyntaxError} when it is not CBOR
 */
export function scanCborAnswer(bytes: Uint8Array): RecordsFields | undefined {
  const cursor = new CborCursor(bytes);
  const table = new RecordTable(bytes, arrivalOf);
  let nextShardIterator: string | undefined;
  let lagMs: number | undefined;
  let hasRecords = false;
  if (cursor.head() !== MAJOR.map) return undefined;
  const length = cursor.value;
  for (let index = 0; hasNext(cursor, length, index); index++) {
    switch (shortText(cursor)) {
      case "Records":
        if (hasRecords || !scanRecords(cursor, table)) return undefined;
        hasRecords = true;
        break;
      case "NextShardIterator":
        nextShardIterator = shortText(cursor);
        if (nextShardIterator === undefined) return undefined;
        break;
      case "MillisBehindLatest":
        if (cursor.head() !== MAJOR.unsigned) return undefined;
        lagMs = cursor.value;
        break;
      default:
        return undefined; // child shards, for one
    }
  }
  if (!hasRecords || cursor.at !== bytes.length) return undefined;
  return { records: table.records(), nextShardIterator, lagMs, hasChildShards: false };
}

const LONGEST_TEXT = 4_096;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A text that is next; `undefined` where something else is. */
function shortText(cursor: CborCursor): string | undefined {
  if (cursor.head() !== MAJOR.text) return undefined;
  const { value } = cursor;
  if (value === INDEFINITE || value > LONGEST_TEXT) return undefined;
  const start = cursor.skip(value);
  return decoder.decode(cursor.bytes.subarray(start, start + value));
}

/** @returns false where they have an unusual form */
function scanRecords(cursor: CborCursor, table: RecordTable): boolean {
  if (cursor.head() !== MAJOR.list) return false;
  const length = cursor.value;
  let dataMajor: number | undefined;
  for (let index = 0; hasNext(cursor, length, index); index++) {
    table.add();
    const major = scanRecord(cursor, table);
    if (major === undefined || !table.has(COLUMN.sequenceNumber)) return false;
    // The local servers answer with base64 in a text; nobody mixes the two.
    if (dataMajor !== undefined && dataMajor !== major) return false;
    dataMajor = major;
  }
  table.isBase64 = dataMajor === MAJOR.text;
  return true;
}

/** @returns the major of its payload; `undefined` where it has an unusual form */
function scanRecord(cursor: CborCursor, table: RecordTable): number | undefined {
  if (cursor.head() !== MAJOR.map) return undefined;
  const length = cursor.value;
  let dataMajor: number | undefined;
  for (let index = 0; hasNext(cursor, length, index); index++) {
    const column = columnOf(cursor);
    if (column === undefined) return undefined;
    const itemAt = cursor.at;
    const major = cursor.head();
    if (column === COLUMN.arrival) {
      if (major !== MAJOR.unsigned && cursor.float() === undefined) return undefined;
      if (major !== MAJOR.unsigned && major !== MAJOR.simple) return undefined;
      table.set(column, itemAt, cursor.at);
      continue;
    }
    const isData = column === COLUMN.data;
    if (major !== MAJOR.text && !(isData && major === MAJOR.bytes)) return undefined;
    if (cursor.value === INDEFINITE) return undefined;
    if (isData) dataMajor = major;
    const start = cursor.skip(cursor.value);
    table.set(column, start, cursor.at);
  }
  return dataMajor;
}

/** The column of the key that is next; `undefined` where it is unknown. */
function columnOf(cursor: CborCursor): number | undefined {
  if (cursor.head() !== MAJOR.text || cursor.value === INDEFINITE) return undefined;
  const length = cursor.value;
  const start = cursor.skip(length);
  const { bytes } = cursor;
  if (length === 4) return isName(bytes, start, NAMES.data) ? COLUMN.data : undefined;
  if (length === 14) {
    if (isName(bytes, start, NAMES.sequenceNumber)) return COLUMN.sequenceNumber;
    return isName(bytes, start, NAMES.encryptionType) ? COLUMN.encryptionType : undefined;
  }
  if (length === 12) {
    return isName(bytes, start, NAMES.partitionKey) ? COLUMN.partitionKey : undefined;
  }
  if (length === 27) return isName(bytes, start, NAMES.arrival) ? COLUMN.arrival : undefined;
  return undefined;
}

/** Whether a key of the right length is this name: by enough letters to tell it from any other. */
function isName(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  const last = name.length - 1;
  const middle = name.length >> 1;
  return bytes[start] === name[0] && bytes[start + 1] === name[1] &&
    bytes[start + middle] === name[middle] && bytes[start + middle + 1] === name[middle + 1] &&
    bytes[start + last] === name[last] && bytes[start + last - 1] === name[last - 1];
}

/** Whole milliseconds from the service; seconds with a fraction from the local servers. */
function arrivalOf(bytes: Uint8Array, start: number, end: number): number {
  const cursor = new CborCursor(bytes.subarray(start, end));
  const major = cursor.head();
  return arrivalMsOf(major === MAJOR.unsigned ? cursor.value : cursor.float() ?? 0);
}
