/**
 * The contract: reads are strongly consistent and complete, a failed condition is an outcome, and a
 * table that is there already, or not there, is a value. Against a scripted call, and dynalite.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { type EmbeddedServers, startEmbeddedServers } from "../../testing/local_servers.ts";
import { constantRandom, ManualClock } from "../../testing/wire_doubles.ts";
import { KinsumerError, type KinsumerErrorCode } from "../errors.ts";
import { systemRuntime } from "../runtime.ts";
import { type AwsCall, type AwsCallOptions, createAwsCall } from "./call.ts";
import { createCredentialsSource } from "./credentials.ts";
import { createDynamoDbApi } from "./dynamodb.ts";
import type { AttributeValue, DynamoDbApi, Item } from "./dynamodb_api.ts";

type Asked = [target: string, input: unknown, options: AwsCallOptions | undefined];

interface Scripted {
  readonly api: DynamoDbApi;
  readonly asked: Asked[];
  readonly clock: ManualClock;
}

function apiOf(call: AwsCall, clock: ManualClock): DynamoDbApi {
  return createDynamoDbApi({ call, clock, random: constantRandom(0.5) });
}

/** An API whose calls answer, or fail, with these in turn. */
function scripted(...replies: unknown[]): Scripted {
  const asked: Asked[] = [];
  const clock = new ManualClock({ isSelfMoving: true });
  const call: AwsCall = (...one) => {
    const reply = replies[asked.push(one as Asked) - 1];
    return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
  };
  return { api: apiOf(call, clock), asked, clock };
}

function refused(awsCode: string, code: KinsumerErrorCode = "RequestRejected"): KinsumerError {
  return new KinsumerError(code, "refused", { awsCode });
}

function isMalformed(error: unknown): boolean {
  return error instanceof KinsumerError && error.code === "MalformedAnswer" && error.retryable;
}

const TABLE = { tableName: "app_clients" };
const KEY: Item = { ID: { S: "a" } };

describe("DynamoDbApi.getItem()", () => {
  it("reads with strong consistency", async () => {
    const { api, asked } = scripted({ Item: { ID: { S: "a" }, N: { N: "1" } } });
    const { signal } = new AbortController();
    assert.deepEqual(await api.getItem({ ...TABLE, key: KEY }, signal), {
      ID: { S: "a" },
      N: { N: "1" },
    });
    const input = { TableName: "app_clients", Key: KEY, ConsistentRead: true };
    assert.deepEqual(asked, [["DynamoDB_20120810.GetItem", input, { signal }]]);
  });

  for (const reply of [{}, { Item: null }]) {
    it(`finds no row in ${JSON.stringify(reply)}`, async () => {
      assert.equal(await scripted(reply).api.getItem({ ...TABLE, key: KEY }), undefined);
    });
  }

  for (const reply of [undefined, "text", { Item: "a" }, { Item: [] }]) {
    it(`refuses the answer ${JSON.stringify(reply)}, rather than find no row`, async () => {
      await assert.rejects(scripted(reply).api.getItem({ ...TABLE, key: KEY }), isMalformed);
    });
  }

  it("keeps the five types of our tables, and leaves attributes of others out", async () => {
    const known = {
      s: { S: "" },
      n: { N: "1700000000000000000" },
      yes: { BOOL: false },
      nothing: { NULL: true },
      list: { L: [{ S: "a" }, { L: [] }, { NULL: true }] },
    };
    const foreign = {
      map: { M: {} },
      bytes: { B: "AA==" },
      set: { SS: ["a"] },
      mixed: { L: [{ S: "a" }, { M: {} }] },
      odd: 7,
      empty: {},
      none: null,
    };
    const { api } = scripted({ Item: { ...known, ...foreign } });
    assert.deepEqual(await api.getItem({ ...TABLE, key: KEY }), known);
  });
});

describe("DynamoDbApi.batchGetItem()", () => {
  const keysOf = (count: number): Item[] =>
    Array.from({ length: count }, (_, i) => ({ ID: { S: `k${i}` } }));

  /** A table that has every row, and returns so many a call. */
  function table(perCall: (call: number) => number): Scripted & { readonly sizes: number[] } {
    const sizes: number[] = [];
    const asked: Asked[] = [];
    const clock = new ManualClock({ isSelfMoving: true });
    const call: AwsCall = (...one) => {
      const [, input] = asked[asked.push(one as Asked) - 1] as Asked;
      const { RequestItems } = input as {
        RequestItems: { app_clients: { Keys: Item[]; ConsistentRead: boolean } };
      };
      const { Keys, ConsistentRead } = RequestItems.app_clients;
      assert.equal(ConsistentRead, true);
      assert.ok(Keys.length >= 1 && Keys.length <= 100, `${Keys.length} keys`);
      const count = Math.min(perCall(sizes.push(Keys.length)), Keys.length);
      const left = Keys.slice(count);
      return Promise.resolve({
        Responses: { app_clients: Keys.slice(0, count) },
        UnprocessedKeys: left.length === 0 ? {} : { app_clients: { Keys: left } },
      });
    };
    return { api: apiOf(call, clock), asked, clock, sizes };
  }

  const cases: readonly [number, number[]][] = [
    [0, []],
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ];
  for (const [count, expected] of cases) {
    it(`asks for ${count} keys in calls of ${JSON.stringify(expected)}`, async () => {
      const { api, clock, sizes } = table(() => 100);
      const items = await api.batchGetItem({ ...TABLE, keys: keysOf(count) });
      assert.deepEqual(sizes, expected);
      assert.deepEqual(items, keysOf(count));
      assert.deepEqual(clock.sleeps, []);
    });
  }

  it("returns every row once, however the service splits its answers", async () => {
    const splits = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 20 })
      .filter((counts) => counts.some((count) => count > 0));
    await fc.assert(
      fc.asyncProperty(splits, fc.nat(230), async (counts, keyCount) => {
        let fruitless = 0;
        const { api } = table((call) => {
          const count = counts[call % counts.length] ?? 0;
          fruitless = count === 0 ? fruitless + 1 : 0;
          return fruitless > 7 ? 1 : count;
        });
        const items = await api.batchGetItem({ ...TABLE, keys: keysOf(keyCount) });
        assert.deepEqual(items, keysOf(keyCount));
      }),
      { numRuns: 50 },
    );
  });

  it("pauses before it asks again, longer while nothing comes", async () => {
    const { api, clock } = table((call) => (call <= 3 ? 0 : 100));
    await api.batchGetItem({ ...TABLE, keys: keysOf(5) });
    assert.deepEqual(clock.sleeps, [50, 100, 200]);
  });

  it("gives up as Throttled after eight answers in a row with nothing in them", async () => {
    const { api, sizes } = table(() => 0);
    await assert.rejects(api.batchGetItem({ ...TABLE, keys: keysOf(5) }), {
      code: "Throttled",
      operation: "BatchGetItem",
      retryable: true,
    });
    assert.equal(sizes.length, 8);
  });

  it("ends its pause when the signal aborts", async () => {
    const controller = new AbortController();
    const { api, sizes } = table(() => {
      controller.abort("stopping");
      return 0;
    });
    const asking = api.batchGetItem({ ...TABLE, keys: keysOf(5) }, controller.signal);
    await assert.rejects(asking, (error) => error === "stopping");
    assert.equal(sizes.length, 1);
  });

  it("refuses an answer without responses", async () => {
    await assert.rejects(scripted({}).api.batchGetItem({ ...TABLE, keys: [KEY] }), isMalformed);
  });
});

describe("DynamoDbApi.scan()", () => {
  it("reads every page with strong consistency", async () => {
    const { api, asked } = scripted(
      { Items: [{ ID: { S: "a" } }], LastEvaluatedKey: KEY },
      { Items: [], LastEvaluatedKey: { ID: { S: "b" } } },
      { Items: [{ ID: { S: "c" } }], LastEvaluatedKey: null },
    );
    assert.deepEqual(await api.scan(TABLE), [{ ID: { S: "a" } }, { ID: { S: "c" } }]);
    const first = { TableName: "app_clients", ConsistentRead: true };
    assert.deepEqual(asked.map(([, input]) => input), [
      first,
      { ...first, ExclusiveStartKey: KEY },
      { ...first, ExclusiveStartKey: { ID: { S: "b" } } },
    ]);
  });

  it("refuses a page without rows", async () => {
    await assert.rejects(scripted({}).api.scan(TABLE), isMalformed);
  });
});

describe("DynamoDbApi.updateItem() and deleteItem()", () => {
  const update = { ...TABLE, key: KEY, updateExpression: "SET #n = :n" };
  const condition = {
    conditionExpression: "attribute_exists(ID)",
    attributeNames: { "#n": "Name" },
    attributeValues: { ":n": { S: "b" } },
  };
  const written = {
    TableName: "app_clients",
    Key: KEY,
    ConditionExpression: "attribute_exists(ID)",
    ExpressionAttributeNames: { "#n": "Name" },
    ExpressionAttributeValues: { ":n": { S: "b" } },
  };
  const sent = (asked: Asked[]): unknown => JSON.parse(JSON.stringify(asked[0]?.[1]));

  it("update: ask for the whole row as it is afterwards", async () => {
    const { api, asked } = scripted({ Attributes: { ID: { S: "a" }, Name: { S: "b" } } });
    assert.deepEqual(await api.updateItem({ ...update, ...condition }), {
      outcome: "applied",
      item: { ID: { S: "a" }, Name: { S: "b" } },
    });
    const input = { ...written, UpdateExpression: "SET #n = :n", ReturnValues: "ALL_NEW" };
    assert.equal(asked[0]?.[0], "DynamoDB_20120810.UpdateItem");
    assert.deepEqual(sent(asked), input);
  });

  it("delete: ask for nothing back", async () => {
    const { api, asked } = scripted({});
    assert.deepEqual(await api.deleteItem({ ...TABLE, key: KEY, ...condition }), {
      outcome: "applied",
    });
    assert.equal(asked[0]?.[0], "DynamoDB_20120810.DeleteItem");
    assert.deepEqual(sent(asked), written);
  });

  it("leave empty maps out, which the service refuses", async () => {
    const { api, asked } = scripted({});
    await api.deleteItem({ ...TABLE, key: KEY, attributeNames: {}, attributeValues: {} });
    assert.deepEqual(sent(asked), { TableName: "app_clients", Key: KEY });
  });

  it("call a failed condition an outcome", async () => {
    const failed = refused("ConditionalCheckFailedException");
    const outcome = { outcome: "conditionFailed" };
    assert.deepEqual(await scripted(failed).api.updateItem(update), outcome);
    assert.deepEqual(await scripted(failed).api.deleteItem({ ...TABLE, key: KEY }), outcome);
  });

  it("let every other failure through as it is", async () => {
    const failed = refused("ValidationException");
    const isIt = (error: unknown): boolean => error === failed;
    await assert.rejects(scripted(failed).api.updateItem(update), isIt);
    await assert.rejects(scripted(failed).api.deleteItem({ ...TABLE, key: KEY }), isIt);
  });

  it("refuse an empty answer, rather than call it applied", async () => {
    await assert.rejects(scripted(undefined).api.updateItem(update), isMalformed);
    await assert.rejects(scripted(undefined).api.deleteItem({ ...TABLE, key: KEY }), isMalformed);
  });
});

describe("DynamoDbApi on tables", () => {
  const keys = {
    TableName: "app_clients",
    AttributeDefinitions: [{ AttributeName: "ID", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "ID", KeyType: "HASH" }],
  };
  const sent = (asked: Asked[]): unknown => JSON.parse(JSON.stringify(asked[0]?.[1]));

  it("creates one on demand, or with units", async () => {
    const onDemand = scripted({ TableDescription: {} });
    assert.equal(await onDemand.api.createTable({ ...TABLE, hashKey: "ID" }), true);
    assert.deepEqual(sent(onDemand.asked), { ...keys, BillingMode: "PAY_PER_REQUEST" });
    const inUnits = scripted({ TableDescription: {} });
    const provisioned = { readUnits: 3, writeUnits: 4 };
    await inUnits.api.createTable({ ...TABLE, hashKey: "ID", provisioned });
    assert.deepEqual(sent(inUnits.asked), {
      ...keys,
      BillingMode: "PROVISIONED",
      ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
    });
  });

  it("says false of one that is there already, or that is not there to delete", async () => {
    const inUse = scripted(refused("ResourceInUseException"));
    assert.equal(await inUse.api.createTable({ ...TABLE, hashKey: "ID" }), false);
    const absent = scripted(refused("ResourceNotFoundException", "TableNotFound"));
    assert.equal(await absent.api.deleteTable(TABLE), false);
    assert.equal(await scripted({ TableDescription: {} }).api.deleteTable(TABLE), true);
  });

  it("describes one, and says undefined of one that is not there", async () => {
    const there = scripted({ Table: { TableStatus: "CREATING" } });
    assert.deepEqual(await there.api.describeTable(TABLE), { status: "CREATING" });
    const absent = scripted(refused("ResourceNotFoundException", "TableNotFound"));
    assert.equal(await absent.api.describeTable(TABLE), undefined);
  });

  it("turns on recovery to a point in time, and says where the server knows nothing of it", async () => {
    const on = scripted({ ContinuousBackupsDescription: {} });
    assert.equal(await on.api.enableRecovery?.(TABLE), true);
    const input = {
      TableName: "app_clients",
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    };
    assert.deepEqual(on.asked.map(([target, asked]) => [target, asked]), [
      ["DynamoDB_20120810.UpdateContinuousBackups", input],
    ]);
    const unknown = scripted(refused("UnknownOperationException"));
    assert.equal(await unknown.api.enableRecovery?.(TABLE), false);
  });

  it("lets the other one's refusal through as it is", async () => {
    const inUse = refused("ResourceInUseException", "TableNotReady");
    const absent = refused("ResourceNotFoundException", "TableNotFound");
    await assert.rejects(scripted(inUse).api.deleteTable(TABLE), { code: "TableNotReady" });
    await assert.rejects(scripted(inUse).api.describeTable(TABLE), { code: "TableNotReady" });
    const creating = scripted(absent).api.createTable({ ...TABLE, hashKey: "ID" });
    await assert.rejects(creating, { code: "TableNotFound" });
  });

  for (const reply of [undefined, {}, { Table: {} }]) {
    it(`refuses the description ${JSON.stringify(reply)}`, async () => {
      await assert.rejects(scripted(reply).api.describeTable(TABLE), isMalformed);
    });
  }
});

describe("createDynamoDbApi() against dynalite", () => {
  let servers: EmbeddedServers;
  let api: DynamoDbApi;

  before(async () => {
    servers = await startEmbeddedServers();
    const runtime = systemRuntime();
    const credentials = createCredentialsSource({ credentials: servers.credentials, runtime });
    const { dynamodbEndpoint: endpoint, region } = servers;
    const config = { service: "dynamodb", endpoint, region, credentials, runtime } as const;
    const { clock, random } = runtime;
    api = createDynamoDbApi({
      call: createAwsCall({ ...config, timeoutMs: 5_000 }),
      clock,
      random,
    });
    assert.equal(await api.createTable({ ...TABLE, hashKey: "ID" }), true);
    await until("ACTIVE", TABLE.tableName);
  });
  after(() => servers.stop());

  async function until(status: string | undefined, tableName: string): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if ((await api.describeTable({ tableName }))?.status === status) return;
      await systemRuntime().clock.sleep(5);
    }
    assert.fail(`the table did not become ${status}`);
  }

  const put = (id: string, value: AttributeValue): Promise<unknown> =>
    api.updateItem({
      ...TABLE,
      key: { ID: { S: id } },
      updateExpression: "SET #v = :v",
      attributeNames: { "#v": "Value" },
      attributeValues: { ":v": value },
    });

  it("writes every type of ours, and reads it back", async () => {
    const values: readonly AttributeValue[] = [
      { S: "naïve — ☃" },
      { N: "1700000000000000001" },
      { BOOL: true },
      { NULL: true },
      { L: [{ S: "a" }, { L: [{ N: "1" }] }] },
    ];
    for (const [i, value] of values.entries()) {
      const key = { ID: { S: `type ${i}` } };
      const row = { ...key, Value: value };
      assert.deepEqual(await put(`type ${i}`, value), { outcome: "applied", item: row });
      assert.deepEqual(await api.getItem({ ...TABLE, key }), row);
    }
    assert.equal(await api.getItem({ ...TABLE, key: { ID: { S: "none" } } }), undefined);
  });

  it("lets one of fifty racing writes win, and tells the others", async () => {
    const race = Array.from({ length: 50 }, (_, i) =>
      api.updateItem({
        ...TABLE,
        key: { ID: { S: "race" } },
        updateExpression: "SET Winner = :w",
        conditionExpression: "attribute_not_exists(ID)",
        attributeValues: { ":w": { N: String(i) } },
      }));
    const outcomes = await Promise.all(race);
    const won = outcomes.filter(({ outcome }) => outcome === "applied");
    assert.equal(won.length, 1);
    assert.equal(outcomes.filter(({ outcome }) => outcome === "conditionFailed").length, 49);
    const [winner] = won;
    const row = await api.getItem({ ...TABLE, key: { ID: { S: "race" } } });
    assert.deepEqual(winner, { outcome: "applied", item: row });
  });

  it("deletes on condition", async () => {
    await put("gone", { S: "x" });
    const request = {
      ...TABLE,
      key: { ID: { S: "gone" } },
      conditionExpression: "#v = :v",
      attributeNames: { "#v": "Value" },
    };
    const attributeValues = { ":v": { S: "y" } };
    const failed = await api.deleteItem({ ...request, attributeValues });
    assert.deepEqual(failed, { outcome: "conditionFailed" });
    const applied = await api.deleteItem({ ...request, attributeValues: { ":v": { S: "x" } } });
    assert.deepEqual(applied, { outcome: "applied" });
    assert.equal(await api.getItem({ ...TABLE, key: request.key }), undefined);
  });

  it("reads 150 rows by key, and a table of several pages", async () => {
    const tableName = "app_checkpoints";
    assert.equal(await api.createTable({ tableName, hashKey: "Shard" }), true);
    await until("ACTIVE", tableName);
    const keys = Array.from({ length: 150 }, (_, i) => ({ Shard: { S: `shard ${i}` } }));
    const padding = "x".repeat(10_000); // 1.5 MB in all: more than a page
    await Promise.all(keys.map((key) =>
      api.updateItem({
        tableName,
        key,
        updateExpression: "SET Padding = :p",
        attributeValues: { ":p": { S: padding } },
      })
    ));
    const rows = keys.map((key) => ({ ...key, Padding: { S: padding } }));
    const byShard = (one: Item, other: Item): number =>
      JSON.stringify(one["Shard"]) < JSON.stringify(other["Shard"]) ? -1 : 1;
    rows.sort(byShard);
    const absent = { Shard: { S: "absent" } };
    const got = await api.batchGetItem({ tableName, keys: [...keys, absent] });
    assert.deepEqual([...got].sort(byShard), rows);
    assert.deepEqual([...await api.scan({ tableName })].sort(byShard), rows);
  });

  it("creates, finds and deletes a table, each only once", async () => {
    const tableName = "app_metadata";
    assert.equal(await api.describeTable({ tableName }), undefined);
    await assert.rejects(api.scan({ tableName }), { code: "TableNotFound", retryable: false });
    const provisioned = { readUnits: 1, writeUnits: 1 };
    assert.equal(await api.createTable({ tableName, hashKey: "Key", provisioned }), true);
    assert.equal(await api.createTable({ tableName, hashKey: "Key", provisioned }), false);
    await until("ACTIVE", tableName);
    assert.equal(await api.deleteTable({ tableName }), true);
    await until(undefined, tableName);
    assert.equal(await api.deleteTable({ tableName }), false);
  });

  it("rejects a bad expression with the service's name for it", async () => {
    const bad = api.updateItem({ ...TABLE, key: KEY, updateExpression: "NONSENSE" });
    await assert.rejects(bad, {
      code: "RequestRejected",
      awsCode: "ValidationException",
      operation: "UpdateItem",
      httpStatus: 400,
    });
  });
});
