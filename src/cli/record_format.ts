/**
 * Writes a record for people or programs: as text, JSON, a hex dump, or its payload alone. Pure.
 *
 * @module
 */

import { joinBytes } from "../aws/bytes.ts";
import type { ReceivedRecord } from "../model.ts";
import { shortShardId } from "./cells.ts";

/** The forms. */
export const FORMATS = ["text", "json", "hex", "raw"] as const;

/** A form. */
export type Format = (typeof FORMATS)[number];

/** What is written. */
export interface ShownRecord extends ReceivedRecord {
  /** Its place in the aggregate that it was taken of; absent: it was in none. */
  readonly subSequenceNumber?: number | undefined;
}

/** How to write it. */
export interface FormatOptions {
  readonly format: Format;
  /** On a terminal, what a payload says to the terminal is shown and not done. */
  readonly isTerminal: boolean;
  readonly isColoured: boolean;
}

/** Records of one shard as they are printed: bytes where they are their payloads, which may be any. */
export function formatRecords(
  records: readonly ShownRecord[],
  shardId: string,
  options: FormatOptions,
): string | Uint8Array {
  if (options.format === "raw" && !options.isTerminal) {
    return joinBytes(records.flatMap(({ data }) => [data, LINE_END]));
  }
  return records.map((record) => formatRecord(record, shardId, options)).join("");
}

const LINE_END = Uint8Array.of(0x0a);

/** A record as one line or several, each with its end. */
export function formatRecord(
  record: ShownRecord,
  shardId: string,
  options: FormatOptions,
): string {
  const { format } = options;
  if (format === "json") return `${JSON.stringify(toJson(record, shardId))}\n`;
  const text = new TextDecoder().decode(record.data);
  const shown = options.isTerminal ? visible(text) : text;
  if (format === "raw") return `${shown}\n`;
  const head = headOf(record, shardId, options);
  return format === "hex" ? `${head}\n${hexDump(record.data)}` : `${head}  ${shown}\n`;
}

/** The payload is `text` where it is UTF-8, `base64` where it is not. */
function toJson(record: ShownRecord, shardId: string): Readonly<Record<string, unknown>> {
  const { sequenceNumber, subSequenceNumber, partitionKey = null, approximateArrivalMs, data } =
    record;
  const arrivedAt = approximateArrivalMs === undefined
    ? null
    : new Date(approximateArrivalMs).toISOString();
  const place = { shardId, sequenceNumber, subSequenceNumber }; // JSON leaves out what is absent
  return { ...place, partitionKey, arrivedAt, ...payload(data) };
}

function payload(data: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data) };
  } catch {
    let binary = "";
    for (const byte of data) binary += String.fromCharCode(byte);
    return { base64: btoa(binary) };
  }
}

function headOf(
  { approximateArrivalMs, partitionKey = "–" }: ReceivedRecord,
  shardId: string,
  { isColoured, isTerminal }: FormatOptions,
): string {
  const time = approximateArrivalMs === undefined
    ? "–"
    : new Date(approximateArrivalMs).toISOString();
  const key = isTerminal ? visible(partitionKey) : partitionKey;
  const head = `${shortShardId(shardId)}  ${time}  ${key}`;
  return isColoured ? `\x1b[2m${head}\x1b[0m` : head;
}

/** Text whose control characters are written out, tabs excepted. */
export function visible(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (character) => {
    const code = character.charCodeAt(0);
    return code === 10 ? "\\n" : code === 13 ? "\\r" : `\\x${code.toString(16).padStart(2, "0")}`;
  });
}

const BYTES_A_LINE = 16;

function hexDump(data: Uint8Array): string {
  let lines = "";
  for (let from = 0; from < data.length; from += BYTES_A_LINE) {
    const bytes = [...data.subarray(from, from + BYTES_A_LINE)];
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = bytes.map((byte) => byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".");
    const offset = from.toString(16).padStart(8, "0");
    lines += `  ${offset}  ${hex.padEnd(BYTES_A_LINE * 3 - 1)}  ${letters.join("")}\n`;
  }
  return lines;
}
