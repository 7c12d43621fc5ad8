/**
 * Speaks DynamoDB, as far as three small tables need it.
 *
 * @module
 */

import type { Clock, Random } from "../runtime.ts";
import { type AnswerReader, malformed } from "./answers.ts";
import { askBy, isAwsCode } from "./ask.ts";
import { batchGet } from "./batch_get.ts";
import type { AwsCall } from "./call.ts";
import type { DynamoDbApi, Item, ItemsApi, WriteOutcome } from "./dynamodb_api.ts";
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
  const ask = askBy(config.call, TARGET_PREFIX);
  return {
    getItem: async ({ tableName, key }, signal) => {
      const input = { TableName: tableName, Key: key, ConsistentRead: true };
      return itemOf(await ask("GetItem", input, signal), "Item");
    },
    batchGetItem: ({ tableName, keys }, signal) => {
      return batchGet({ tableName, keys, ask, clock, random, signal });
    },
    scan: ({ tableName }, signal) => scan(tableName, (input) => ask("Scan", input, signal)),
    updateItem: (request, signal) => {
      const UpdateExpression = request.updateExpression;
      const input = { ...writeCondition(request), UpdateExpression, ReturnValues: "ALL_NEW" };
      return write(ask("UpdateItem", input, signal));
    },
    deleteItem: (request, signal) => write(ask("DeleteItem", writeCondition(request), signal)),
  };
}

/** Makes a {@link DynamoDbApi} that speaks by `call`. */
export function createDynamoDbApi(config: DynamoDbConfig): DynamoDbApi {
  const ask = askBy(config.call, TARGET_PREFIX);
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
      const table = (await unless("ResourceNotFoundException", described))?.within("Table");
      if (table === undefined) return undefined;
      const isDeletionProtected = table.optionalBoolean("DeletionProtectionEnabled");
      return {
        status: table.text("TableStatus"),
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

/** A failed condition becomes an outcome. */
async function write(asked: Promise<AnswerReader>): Promise<WriteOutcome> {
  try {
    const item = itemOf(await asked, "Attributes");
    return item === undefined ? { outcome: "applied" } : { outcome: "applied", item };
  } catch (error) {
    if (isAwsCode(error, "ConditionalCheckFailedException")) return { outcome: "conditionFailed" };
    throw error;
  }
}

/** A row that may be in an answer. */
function itemOf(answer: AnswerReader, name: string): Item | undefined {
  const item = answer.optionalFields(name);
  return item && parseItem(name, item);
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
