/**
 * Reads the records of a GetRecords answer that is a document already, because its form is not the
 * usual one. A record is checked and kept as it came, and its payload decoded when it is first asked
 * for.
 *
 * @module
 */

import type { ReceivedRecord, SequenceNumber } from "../model.ts";
import { malformed } from "./answers.ts";
import { decodeBase64 } from "./base64.ts";

/** What a record's JSON takes beside its payload and partition key, about: bytes. */
const RECORD_OVERHEAD_BYTES = 150;
/** What an answer takes beside its records, mostly for the next iterator, about: bytes. */
const ANSWER_OVERHEAD_BYTES = 350;

/** What an answer says, however it was read. */
export interface RecordsFields {
  readonly records: readonly ReceivedRecord[];
  readonly nextShardIterator: string | undefined;
  readonly lagMs: number | undefined;
  readonly hasChildShards: boolean;
}

/** Later than any second that a shard may hold, and earlier than any millisecond. */
const SECONDS_BELOW = 100_000_000_000;

/**
 * A time of arrival in milliseconds. JSON counts seconds, with a fraction; the service's CBOR counts
 * milliseconds; the local servers' CBOR counts as their JSON does.
 */
export function arrivalMsOf(value: number): number {
  return Math.round(value < SECONDS_BELOW ? value * 1000 : value);
}

/** The fields of a record as they are on the wire, not checked. */
interface RawRecord {
  readonly SequenceNumber?: unknown;
  readonly PartitionKey?: unknown;
  readonly Data?: unknown;
  readonly ApproximateArrivalTimestamp?: unknown;
  readonly EncryptionType?: unknown;
}

/**
 * Reads one record.
 *
 * @throws {KinsumerError} `MalformedAnswer` when it lacks its sequence number or its payload
 */
export function parseRecord(raw: unknown): ReceivedRecord {
  if (typeof raw !== "object" || raw === null) throw malformedRecord("a record is not an object");
  const { SequenceNumber, Data } = raw as RawRecord;
  if (typeof SequenceNumber !== "string") throw malformedRecord('"SequenceNumber" is not a string');
  if (typeof Data !== "string" && !(Data instanceof Uint8Array)) {
    throw malformedRecord('"Data" is not a string');
  }
  return new WireRecord(SequenceNumber, Data, raw);
}

/** About how many bytes an answer with these records took on the wire. */
export function estimateByteLength(raws: readonly unknown[]): number {
  let bytes = ANSWER_OVERHEAD_BYTES;
  for (const raw of raws) {
    const { Data, PartitionKey } = raw as RawRecord;
    bytes += RECORD_OVERHEAD_BYTES + lengthOf(Data) + lengthOf(PartitionKey);
  }
  return bytes;
}

/** Plain fields, not private ones: there may be 10,000 of these in an answer. */
class WireRecord implements ReceivedRecord {
  readonly sequenceNumber: SequenceNumber;
  readonly partitionKey: string | undefined;
  readonly approximateArrivalMs: number | undefined;
  readonly encryptionType: string | undefined;
  /** The payload: base64 until it is first read, bytes from then on. */
  private payload: string | Uint8Array;

  constructor(sequenceNumber: SequenceNumber, payload: string | Uint8Array, raw: RawRecord) {
    this.sequenceNumber = sequenceNumber;
    this.partitionKey = textOf(raw.PartitionKey);
    this.approximateArrivalMs = arrivalOf(raw.ApproximateArrivalTimestamp);
    this.encryptionType = textOf(raw.EncryptionType);
    this.payload = payload;
  }

  get data(): Uint8Array {
    if (typeof this.payload === "string") this.payload = decode(this.payload);
    return this.payload;
  }
}

function decode(payload: string): Uint8Array {
  try {
    return decodeBase64(payload);
  } catch {
    throw malformedRecord('"Data" is not base64'); // without a cause: it might quote the data
  }
}

function malformedRecord(flaw: string): Error {
  return malformed("GetRecords", flaw);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function arrivalOf(value: unknown): number | undefined {
  return typeof value === "number" ? arrivalMsOf(value) : undefined;
}

function lengthOf(value: unknown): number {
  return typeof value === "string" ? value.length : 0;
}
