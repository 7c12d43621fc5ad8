/**
 * Reads records in JSON, from an answer that is parsed as a whole: small, and fast enough where few
 * records come at a time.
 *
 * @module
 */

import { AnswerReader } from "./answers.ts";
import type { AwsCall } from "./call.ts";
import type { RecordsAnswer } from "./kinesis.ts";
import { estimateByteLength, parseRecord, type RecordsFields } from "./records.ts";

/** Reads the records that one GetRecords brings. */
export type RecordsReader = (
  input: unknown,
  signal: AbortSignal | undefined,
) => Promise<RecordsAnswer>;

/** What a GetRecords is addressed to. */
export const GET_RECORDS = "Kinesis_20131202.GetRecords";

/** Makes the function that reads records by parsing each answer as a whole. */
export function createDocumentsReader(call: AwsCall): RecordsReader {
  return async (input, signal) => readDocument(await call(GET_RECORDS, input, { signal }));
}

/**
 * Reads an answer that is a document.
 *
 * @throws {KinsumerError} `MalformedAnswer` when it is not what the service documents
 */
export function readDocument(document: unknown): RecordsAnswer {
  const answer = new AnswerReader("GetRecords", document);
  const raw = answer.list("Records");
  const fields: RecordsFields = {
    records: raw.map(parseRecord),
    nextShardIterator: answer.optionalText("NextShardIterator"),
    lagMs: answer.optionalNumber("MillisBehindLatest"),
    hasChildShards: (answer.optionalList("ChildShards") ?? []).length > 0,
  };
  return { ...fields, byteLength: estimateByteLength(raw) };
}
