/**
 * Asks one service for its documents, and tells its refusals apart by their names.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import { AnswerReader } from "./answers.ts";
import type { AwsCall } from "./call.ts";

/** Makes a call and reads its answer. */
export type Ask = (
  operation: string,
  input: unknown,
  signal: AbortSignal | undefined,
) => Promise<AnswerReader>;

/**
 * Asks by a call.
 *
 * @param prefix of the service's targets, for example `Kinesis_20131202.`
 */
export function askBy(call: AwsCall, prefix: string): Ask {
  return async (operation, input, signal) =>
    new AnswerReader(operation, await call(prefix + operation, input, { signal }));
}

/** Whether an error is a refusal by one of these names. */
export function isAwsCode(error: unknown, ...codes: readonly string[]): error is KinsumerError {
  return error instanceof KinsumerError && codes.includes(error.awsCode ?? "");
}
