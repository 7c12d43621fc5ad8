/**
 * Speaks of streams in the service's own calls: what one answers, and how many records one takes.
 *
 * @module
 */

import { KinsumerError } from "../src/errors.ts";
import type { Clock } from "../src/runtime.ts";

/** A record to put. */
export interface PutRecord {
  /** What it carries; text becomes UTF-8. */
  readonly data: string | Uint8Array;
  /** Chooses the shard. */
  readonly partitionKey: string;
  /** Pins the record to the shard that has this hash key: a decimal number below 2^128. */
  readonly explicitHashKey?: string | undefined;
}

/** Where a record that was put has landed. */
export interface PutResult {
  /** The shard that took it. */
  readonly shardId: string;
  /** Its place in that shard. */
  readonly sequenceNumber: string;
}

/** What is used of an answer. */
export interface StreamAnswer {
  readonly StreamDescription?: {
    readonly Shards: readonly {
      readonly ShardId: string;
      readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
    }[];
    readonly HasMoreShards?: boolean;
  };
  readonly StreamDescriptionSummary?: { readonly StreamStatus: string };
  readonly Records?: readonly {
    readonly ShardId?: string | null;
    readonly SequenceNumber?: string | null;
  }[];
}

/** Makes a call. */
export type Ask = (operation: string, input: unknown) => Promise<StreamAnswer>;

/** What one call of PutRecords takes. */
const RECORDS_A_CALL = 500;
const BYTES_A_CALL = 5 * 1_048_576;
const PUT_ATTEMPTS = 20;

/** Cuts records into what one call takes each. A record that is too large by itself stands alone. */
export function splitIntoCalls(records: readonly PutRecord[]): readonly (readonly PutRecord[])[] {
  const calls: PutRecord[][] = [];
  let call: PutRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = sizeOf(record);
    if (call.length === RECORDS_A_CALL || (call.length > 0 && bytes + size > BYTES_A_CALL)) {
      calls.push(call);
      [call, bytes] = [[], 0];
    }
    call.push(record);
    bytes += size;
  }
  return call.length === 0 ? calls : [...calls, call];
}

function sizeOf({ data, partitionKey }: PutRecord): number {
  const encoder = new TextEncoder();
  const payload = typeof data === "string" ? encoder.encode(data) : data;
  return payload.byteLength + encoder.encode(partitionKey).byteLength;
}

/** Puts one call's worth; what the service refuses is put again. */
export async function putAll(
  records: readonly PutRecord[],
  facts: { readonly ask: Ask; readonly streamName: string; readonly clock: Clock },
): Promise<readonly PutResult[]> {
  const { ask, streamName, clock } = facts;
  const results = new Array<PutResult | undefined>(records.length);
  for (let attempt = 1; attempt <= PUT_ATTEMPTS; attempt++) {
    const open = records.map((record, index) => ({ record, index })).filter(({ index }) =>
      results[index] === undefined
    );
    if (open.length === 0) return results as PutResult[];
    if (attempt > 1) await clock.sleep(50 * attempt);
    const answer = await ask("PutRecords", {
      // A name has no colon.
      [streamName.startsWith("arn:") ? "StreamARN" : "StreamName"]: streamName,
      Records: open.map(({ record }) => toEntry(record)),
    });
    open.forEach(({ index }, position) => {
      const entry = answer.Records?.[position];
      if (!entry?.ShardId || !entry.SequenceNumber) return;
      results[index] = { shardId: entry.ShardId, sequenceNumber: entry.SequenceNumber };
    });
  }
  if (results.every((result) => result !== undefined)) return results as PutResult[];
  throw new KinsumerError(
    "Throttled",
    `Cannot put records into "${streamName}": refused again and again`,
  );
}

function toEntry({ data, partitionKey, explicitHashKey }: PutRecord): Record<string, unknown> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return {
    Data: btoa(binary),
    PartitionKey: partitionKey,
    ...(explicitHashKey === undefined ? {} : { ExplicitHashKey: explicitHashKey }),
  };
}
