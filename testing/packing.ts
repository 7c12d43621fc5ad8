/**
 * Packs records into one, as the Kinesis Producer Library does, for tests that take them apart.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** A record to pack. */
export interface ToPack {
  readonly partitionKey: string;
  readonly explicitHashKey?: string | undefined;
  readonly data: Uint8Array;
}

const MAGIC = Uint8Array.of(0xf3, 0x89, 0x9a, 0xc2);
const encoder = new TextEncoder();

/** Packs records, in their order. */
export function aggregateOf(records: readonly ToPack[]): Uint8Array {
  const partitionKeys = [...new Set(records.map((record) => record.partitionKey))];
  const hashKeys = [...new Set(records.flatMap((record) => record.explicitHashKey ?? []))];
  const message = messageOf(
    ...partitionKeys.map((key) => bytesField(1, encoder.encode(key))),
    ...hashKeys.map((key) => bytesField(2, encoder.encode(key))),
    ...records.map(({ partitionKey, explicitHashKey, data }) => {
      const hashKey = explicitHashKey === undefined
        ? []
        : [varintField(2, hashKeys.indexOf(explicitHashKey))];
      const key = varintField(1, partitionKeys.indexOf(partitionKey));
      return bytesField(3, messageOf(key, ...hashKey, bytesField(3, data)));
    }),
  );
  return sealed(message);
}

/** A message between the magic number and its digest. */
export function sealed(message: Uint8Array): Uint8Array {
  return messageOf(MAGIC, message, createHash("md5").update(message).digest());
}

/** A field that holds bytes, a text or a message. */
export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return messageOf(varint(number * 8 + 2), varint(bytes.length), bytes);
}

/** A field that holds a whole number. */
export function varintField(number: number, value: number): Uint8Array {
  return messageOf(varint(number * 8), varint(value));
}

/** One after the other. */
export function messageOf(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push(left % 128 + 128);
  return Uint8Array.from([...bytes, left]);
}
