/**
 * Speaks DynamoDB, as far as three small tables need it.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { Clock, Random } from "../runtime.ts";
import { AnswerReader, malformed } from "./answers.ts";
import { type AskBatch, batchGet } from "./batch_get.ts";
import type { AwsCall } from "./call.ts";
import type { DynamoDbApi, Item, ItemsApi, UpdateRequest, WriteOutcome } from "./dynamodb_api.ts";
import { writeCondition, writeCreateTable } from "./dynamodb_requests.ts";
import { parseItem } from "./items.ts";

/** What a {@link DynamoDbApi} is made of. */
export interface DynamoDbConfig {
  readonly call: AwsCall;
  /** Paces what BatchGetItem has to ask for again. */
  readonly clock: Clock;
  readonly random: Random;
}

const TARGET_PREFIX = "DynamoDB_20120810.";

/** Makes an {@link ItemsApi} that speaks by `call`. */
export function createItemsApi(config: DynamoDbConfig): ItemsApi {
  const { clock, random } = config;
  const ask = askBy(config.call);
  return {
    getItem: async ({ tableName, key }, signal) => {
      const input = { TableName: tableName, Key: key, ConsistentRead: true };
      const item = (await ask("GetItem", input, signal)).optionalFields("Item");
      return item === undefined ? undefined : parseItem("GetItem", item);
    },
    batchGetItem: ({ tableName, keys }, signal) => {
      const askBatch: AskBatch = (input) => ask("BatchGetItem", input, signal);
      return batchGet({ tableName, keys, ask: askBatch, clock, random, signal });
    },
    scan: ({ tableName }, signal) => scan(tableName, (input) => ask("Scan", input, signal)),
    updateItem: (request, signal) => write(() => updateItem(request, ask, signal)),
    deleteItem: (request, signal) => write(() => deleteItem(request, ask, signal)),
  };
}

/** Makes a {@link DynamoDbApi} that speaks by `call`. */
export function createDynamoDbApi(config: DynamoDbConfig): DynamoDbApi {
  const ask = askBy(config.call);
  return {
    ...createItemsApi(config),
    createTable: async (request, signal) => {
      const created = ask("CreateTable", writeCreateTable(request), signal);
      return await unless("ResourceInUseException", created) !== undefined;
    },
    deleteTable: async ({ tableName }, signal) => {
      const deleted = ask("DeleteTable", { TableName: tableName }, signal);
      return await unless("ResourceNotFoundException", deleted) !== undefined;
    },
    describeTable: async ({ tableName }, signal) => {
      const described = ask("DescribeTable", { TableName: tableName }, signal);
      const table = (await unless("ResourceNotFoundException", described))?.fields("Table");
      if (table === undefined) return undefined;
      const answer = new AnswerReader("DescribeTable", table);
      const isDeletionProtected = answer.optionalBoolean("DeletionProtectionEnabled");
      return {
        status: answer.text("TableStatus"),
        ...(isDeletionProtected && { isDeletionProtected }),
      };
    },
    enableRecovery: async ({ tableName }, signal) => {
      const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
      const input = { TableName: tableName, PointInTimeRecoverySpecification };
      const enabled = ask("UpdateContinuousBackups", input, signal);
      return await unless("UnknownOperationException", enabled) !== undefined;
    },
  };
}

/** Makes a call and reads its answer. */
type Ask = (
  operation: string,
  input: unknown,
  signal: AbortSignal | undefined,
) => Promise<AnswerReader>;

function askBy(call: AwsCall): Ask {
  return async (operation, input, signal) =>
    new AnswerReader(operation, await call(TARGET_PREFIX + operation, input, { signal }));
}

/** A page is at most 1 MB: far more than any fleet's rows. */
const MAX_SCAN_PAGES = 10_000;

async function scan(
  tableName: string,
  ask: (input: unknown) => Promise<AnswerReader>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let startKey: unknown;
  for (let page = 1; page <= MAX_SCAN_PAGES; page++) {
    const start = startKey === undefined ? {} : { ExclusiveStartKey: startKey };
    const answer = await ask({ TableName: tableName, ConsistentRead: true, ...start });
    for (const raw of answer.list("Items")) items.push(parseItem("Scan", raw));
    startKey = answer.optionalFields("LastEvaluatedKey");
    if (startKey === undefined) return items;
  }
  throw malformed("Scan", `more than ${MAX_SCAN_PAGES} pages`);
}

async function updateItem(
  request: UpdateRequest,
  ask: Ask,
  signal: AbortSignal | undefined,
): Promise<Item | undefined> {
  const { updateExpression } = request;
  const input = { ...writeCondition(request), UpdateExpression: updateExpression };
  const answer = await ask("UpdateItem", { ...input, ReturnValues: "ALL_NEW" }, signal);
  const attributes = answer.optionalFields("Attributes");
  return attributes === undefined ? undefined : parseItem("UpdateItem", attributes);
}

async function deleteItem(
  request: Omit<UpdateRequest, "updateExpression">,
  ask: Ask,
  signal: AbortSignal | undefined,
): Promise<undefined> {
  await ask("DeleteItem", writeCondition(request), signal);
}

/** A failed condition becomes an outcome. */
async function write(work: () => Promise<Item | undefined>): Promise<WriteOutcome> {
  try {
    const item = await work();
    return item === undefined ? { outcome: "applied" } : { outcome: "applied", item };
  } catch (error) {
    if (isAwsCode(error, "ConditionalCheckFailedException")) return { outcome: "conditionFailed" };
    throw error;
  }
}

/** What `work` resolves to, or `undefined` if it fails by that name. */
async function unless<T>(awsCode: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAwsCode(error, awsCode)) return undefined;
    throw error;
  }
}

function isAwsCode(error: unknown, awsCode: string): boolean {
  return error instanceof KinsumerError && error.awsCode === awsCode;
}
