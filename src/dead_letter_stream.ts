/**
 * Puts records that could not be processed into another Kinesis stream, and reads them back.
 *
 * A dead letter is one line of JSON, which says what the record was and why it failed, and after it
 * the record's bytes as they were.
 *
 * @module
 */

import { encodeBase64 } from "./aws/base64.ts";
import { createAwsCall } from "./aws/call.ts";
import { createCredentialsSource } from "./aws/credentials.ts";
import { retrying } from "./aws/retrying.ts";
import type { DeadLetter } from "./handling.ts";
import type { KinsumerRecord } from "./model.ts";
import type { KinsumerOptions } from "./options.ts";
import { resolveOptions } from "./resolve_options.ts";
import { traceCallsHere } from "./telemetry/calls.ts";

/** Where dead letters go: options of a consumer, with the same meaning. */
export type DeadLetterStreamOptions =
  & Pick<KinsumerOptions, "streamName">
  & Partial<
    Pick<
      KinsumerOptions,
      "region" | "credentials" | "kinesisEndpoint" | "requestTimeoutMs" | "runtime"
    >
  >;

/** What a dead letter says of its record. */
export interface DeadLetterFacts {
  /** The record's `stream/shard/sequence number`. */
  readonly id: string;
  /** The shard that it was read from. */
  readonly shardId: string;
  /** Its place in that shard. */
  readonly sequenceNumber: string;
  /** The key that it was put with. */
  readonly partitionKey?: string | undefined;
  /** When the stream received it, in milliseconds since the Unix epoch. */
  readonly approximateArrivalMs?: number | undefined;
  /** What the handler threw: its name and the first thousand characters of its message. */
  readonly error: { readonly name: string; readonly message: string };
}

const LONGEST_MESSAGE = 1_000;
const NEWLINE = 10;

/**
 * Makes a dead letter's function that puts each record into another stream, under its own partition
 * key. Sends nothing yet. The stream must take records some 500 bytes larger than those of the
 * consumed one.
 *
 * @example
 * ```ts
 * import { deadLetterStream } from "@kinsumer/kinsumer";
 *
 * await kinsumer.process((record) => handle(record.json()), {
 *   onFailure: { attempts: 5, deadLetter: deadLetterStream({ streamName: "orders-failed" }) },
 * });
 * ```
 *
 * @throws {TypeError} when an option has the wrong type
 * @throws {RangeError} when an option's value is not allowed
 */
export function deadLetterStream(options: DeadLetterStreamOptions): DeadLetter {
  const { kinesisEndpoint } = options;
  const resolved = resolveOptions({
    ...options,
    applicationName: "dead-letters",
    // With an endpoint of one's own the region may be left out; only the stream is spoken to.
    ...(kinesisEndpoint !== undefined && { dynamodbEndpoint: kinesisEndpoint }),
  });
  const { region, requestTimeoutMs: timeoutMs, runtime, streamName } = resolved;
  const credentials = createCredentialsSource({ credentials: resolved.credentials, runtime });
  const endpoint = resolved.kinesisEndpoint;
  const once = createAwsCall({
    service: "kinesis",
    endpoint,
    region,
    credentials,
    runtime,
    timeoutMs,
  });
  const call = traceCallsHere("kinesis", retrying(once, runtime), runtime.clock);
  return async (record, error, { signal }) => {
    const input = {
      StreamName: streamName,
      PartitionKey: record.partitionKey ?? record.shardId,
      Data: encodeBase64(writeDeadLetter(record, error)),
    };
    await call("Kinesis_20131202.PutRecord", input, { signal });
  };
}

/**
 * Reads a dead letter.
 *
 * @param data the payload of a record of the dead letters' stream
 * @throws {SyntaxError} when it is no dead letter
 */
export function readDeadLetter(
  data: Uint8Array,
): { readonly facts: DeadLetterFacts; readonly data: Uint8Array } {
  const end = data.indexOf(NEWLINE);
  if (end < 0) throw new SyntaxError("Cannot read a dead letter: it has no first line");
  const facts = JSON.parse(new TextDecoder().decode(data.subarray(0, end))) as DeadLetterFacts;
  return { facts, data: data.slice(end + 1) };
}

function writeDeadLetter(record: KinsumerRecord, error: unknown): Uint8Array {
  const { id, shardId, sequenceNumber, partitionKey, approximateArrivalMs, data } = record;
  const facts: DeadLetterFacts = {
    id,
    shardId,
    sequenceNumber,
    partitionKey,
    approximateArrivalMs,
    error: describe(error),
  };
  const head = new TextEncoder().encode(`${JSON.stringify(facts)}\n`);
  const whole = new Uint8Array(head.length + data.length);
  whole.set(head);
  whole.set(data, head.length);
  return whole;
}

function describe(error: unknown): DeadLetterFacts["error"] {
  const { name, message } = error instanceof Error
    ? error
    : { name: typeof error, message: String(error) };
  return { name, message: message.slice(0, LONGEST_MESSAGE) };
}
