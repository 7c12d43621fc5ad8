/**
 * Reads what the Kinesis Producer Library packs into one record: a magic number, a message in protocol
 * buffers, its MD5 digest.
 *
 * The format: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
 *
 * @module
 */

import { md5 } from "./md5.ts";
import { type Field, readFields } from "./protobuf.ts";

/** One of the records that a producer packed into one. */
export interface PackedRecord {
  readonly partitionKey: string;
  /** A 128-bit number, in decimal digits; absent: the partition key says where the record belongs. */
  readonly explicitHashKey: string | undefined;
  /** A view of what it was packed into. */
  readonly data: Uint8Array;
}

const MAGIC = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST_BYTES = 16;
const NOTHING = new Uint8Array();

const decoder = new TextDecoder();

/**
 * Reads an aggregate.
 *
 * @returns `undefined` where the bytes are none: nobody has to escape what only begins like one
 */
export function readAggregate(bytes: Uint8Array): readonly PackedRecord[] | undefined {
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) return undefined;
  const end = bytes.length - DIGEST_BYTES;
  if (end < MAGIC.length) return undefined;
  const message = bytes.subarray(MAGIC.length, end);
  const digest = md5(message);
  if (bytes.subarray(end).some((byte, index) => byte !== digest[index])) return undefined;
  return readMessage(message);
}

/** message AggregatedRecord { repeated string, repeated string, repeated Record } */
function readMessage(message: Uint8Array): readonly PackedRecord[] | undefined {
  const fields = readFields(message);
  if (fields === undefined) return undefined;
  const partitionKeys = textsOf(fields, 1);
  const hashKeys = textsOf(fields, 2);
  const records: PackedRecord[] = [];
  for (const { number, bytes } of fields) {
    if (number !== 3 || bytes === undefined) continue;
    const record = readRecord(bytes, partitionKeys, hashKeys);
    if (record === undefined) return undefined;
    records.push(record);
  }
  return records;
}

/** message Record { uint64 partition_key_index, optional uint64 explicit_hash_key_index, bytes data } */
function readRecord(
  message: Uint8Array,
  partitionKeys: readonly string[],
  hashKeys: readonly string[],
): PackedRecord | undefined {
  const fields = readFields(message);
  if (fields === undefined) return undefined;
  // What is zero or empty may be left out.
  let partitionKeyIndex = 0;
  let hashKeyIndex: number | undefined;
  let data: Uint8Array = NOTHING;
  for (const { number, value, bytes } of fields) {
    if (number === 1) partitionKeyIndex = value ?? -1;
    else if (number === 2) hashKeyIndex = value ?? -1;
    else if (number === 3) data = bytes ?? NOTHING;
  }
  const partitionKey = partitionKeys[partitionKeyIndex];
  const explicitHashKey = hashKeyIndex === undefined ? undefined : hashKeys[hashKeyIndex];
  if (partitionKey === undefined) return undefined;
  if (hashKeyIndex !== undefined && explicitHashKey === undefined) return undefined;
  return { partitionKey, explicitHashKey, data };
}

function textsOf(fields: readonly Field[], wanted: number): readonly string[] {
  return fields.flatMap(({ number, bytes }) =>
    number === wanted && bytes !== undefined ? [decoder.decode(bytes)] : []
  );
}
