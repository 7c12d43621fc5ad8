// The fault proxy over real sockets: without faults it changes nothing; each fault strikes what its
// scope names, as often as it says, and nothing else; a write that is cut off is done or not, as told.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type AwsCall, createAwsCall } from "../src/aws/call.ts";
import { createCredentialsSource } from "../src/aws/credentials.ts";
import { KinsumerError } from "../src/errors.ts";
import { createKinesisApi, type KinesisApi } from "../src/aws/kinesis.ts";
import { systemRuntime } from "../src/runtime.ts";
import { type FaultProxy, startFaultProxy } from "./fault_proxy.ts";
import { type EmbeddedServers, startEmbeddedServers } from "./local_servers.ts";
import { openStreams } from "./streams.ts";

const STREAM = "stream";
const TABLE = "table";

describe("the fault proxy", () => {
  let servers: EmbeddedServers;
  let proxy: FaultProxy;

  const caller = (service: "kinesis" | "dynamodb", client: string, timeoutMs = 5_000): AwsCall => {
    const runtime = systemRuntime();
    const credentials = createCredentialsSource({
      credentials: { accessKeyId: client, secretAccessKey: "secret" },
      runtime,
    });
    const endpoint = service === "kinesis" ? proxy.kinesisEndpoint : proxy.dynamodbEndpoint;
    return createAwsCall({
      service,
      endpoint,
      region: "us-east-1",
      credentials,
      runtime,
      timeoutMs,
    });
  };
  const kinesis = (client = "ann", timeoutMs?: number): KinesisApi =>
    createKinesisApi({ call: caller("kinesis", client, timeoutMs), streamName: STREAM });
  const describeStream = (client: string) => kinesis(client).describeStream();
  const iteratorOf = (shardId: string) =>
    kinesis().getShardIterator({ shardId, position: { type: "TRIM_HORIZON" } });
  const read = async (shardId: string) =>
    await kinesis().getRecords({ shardId, shardIterator: await iteratorOf(shardId), limit: 10 });
  const put = (value: string, timeoutMs?: number) =>
    caller("dynamodb", "ann", timeoutMs)("DynamoDB_20120810.PutItem", {
      TableName: TABLE,
      Item: { ID: { S: "1" }, Value: { S: value } },
    });
  const value = async () => {
    const input = { TableName: TABLE, Key: { ID: { S: "1" } }, ConsistentRead: true };
    const answer = await caller("dynamodb", "bob")("DynamoDB_20120810.GetItem", input);
    return (answer as { Item?: { Value: { S: string } } }).Item?.Value.S;
  };
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return "success";
    } catch (error) {
      return error instanceof KinsumerError ? error.awsCode ?? error.code : String(error);
    }
  };

  beforeEach(async () => {
    servers = await startEmbeddedServers();
    proxy = await startFaultProxy(servers);
    await openStreams(servers).create(STREAM, { shardCount: 5 });
    await caller("dynamodb", "setup")("DynamoDB_20120810.CreateTable", {
      TableName: TABLE,
      AttributeDefinitions: [{ AttributeName: "ID", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "ID", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    });
    await sleep(50);
  });

  afterEach(async () => {
    await proxy.stop();
    await servers.stop();
  });

  it("changes nothing without faults", async () => {
    assert.equal((await kinesis().listShards()).length, 5);
    assert.deepEqual((await read("shardId-000000000000")).records, []);
    await put("a");
    assert.equal(await value(), "a");
    assert.deepEqual(proxy.faults.hits, {});
  });

  it("throttles as often as it is told, and counts", async () => {
    const handle = proxy.faults.add({
      kind: "throttle",
      operation: "DescribeStreamSummary",
      times: 2,
    });
    const codes = [];
    for (let count = 0; count < 3; count++) codes.push(await codeOf(describeStream("ann")));
    const throttled = "ProvisionedThroughputExceededException";
    assert.deepEqual(codes, [throttled, throttled, "success"]);
    assert.deepEqual([handle.hits, proxy.faults.hits], [2, { throttle: 2 }]);
  });

  it("strikes one client, one service, one operation; no more once it is removed", async () => {
    const handle = proxy.faults.add({ kind: "server-error", client: "ann", service: "kinesis" });
    assert.equal(await codeOf(describeStream("ann")), "InternalFailure");
    assert.equal(await codeOf(describeStream("bob")), "success");
    await put("a");
    handle.remove();
    assert.equal(await codeOf(describeStream("ann")), "success");
  });

  it("strikes one shard, whose iterators it remembers", async () => {
    proxy.faults.add({ kind: "expired-iterator", shardId: "shardId-000000000001" });
    assert.equal(await codeOf(read("shardId-000000000001")), "ExpiredIteratorException");
    assert.equal(await codeOf(read("shardId-000000000002")), "success");
  });

  it("ends a fault when its time is over", async () => {
    proxy.faults.add({ kind: "throttle", forMs: 100 });
    assert.notEqual(await codeOf(describeStream("ann")), "success");
    await sleep(150);
    assert.equal(await codeOf(describeStream("ann")), "success");
  });

  it("draws by its seed", async () => {
    proxy.faults.add({ kind: "throttle", probability: 0.5 });
    const codes = await Promise.all(
      Array.from({ length: 40 }, () => codeOf(describeStream("ann"))),
    );
    const hits = codes.filter((code) => code !== "success").length;
    assert.ok(hits > 5 && hits < 35, `${hits} of 40`);
    assert.equal(proxy.faults.hits.throttle, hits);
  });

  it("delays", async () => {
    proxy.faults.add({ kind: "latency", delayMs: 200, times: 1 });
    const startMs = performance.now();
    await describeStream("ann");
    const takenMs = performance.now() - startMs;
    assert.ok(takenMs >= 195 && takenMs < 2_000, `${takenMs} ms`);
  });

  it("cuts the connection before a write is done, or after", async () => {
    await put("a");
    const before = proxy.faults.add({ kind: "drop", operation: "PutItem" });
    assert.equal(await codeOf(put("b")), "NetworkFailure");
    assert.equal(await value(), "a");
    before.remove();
    proxy.faults.add({ kind: "drop", operation: "PutItem", isApplied: true });
    assert.equal(await codeOf(put("c")), "NetworkFailure");
    assert.equal(await value(), "c");
  });

  it("leaves a request without an answer, done or not", async () => {
    await put("a");
    const before = proxy.faults.add({ kind: "hang", operation: "PutItem" });
    assert.equal(await codeOf(put("b", 200)), "RequestTimeout");
    assert.equal(await value(), "a");
    before.remove();
    proxy.faults.add({ kind: "hang", operation: "PutItem", isApplied: true });
    assert.equal(await codeOf(put("c", 200)), "RequestTimeout");
    assert.equal(await value(), "c");
  });

  it("ends hung requests when it stops", async () => {
    proxy.faults.add({ kind: "hang" });
    const hanging = codeOf(describeStream("ann"));
    while (proxy.faults.hits.hang === undefined) await sleep(5);
    await proxy.stop();
    assert.equal(await hanging, "NetworkFailure");
  });

  it("says that a shard has ended which has not", async () => {
    proxy.faults.add({ kind: "false-shard-end", times: 1 });
    const shardId = "shardId-000000000000";
    assert.equal((await read(shardId)).nextShardIterator, undefined);
    assert.equal(typeof (await read(shardId)).nextShardIterator, "string");
  });

  it("lists in pages, whose tokens die", async () => {
    proxy.faults.add({ kind: "paged-list", pageSize: 2 });
    const ids = (await kinesis().listShards()).map(({ shardId }) => shardId);
    assert.deepEqual(ids, Array.from({ length: 5 }, (_, index) => `shardId-00000000000${index}`));
    proxy.faults.clear();
    proxy.faults.add({ kind: "paged-list", pageSize: 2, tokenTtlMs: 0.001, times: 2 });
    assert.equal((await kinesis().listShards()).length, 5);
    assert.equal(proxy.faults.hits["paged-list"], 3);
    const unknown = caller("kinesis", "ann")("Kinesis_20131202.ListShards", { NextToken: "x" });
    assert.equal(await codeOf(unknown), "ExpiredNextTokenException");
  });

  it("has another time: a client that signs again by the Date header gets through", async () => {
    const handle = proxy.faults.add({ kind: "clock-skew", skewMs: 1_200_000, client: "ann" });
    const ann = kinesis("ann");
    assert.equal(await codeOf(ann.describeStream()), "success");
    assert.equal(await codeOf(ann.describeStream()), "success");
    assert.equal(handle.hits, 1);
  });

  it("refuses credentials as expired", async () => {
    proxy.faults.add({ kind: "expired-credentials", client: "ann" });
    assert.equal(await codeOf(describeStream("ann")), "ExpiredTokenException");
  });

  it("closes, and opens again on the same port", async () => {
    const { kinesisEndpoint } = proxy;
    await describeStream("ann");
    await proxy.close();
    assert.equal(await codeOf(describeStream("ann")), "NetworkFailure");
    await proxy.open();
    assert.equal(proxy.kinesisEndpoint, kinesisEndpoint);
    // The first call may meet a connection of before.
    await codeOf(describeStream("ann"));
    assert.equal(await codeOf(describeStream("ann")), "success");
  });

  it("cuts one client's connections in the middle of a request", async () => {
    proxy.faults.add({ kind: "latency", delayMs: 500 });
    const [ann, bob] = [codeOf(describeStream("ann")), codeOf(describeStream("bob"))];
    let isSettled = false;
    void ann.then(() => isSettled = true);
    while ((proxy.faults.hits.latency ?? 0) < 2) await sleep(5);
    while (!isSettled) { // Deno's fetch sends the request again by itself
      proxy.cut("ann");
      await sleep(20);
    }
    assert.deepEqual([await ann, await bob], ["NetworkFailure", "success"]);
  });

  it("refuses a fault that could never strike", () => {
    assert.throws(() => proxy.faults.add({ kind: "throttle", probability: 0 }), RangeError);
    assert.throws(() => proxy.faults.add({ kind: "throttle", times: 0 }), RangeError);
    assert.throws(() => proxy.faults.add({ kind: "throttle", forMs: 0 }), RangeError);
  });
});
