/**
 * Serves the three tables as DynamoDB does, in memory, and counts what it is asked: the requests
 * that Kinsumer makes, with their conditions, and no others.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import type {
  AttributeValue,
  DynamoDbApi,
  Item,
  UpdateRequest,
} from "../../src/aws/dynamodb_api.ts";
import { KinsumerError } from "../../src/errors.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { createSimulatedDynamoDb } from "../../testing/simulation/dynamodb.ts";

/** What was asked, since the counts were last taken. */
export interface TableCounts {
  requests: number;
  writes: number;
  /** Writes of checkpoints alone. */
  checkpointWrites: number;
  /** The longest between two beats of one client, in milliseconds, by client ID. */
  readonly longestBeatGapMs: Record<string, number>;
}

/** The request's fields that are used. */
interface Input {
  readonly TableName: string;
  readonly Key: Item;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly Item[] }>>;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>>;
  readonly KeySchema?: readonly { readonly AttributeName: string }[];
}

/** A server of canned tables. */
export class CannedTables {
  counts: TableCounts = { requests: 0, writes: 0, checkpointWrites: 0, longestBeatGapMs: {} };
  readonly #api: DynamoDbApi;
  readonly #lastBeatAtMs = new Map<string, number>();

  constructor() {
    this.#api = createSimulatedDynamoDb({ clock: systemRuntime().clock }).view();
  }

  /** Counts from here on. */
  reset(): void {
    this.counts = { requests: 0, writes: 0, checkpointWrites: 0, longestBeatGapMs: {} };
    this.#lastBeatAtMs.clear();
  }

  createServer(): Server {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Uint8Array) => body += chunk.toString());
      request.on("end", () => {
        const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
        this.#answer(operation, JSON.parse(body) as Input).then(
          (answer) => response.writeHead(200).end(JSON.stringify(answer)),
          (error: unknown) => {
            const awsCode = error instanceof KinsumerError ? error.awsCode : undefined;
            response.writeHead(400).end(
              JSON.stringify({ __type: awsCode ?? "ValidationException", message: String(error) }),
            );
          },
        );
      });
    });
    server.keepAliveTimeout = 120_000;
    return server;
  }

  async #answer(operation: string, input: Input): Promise<unknown> {
    const { TableName: tableName, Key: key } = input;
    this.#count(operation, input);
    switch (operation) {
      case "GetItem":
        return { Item: await this.#api.getItem({ tableName, key }) };
      case "Scan":
        return { Items: await this.#api.scan({ tableName }) };
      case "BatchGetItem":
        return { Responses: await this.#batchGet(input) };
      case "UpdateItem": {
        const updateExpression = input.UpdateExpression ?? "";
        return applied(await this.#api.updateItem({ ...conditionOf(input), updateExpression }));
      }
      case "DeleteItem":
        return applied(await this.#api.deleteItem(conditionOf(input)));
      case "CreateTable": {
        const hashKey = input.KeySchema?.[0]?.AttributeName ?? "";
        if (await this.#api.createTable({ tableName, hashKey })) return {};
        throw refused("ResourceInUseException");
      }
      case "DeleteTable":
        await this.#api.deleteTable({ tableName });
        return {};
      case "DescribeTable": {
        const described = await this.#api.describeTable({ tableName });
        if (described === undefined) throw refused("ResourceNotFoundException");
        return { Table: { TableStatus: described.status } };
      }
      default:
        throw refused("UnknownOperationException");
    }
  }

  async #batchGet(input: Input): Promise<Record<string, readonly Item[]>> {
    const [[tableName, { Keys: keys }] = ["", { Keys: [] }]] = Object.entries(
      input.RequestItems ?? {},
    );
    return { [tableName]: await this.#api.batchGetItem({ tableName, keys }) };
  }

  #count(operation: string, input: Input): void {
    this.counts.requests++;
    if (operation !== "UpdateItem" && operation !== "DeleteItem") return;
    this.counts.writes++;
    if (input.TableName.endsWith("_checkpoints")) this.counts.checkpointWrites++;
    const id = input.Key["ID"];
    if (!input.TableName.endsWith("_clients") || id === undefined || !("S" in id)) return;
    const nowMs = performance.now();
    const gapMs = nowMs - (this.#lastBeatAtMs.get(id.S) ?? nowMs);
    this.#lastBeatAtMs.set(id.S, nowMs);
    const { longestBeatGapMs } = this.counts;
    longestBeatGapMs[id.S] = Math.max(longestBeatGapMs[id.S] ?? 0, gapMs);
  }
}

function conditionOf(input: Input): Omit<UpdateRequest, "updateExpression"> {
  return {
    tableName: input.TableName,
    key: input.Key,
    conditionExpression: input.ConditionExpression,
    attributeNames: input.ExpressionAttributeNames,
    attributeValues: input.ExpressionAttributeValues,
  };
}

function applied(outcome: Awaited<ReturnType<DynamoDbApi["updateItem"]>>): unknown {
  if (outcome.outcome === "applied") return { Attributes: outcome.item };
  throw refused("ConditionalCheckFailedException");
}

function refused(awsCode: string): KinsumerError {
  return new KinsumerError("RequestRejected", awsCode, { awsCode, httpStatus: 400 });
}
