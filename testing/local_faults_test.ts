// The contract: each fault does to a client what its method says, and is seen to do it; it strikes
// what its scope names and nothing else; what could never strike is refused.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { type AwsCall, createAwsCall } from "../src/aws/call.ts";
import { createCredentialsSource } from "../src/aws/credentials.ts";
import { KinsumerError } from "../src/errors.ts";
import { systemRuntime } from "../src/runtime.ts";
import type { LocalFaults } from "./local_faults.ts";
import { startLocalKinesis } from "./local_kinesis.ts";
import type { LocalKinesis } from "./local_model.ts";
import { createSdkRequestHandler } from "./local_sdk.ts";

const LIMIT = { timeout: 30_000 };
const SHARD = "shardId-000000000000";

describe("the faults of a local Kinesis", () => {
  let local: LocalKinesis;
  let streamName: string;

  before(async () => {
    local = await startLocalKinesis({ backend: "embedded" });
    streamName = await local.createStream({ shards: 3 });
  }, LIMIT);

  afterEach(() => local.faults.clear());

  after(() => local.stop());

  const caller = (client: string, timeoutMs = 5_000): AwsCall => {
    const { region, kinesisEndpoint: endpoint, credentials: given } = local.clientOptions({
      client,
    });
    const runtime = systemRuntime();
    const credentials = createCredentialsSource({ credentials: given, runtime });
    return createAwsCall({ service: "kinesis", endpoint, region, credentials, runtime, timeoutMs });
  };
  const ask = async (operation: string, input: object, client = "ann", timeoutMs?: number) =>
    await caller(client, timeoutMs)(`Kinesis_20131202.${operation}`, input) as Record<
      string,
      unknown
    >;
  const describeStream = (client?: string, timeoutMs?: number) =>
    ask("DescribeStreamSummary", { StreamName: streamName }, client, timeoutMs);
  const read = async (shardId = SHARD) => {
    const facts = { StreamName: streamName, ShardId: shardId, ShardIteratorType: "TRIM_HORIZON" };
    const { ShardIterator } = await ask("GetShardIterator", facts);
    return await ask("GetRecords", { ShardIterator });
  };
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return "success";
    } catch (error) {
      return error instanceof KinsumerError ? error.awsCode ?? error.code : String(error);
    }
  };

  it("refuse: throttle, serverError, expireIterators, expireCredentials", LIMIT, async () => {
    const { faults } = local;
    faults.throttle({ times: 1 });
    assert.equal(await codeOf(describeStream()), "ProvisionedThroughputExceededException");
    faults.serverError({ times: 1 });
    assert.equal(await codeOf(describeStream()), "InternalFailure");
    faults.expireCredentials({ times: 1 });
    assert.equal(await codeOf(describeStream()), "ExpiredTokenException");
    faults.expireIterators({ times: 1 });
    assert.equal(await codeOf(read()), "ExpiredIteratorException");
    assert.equal(await codeOf(read()), "success");
  });

  it("lose answers: hang and drop, before the server has done it and after", LIMIT, async () => {
    const { faults } = local;
    const make = (name: string) =>
      ask("CreateStream", { StreamName: name, ShardCount: 1 }, "ann", 1_000);
    const isThere = async (name: string) => await codeOf(local.shards(name)) === "success";
    faults.hang({ times: 1 });
    assert.equal(await codeOf(make("hang-before")), "RequestTimeout");
    faults.hang({ when: "after", times: 1 });
    assert.equal(await codeOf(make("hang-after")), "RequestTimeout");
    faults.drop({ when: "before", times: 1 });
    assert.equal(await codeOf(make("drop-before")), "NetworkFailure");
    faults.drop({ when: "after", times: 1 });
    assert.equal(await codeOf(make("drop-after")), "NetworkFailure");
    const there = [];
    for (const name of ["hang-before", "hang-after", "drop-before", "drop-after"]) {
      there.push(await isThere(name));
    }
    assert.deepEqual(there, [false, true, false, true]);
  });

  it("strike once where a connection is cut, on every runtime", LIMIT, async () => {
    const before = local.faults.struck.length;
    const drop = local.faults.drop({ client: "cut" });
    assert.equal(await codeOf(describeStream("cut")), "NetworkFailure");
    assert.equal(drop.hits, 1);
    assert.equal(local.faults.struck.length, before + 1);
  });

  it("change answers: falseShardEnd, pageListShards", LIMIT, async () => {
    local.faults.falseShardEnd({ times: 1, shardId: SHARD });
    assert.equal((await read())["NextShardIterator"], null);
    assert.equal(typeof (await read())["NextShardIterator"], "string");
    local.faults.pageListShards({ pageSize: 2 });
    const first = await ask("ListShards", { StreamName: streamName });
    assert.equal((first["Shards"] as unknown[]).length, 2);
    const second = await ask("ListShards", { NextToken: first["NextToken"] });
    assert.equal((second["Shards"] as unknown[]).length, 1);
    assert.equal(second["NextToken"], undefined);
  });

  it("disturb time: latency, clockSkew", LIMIT, async () => {
    const startMs = performance.now();
    local.faults.latency({ delayMs: 100, times: 1 });
    await describeStream();
    assert.ok(performance.now() - startMs >= 95, "it waited");
    const skewed = local.faults.clockSkew({ skewMs: -1_200_000, client: "late" });
    assert.equal(await codeOf(describeStream("late")), "success"); // signed again by the Date header
    assert.equal(skewed.hits, 1);
  });

  it("cut connections that are open", LIMIT, async () => {
    const slow = local.faults.latency({ delayMs: 2_000, client: "open" });
    const asked = codeOf(describeStream("open"));
    await slow.hit();
    local.faults.clear();
    local.faults.drop({ client: "open" }); // what Deno sends again is cut too
    local.faults.cutConnections("open");
    assert.equal(await asked, "NetworkFailure");
  });

  it("strike one client, one shard, so often, so long", LIMIT, async () => {
    local.faults.throttle({ client: "ann", operation: ["DescribeStreamSummary"] });
    assert.notEqual(await codeOf(describeStream("ann")), "success");
    assert.equal(await codeOf(describeStream("bob")), "success");
    local.faults.clear();
    local.faults.expireIterators({ shardId: "shardId-000000000001" });
    assert.equal(await codeOf(read("shardId-000000000001")), "ExpiredIteratorException");
    assert.equal(await codeOf(read("shardId-000000000002")), "success");
    local.faults.serverError({ forMs: 1 });
    await systemRuntime().clock.sleep(20);
    assert.equal(await codeOf(describeStream()), "success");
  });

  it("tell what they struck, and when they have", LIMIT, async () => {
    const fault = local.faults.throttle({ operation: "DescribeStreamSummary", times: 2 });
    const hit = fault.hit(2);
    await codeOf(describeStream("carol"));
    await codeOf(describeStream("carol"));
    await hit;
    assert.equal(fault.hits, 2);
    const { atMs, ...last } = local.faults.struck.at(-1)!;
    assert.deepEqual(last, {
      kind: "throttle",
      service: "kinesis",
      operation: "DescribeStreamSummary",
      shardId: undefined,
      client: "carol",
    });
    assert.ok(Math.abs(atMs - Date.now()) < 60_000, `${atMs}`);
    await assert.rejects(fault.hit(3, { withinMs: 30 }), {
      name: "LocalKinesisError",
      code: "FaultTimeout",
      message: "The fault throttle struck 2 of 3 times within 30 ms",
    });
    local.faults.throttle({ client: "many" });
    while (fault.hits + local.faults.struck.length < 1_002) {
      await Promise.all(Array.from({ length: 50 }, () => codeOf(describeStream("many"))));
    }
    await codeOf(describeStream("many"));
    assert.equal(local.faults.struck.length, 1_000);
  });

  it("refuse what they could not do", () => {
    const faults = local.faults as unknown as Record<keyof LocalFaults, (fault: object) => void>;
    const cases: [keyof LocalFaults, object, ErrorConstructor, RegExp][] = [
      ["throttle", { time: 1 }, TypeError, /"time" is not one of service, operation/],
      ["throttle", { times: 0 }, RangeError, /times is 0/],
      ["throttle", { probability: 2 }, RangeError, /probability is 2/],
      ["drop", { when: "later" }, RangeError, /"before" or "after", got "later"/],
      ["latency", {}, TypeError, /delayMs must be a number/],
      ["latency", { delayMs: -1 }, RangeError, /delayMs must be a number from 0, got -1/],
      ["pageListShards", { pageSize: 0 }, RangeError, /pageSize/],
      ["clockSkew", { skewMs: NaN }, RangeError, /skewMs/],
    ];
    for (const [method, fault, type, message] of cases) {
      assert.throws(() => faults[method](fault), (error: Error) => {
        assert.ok(error instanceof type, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    }
  });

  it("are refused where no proxy stands", LIMIT, async () => {
    const bare = await startLocalKinesis({ backend: "embedded", faults: false });
    assert.throws(() => bare.faults, { name: "TypeError", message: /faults: false/ });
    await bare.stop();
  });

  it(
    "reach the SDK's request handler, which names its failures as the SDK expects",
    LIMIT,
    async () => {
      const { endpoint, requestHandler } = local.sdkConfig("kinesis", { client: "sdk" });
      const { hostname, port, protocol } = new URL(endpoint);
      const request = {
        method: "POST",
        protocol,
        hostname,
        port: Number(port),
        path: "/",
        query: {},
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": "Kinesis_20131202.ListStreams",
          "x-amz-date": "20300101T000000Z",
          authorization:
            "AWS4-HMAC-SHA256 Credential=sdk/20300101/us-east-1/kinesis/aws4_request, " +
            "SignedHeaders=host, Signature=x",
        },
        body: "{}",
      };
      const { response } = await requestHandler.handle(request);
      assert.equal(response.statusCode, 200);
      assert.ok(response.body instanceof Uint8Array, "a whole body");
      const drop = local.faults.drop({ client: "sdk", times: 1 });
      await assert.rejects(requestHandler.handle(request), { code: "ECONNRESET" });
      assert.equal(drop.hits, 1);
      local.faults.hang({ client: "sdk" });
      const abort = new AbortController();
      const asked = createSdkRequestHandler().handle(request, { abortSignal: abort.signal });
      setTimeout(() => abort.abort(), 20);
      await assert.rejects(asked, { name: "AbortError" });
      assert.throws(() => local.sdkConfig("s3" as "kinesis"), RangeError);
    },
  );
});
