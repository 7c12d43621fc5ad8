/**
 * Reads the records to put: from operands, or from lines of text as they come. Pure but for the
 * waiting.
 *
 * @module
 */

import { decodeBase64 } from "../aws/base64.ts";
import { joinBytes } from "../aws/bytes.ts";
import { UsageError } from "./command.ts";

/** A record to put. */
export interface InputRecord {
  readonly data: string | Uint8Array;
  /** Absent: one is made up. */
  readonly partitionKey?: string | undefined;
}

/** How a line is read. */
export const INPUTS = ["lines", "json"] as const;

/** How a line is read. */
export type Input = (typeof INPUTS)[number];

/**
 * Reads one line.
 *
 * @param place for the error, for example `line 3`
 * @throws {UsageError} when it is to be JSON and is not
 */
export function readRecord(
  line: string | Uint8Array,
  input: Input,
  place: string,
): InputRecord {
  if (input === "lines") return { data: line };
  const { data, text, base64, partitionKey } = (parse(line, place) ?? {}) as Record<
    string,
    unknown
  >;
  const payload = data ?? text ?? (typeof base64 === "string" ? bytesOf(base64, place) : undefined);
  if (payload === undefined) {
    throw new UsageError(`${place} has none of "data", "text" and "base64"`);
  }
  if (partitionKey !== undefined && partitionKey !== null && typeof partitionKey !== "string") {
    throw new UsageError(`${place} has a "partitionKey" that is not a string`);
  }
  const isAsItIs = typeof payload === "string" || payload instanceof Uint8Array;
  return {
    data: isAsItIs ? payload : JSON.stringify(payload),
    partitionKey: partitionKey ?? undefined,
  };
}

function parse(line: string | Uint8Array, place: string): unknown {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    return JSON.parse(typeof line === "string" ? line : decoder.decode(line));
  } catch {
    throw new UsageError(`${place} is not JSON`);
  }
}

function bytesOf(base64: string, place: string): Uint8Array {
  try {
    return decodeBase64(base64);
  } catch {
    throw new UsageError(`${place} has a "base64" that is none`);
  }
}

const RETURN = 0x0d;
const LINE_FEED = 0x0a;

/**
 * The lines of what comes in pieces, byte by byte as they are: those of each piece at once. Empty
 * lines are left out.
 */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<readonly Uint8Array[]> {
  const encoder = new TextEncoder();
  let rest: Uint8Array[] = [];
  for await (const piece of pieces) {
    const bytes = typeof piece === "string" ? encoder.encode(piece) : piece;
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      lines.push(lineOf([...rest, bytes.subarray(start, end)]));
      rest = [];
      start = end + 1;
    }
    rest.push(new Uint8Array(bytes.subarray(start)));
    const full = lines.filter((line) => line.length > 0);
    if (full.length > 0) yield full;
  }
  const last = lineOf(rest);
  if (last.length > 0) yield [last];
}

/** One line of its parts, without the return that may stand at its end. */
function lineOf(parts: readonly Uint8Array[]): Uint8Array {
  const line = joinBytes(parts);
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}

const MAX_RECORDS = 500;
const MAX_BYTES = 4 * 1_048_576;

/** Cuts records into calls that the service takes. */
export function* batchesOf<Item extends { readonly data: string | Uint8Array }>(
  records: readonly Item[],
): Generator<readonly Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for (const record of records) {
    const { data } = record;
    // UTF-8 at its longest, and a key.
    const size = (typeof data === "string" ? data.length * 3 : data.length) + 256;
    if (batch.length === MAX_RECORDS || (batch.length > 0 && bytes + size > MAX_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
