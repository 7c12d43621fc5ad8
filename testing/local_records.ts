/**
 * Understands what a test wants to put: payloads as they come, or entries that say where.
 *
 * @module
 */

import { isClosed } from "../src/rules/lineage.ts";
import type { PutRecord, PutResult, Streams } from "./streams.ts";

/** What a record carries: text and bytes as they are, anything else as JSON. */
export type LocalPayload = string | Uint8Array | number | boolean | null | object;

/** A record, and where it goes. */
export interface LocalEntry {
  /** What it carries. */
  readonly data: LocalPayload;
  /** 1 to 256 characters. @default a key of its own */
  readonly partitionKey?: string | undefined;
  /** A decimal number below 2^128, which decides on the shard in place of the partition key. */
  readonly explicitHashKey?: string | undefined;
  /** Pins the record to an open shard. Not together with `explicitHashKey`. */
  readonly shardId?: string | undefined;
}

/**
 * What may be put: **an object that has `data` is an entry, everything else is a payload.** A payload
 * that has a property `data` must itself be wrapped: `{ data: { data: 1 } }`; an entry with any other
 * property is refused, so that forgetting it does not go unnoticed.
 */
export type LocalRecord =
  | LocalEntry
  | string
  | Uint8Array
  | number
  | boolean
  | null
  | { readonly data?: never; readonly [name: string]: unknown }
  | (object & { readonly data?: never });

const ENTRY = ["data", "partitionKey", "explicitHashKey", "shardId"];

/** An entry, or a payload's entry. */
function toEntry(record: unknown, index: number): LocalEntry {
  if (!isPlainObject(record) || !Object.hasOwn(record, "data")) {
    return { data: record as LocalPayload };
  }
  for (const name of Object.keys(record)) {
    if (ENTRY.includes(name)) continue;
    throw new TypeError(
      `Cannot put record ${index}: an object with "data" is an entry, and "${name}" is none of ` +
        `${ENTRY.join(", ")}; wrap a payload of your own: { data: { … } }`,
    );
  }
  const entry = record as unknown as LocalEntry;
  if (entry.shardId !== undefined && entry.explicitHashKey !== undefined) {
    throw new TypeError(`Cannot put record ${index}: it has both shardId and explicitHashKey`);
  }
  return entry;
}

/** The record on its way to the stream. */
function toPutRecord(
  entry: LocalEntry,
  facts: {
    readonly index: number;
    readonly partitionKey: string;
    readonly hashKey?: string | undefined;
  },
): PutRecord {
  const { index, partitionKey, hashKey = entry.explicitHashKey } = facts;
  return {
    data: payload(entry.data, index),
    partitionKey: entry.partitionKey ?? partitionKey,
    ...(hashKey === undefined ? {} : { explicitHashKey: hashKey }),
  };
}

function payload(data: unknown, index: number): string | Uint8Array {
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  const text: unknown = JSON.stringify(data); // undefined for what has no JSON
  if (typeof text === "string") return text;
  throw new TypeError(
    `Cannot put record ${index}: a payload is text, bytes, or a JSON value, got ${typeof data}`,
  );
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
}

/** So many records are understood before they are put. */
const RECORDS_A_PART = 500;

/** Puts records as they come. */
export async function putLocalRecords(
  records: Iterable<LocalRecord> | AsyncIterable<LocalRecord>,
  facts: {
    readonly streams: Streams;
    readonly streamName: string;
    readonly nextKey: () => string;
  },
): Promise<readonly PutResult[]> {
  const { streams, streamName, nextKey } = facts;
  assertIterable(records);
  const hashKeys = new HashKeys(streams, streamName);
  const results: PutResult[] = [];
  let part: PutRecord[] = [];
  let index = 0;
  const put = async (): Promise<void> => {
    results.push(...await streams.put(streamName, part));
    part = [];
  };
  for await (const record of records) {
    const entry = toEntry(record, index);
    const hashKey = entry.shardId === undefined ? undefined : await hashKeys.of(entry.shardId);
    part.push(toPutRecord(entry, { index, partitionKey: nextKey(), hashKey }));
    index++;
    if (part.length === RECORDS_A_PART) await put();
  }
  await put();
  return results;
}

/** The first hash key of each open shard. */
class HashKeys {
  readonly #streams: Streams;
  readonly #streamName: string;
  #keys: Promise<ReadonlyMap<string, string>> | undefined;

  constructor(streams: Streams, streamName: string) {
    this.#streams = streams;
    this.#streamName = streamName;
  }

  async of(shardId: string): Promise<string> {
    const keys = await (this.#keys ??= this.#read());
    const key = keys.get(shardId);
    if (key !== undefined) return key;
    const open = [...keys.keys()].join(", ");
    throw new RangeError(`Cannot put into "${shardId}": the open shards are ${open}`);
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    const ranges = await this.#streams.hashKeyRanges(this.#streamName);
    const shards = await this.#streams.shards(this.#streamName);
    const open = shards.filter((shard) => !isClosed(shard));
    return new Map(open.map(({ shardId }) => [shardId, ranges.get(shardId)?.first ?? ""]));
  }
}

/** A single text or object is a likely mistake; a text would be taken for its letters. */
function assertIterable(records: unknown): void {
  const isOne = typeof records !== "object" || records === null || records instanceof Uint8Array ||
    !(Symbol.iterator in records || Symbol.asyncIterator in records);
  if (isOne) throw new TypeError("Cannot put records: give an iterable of them, such as an array");
}
