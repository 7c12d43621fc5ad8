/**
 * Remembers in a DynamoDB table, a row a shard, what is processed beyond the checkpoints.
 *
 * @module
 */

import { createAwsCall } from "./aws/call.ts";
import { createCredentialsSource } from "./aws/credentials.ts";
import { createDynamoDbApi } from "./aws/dynamodb.ts";
import type { DynamoDbApi } from "./aws/dynamodb_api.ts";
import { retrying } from "./aws/retrying.ts";
import { KinsumerError } from "./errors.ts";
import type { DedupeStore } from "./handling.ts";
import type { KinsumerOptions } from "./options.ts";
import { type ResolvedOptions, resolveOptions } from "./resolve_options.ts";
import { readString, readStrings, stringList } from "./tables/item.ts";
import type { Values } from "./tables/expression.ts";
import { Rows } from "./tables/rows.ts";
import { traceCallsHere } from "./telemetry/calls.ts";

/** Where the table is: options of a consumer, with the same meaning. */
export type DedupeTableOptions =
  & {
    /** One for each application and stream: 3 to 255 of `A-Z a-z 0-9 _ . -`. */
    readonly tableName: string;
  }
  & Partial<
    Pick<
      KinsumerOptions,
      "region" | "credentials" | "dynamodbEndpoint" | "requestTimeoutMs" | "runtime"
    >
  >;

/** A dedupe store in a DynamoDB table. */
export interface DedupeTable extends DedupeStore {
  /**
   * Makes the table where it does not exist yet, and waits until it can be used.
   *
   * @throws {KinsumerError} `TableNotReady` when that takes longer than a minute
   */
  createTable(): Promise<void>;
}

const HASH_KEY = "Shard";
const POLL_INTERVAL_MS = 200;
const MOST_POLLS = 300;

/**
 * Makes a dedupe store that keeps a row a shard in a DynamoDB table. Sends nothing yet. Each call of
 * a handler costs a write of one unit; up to some thirty where many records are done out of order.
 *
 * @example
 * ```ts
 * import { dedupeTable } from "@kinsumer/kinsumer";
 *
 * const dedupe = dedupeTable({ tableName: "billing_dedupe" });
 * await dedupe.createTable();
 * await kinsumer.process((record) => handle(record.json()), { dedupe });
 * ```
 *
 * @throws {TypeError} when an option has the wrong type
 * @throws {RangeError} when an option's value is not allowed
 */
export function dedupeTable(options: DedupeTableOptions): DedupeTable {
  const { tableName, ...others } = options;
  const { dynamodbEndpoint } = others;
  const resolved = resolveOptions({
    ...others,
    streamName: tableName, // what may be in the name of a stream may be in that of a table
    applicationName: "dedupe",
    ...(dynamodbEndpoint !== undefined && { kinesisEndpoint: dynamodbEndpoint }),
  });
  const api = openApi(resolved);
  const rows = new Rows({ api, tableName }, HASH_KEY);
  return {
    createTable: () => createTable(api, tableName, resolved.runtime.clock.sleep),
    load: async (shardId, signal) => {
      const item = await rows.read(shardId, signal);
      return item && { upTo: readString(item, "UpTo"), beyond: readStrings(item, "Beyond") };
    },
    save: async (shardId, { upTo, beyond }, signal) => {
      const set: Values = { UpTo: upTo ?? { NULL: true }, Beyond: stringList(beyond) };
      await rows.write(shardId, { set }, signal);
    },
  };
}

function openApi(resolved: ResolvedOptions): DynamoDbApi {
  const { region, requestTimeoutMs: timeoutMs, runtime } = resolved;
  const credentials = createCredentialsSource({ credentials: resolved.credentials, runtime });
  const endpoint = resolved.dynamodbEndpoint;
  const once = createAwsCall({
    service: "dynamodb",
    endpoint,
    region,
    credentials,
    runtime,
    timeoutMs,
  });
  const call = traceCallsHere("dynamodb", retrying(once, runtime), runtime.clock);
  return createDynamoDbApi({ call, clock: runtime.clock, random: runtime.random });
}

async function createTable(
  api: DynamoDbApi,
  tableName: string,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  for (let polls = 0; polls < MOST_POLLS; polls++) {
    const found = await api.describeTable({ tableName });
    if (found?.status === "ACTIVE" || found?.status === "UPDATING") return;
    if (found === undefined) await api.createTable({ tableName, hashKey: HASH_KEY });
    else await sleep(POLL_INTERVAL_MS);
  }
  throw new KinsumerError("TableNotReady", `Cannot use table "${tableName}": it takes too long`, {
    retryable: true,
  });
}
