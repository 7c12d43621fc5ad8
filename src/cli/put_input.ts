/**
 * Reads the records to put: from operands, or from lines of text as they come. Pure but for the
 * waiting.
 *
 * @module
 */

import { UsageError } from "./command.ts";

/** A record to put. */
export interface InputRecord {
  readonly data: string;
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
export function readRecord(line: string, input: Input, place: string): InputRecord {
  if (input === "lines") return { data: line };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UsageError(`${place} is not JSON`);
  }
  const { data, text, partitionKey } = (value ?? {}) as Record<string, unknown>;
  const payload = data ?? text;
  if (payload === undefined) throw new UsageError(`${place} has neither "data" nor "text"`);
  if (partitionKey !== undefined && partitionKey !== null && typeof partitionKey !== "string") {
    throw new UsageError(`${place} has a "partitionKey" that is not a string`);
  }
  return {
    data: typeof payload === "string" ? payload : JSON.stringify(payload),
    partitionKey: partitionKey ?? undefined,
  };
}

/** The lines of a text that comes in pieces: those of each piece at once. Empty lines are left out. */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    rest += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    const full = lines.map(withoutReturn).filter((line) => line !== "");
    if (full.length > 0) yield full;
  }
  const last = withoutReturn(rest + decoder.decode());
  if (last !== "") yield [last];
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

const MAX_RECORDS = 500;
const MAX_BYTES = 4 * 1_048_576;

/** Cuts records into calls that the service takes. */
export function* batchesOf<Item extends { readonly data: string }>(
  records: readonly Item[],
): Generator<readonly Item[]> {
  let batch: Item[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.data.length * 3 + 256; // UTF-8 at its longest, and a key
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
