/**
 * Writes the requests of DynamoDB that have more to them than a name and a key.
 *
 * @module
 */

import type { CreateTableRequest, UpdateRequest } from "./dynamodb_api.ts";

/** What an update and a delete have in common. The service refuses empty maps. */
export function writeCondition(
  request: Omit<UpdateRequest, "updateExpression">,
): Record<string, unknown> {
  return {
    TableName: request.tableName,
    Key: request.key,
    ConditionExpression: request.conditionExpression, // JSON leaves out what is undefined
    ExpressionAttributeNames: unlessEmpty(request.attributeNames),
    ExpressionAttributeValues: unlessEmpty(request.attributeValues),
  };
}

function unlessEmpty(map: object = {}): object | undefined {
  return Object.keys(map).length > 0 ? map : undefined;
}

/** How a table with one string hash key is made. */
export function writeCreateTable(request: CreateTableRequest): Record<string, unknown> {
  const { tableName, hashKey, provisioned, tags = {} } = request;
  const pairs = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const units = provisioned && {
    ReadCapacityUnits: provisioned.readUnits,
    WriteCapacityUnits: provisioned.writeUnits,
  };
  return {
    TableName: tableName,
    AttributeDefinitions: [{ AttributeName: hashKey, AttributeType: "S" }],
    KeySchema: [{ AttributeName: hashKey, KeyType: "HASH" }],
    BillingMode: units === undefined ? "PAY_PER_REQUEST" : "PROVISIONED",
    ProvisionedThroughput: units,
    Tags: pairs.length > 0 ? pairs : undefined,
    DeletionProtectionEnabled: request.isDeletionProtected || undefined,
  };
}
