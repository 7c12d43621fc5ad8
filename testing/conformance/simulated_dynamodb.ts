/**
 * Lets the simulated database be asked like a server, as far as its port can say it.
 *
 * @module
 */

import type { DynamoDbApi, Item, WriteOutcome } from "../../src/aws/dynamodb_api.ts";
import { KinsumerError } from "../../src/errors.ts";
import { createSimulatedClock } from "../simulation/clock.ts";
import { createSimulatedDynamoDb } from "../simulation/dynamodb.ts";
import { type Fields, NoPort, type Subject } from "./observation.ts";
import { asReply } from "./simulated_kinesis.ts";

type Operation = (api: DynamoDbApi, input: Fields) => Promise<Fields>;

/** What a request may have, beside the name of its table; the port can say nothing else. */
const KNOWN_INPUT: Readonly<Record<string, readonly string[]>> = {
  GetItem: ["Key", "ConsistentRead"],
  UpdateItem: [
    "Key",
    "UpdateExpression",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValues",
  ],
  DeleteItem: [
    "Key",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
  ],
  CreateTable: ["AttributeDefinitions", "KeySchema", "BillingMode"],
  DeleteTable: [],
  DescribeTable: [],
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  GetItem: async (api, input) => ({
    Item: await api.getItem({ tableName: tableOf(input), key: input["Key"] as Item }),
  }),
  UpdateItem: async (api, input) => {
    const updateExpression = String(input["UpdateExpression"]);
    const outcome = await api.updateItem({ ...conditionOf(input), updateExpression });
    return { Attributes: applied(outcome) };
  },
  DeleteItem: async (api, input) => {
    applied(await api.deleteItem(conditionOf(input)));
    return {};
  },
  CreateTable: async (api, input) => {
    const isMade = await api.createTable({ tableName: tableOf(input), hashKey: "K" });
    if (!isMade) throw refusal("ResourceInUseException");
    return {};
  },
  DeleteTable: async (api, input) => {
    await api.deleteTable({ tableName: tableOf(input) });
    return {};
  },
  DescribeTable: async (api, input) => {
    const found = await api.describeTable({ tableName: tableOf(input) });
    if (found === undefined) throw refusal("ResourceNotFoundException");
    return { Table: { TableStatus: found.status } };
  },
};

/** A simulated DynamoDB. */
export function openSimulatedDatabase(): Subject {
  const timeline = createSimulatedClock({ startMs: Date.UTC(2026, 0, 1) });
  const { clock } = timeline;
  const database = createSimulatedDynamoDb({ clock, createTableMs: 5, deleteTableMs: 5 });
  const immediate = { ...clock, sleep: () => Promise.resolve() };
  const api = database.view({ latencyMs: 0, clock: immediate });
  const answer = async (operation: string, input: Fields): Promise<Fields> => {
    if (operation === "BatchGetItem") return await batchGet(api, input);
    const { TableName: _, ...others } = input;
    const isKnown = Object.entries(others).every(([name, value]) =>
      value === undefined || KNOWN_INPUT[operation]?.includes(name)
    );
    const carryOut = OPERATIONS[operation];
    if (carryOut === undefined || !isKnown) throw new NoPort();
    return await carryOut(api, input);
  };
  return {
    isSimulated: true,
    pause: (ms) => timeline.advance(ms),
    ask: (operation, input) => asReply(answer(operation, input as Fields)),
  };
}

/** The port takes any number of keys and answers them all: pages and limits are below it. */
async function batchGet(api: DynamoDbApi, input: Fields): Promise<Fields> {
  const tables = Object.entries(input["RequestItems"] as Record<string, { Keys: Item[] }>);
  const [tableName = "", { Keys: keys } = { Keys: [] }] = tables[0] ?? [];
  if (keys.length !== 100) throw new NoPort();
  return { Responses: { [tableName]: await api.batchGetItem({ tableName, keys }) } };
}

function tableOf(input: Fields): string {
  return String(input["TableName"]);
}

function conditionOf(input: Fields) {
  return {
    tableName: tableOf(input),
    key: input["Key"] as Item,
    conditionExpression: input["ConditionExpression"] as string | undefined,
    attributeNames: input["ExpressionAttributeNames"] as Record<string, string>,
    attributeValues: input["ExpressionAttributeValues"] as Item,
  };
}

function applied(outcome: WriteOutcome): Item | undefined {
  if (outcome.outcome === "applied") return outcome.item;
  throw refusal("ConditionalCheckFailedException");
}

/** A port's outcome as the refusal that it was made from. */
function refusal(awsCode: string): KinsumerError {
  const facts = { awsCode, httpStatus: 400 };
  return new KinsumerError("RequestRejected", "Cannot carry out a request", facts);
}
