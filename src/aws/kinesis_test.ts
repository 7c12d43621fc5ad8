/**
 * The contract: each method asks the service as it wants to be asked, reads what it documents, and
 * refuses what it does not. Against a scripted call, a paging server on 127.0.0.1, and kinesalite.
 */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, describe, it } from "node:test";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { type EmbeddedServers, startEmbeddedServers } from "../../testing/local_servers.ts";
import { KinsumerError } from "../errors.ts";
import type { Position } from "../model.ts";
import { systemRuntime } from "../runtime.ts";
import { type AwsCall, type AwsCallOptions, createAwsCall } from "./call.ts";
import { createCredentialsSource } from "./credentials.ts";
import { createKinesisApi, type KinesisApi } from "./kinesis.ts";

const SHARD = "shardId-000000000000";

type Asked = [target: string, input: unknown, options: AwsCallOptions | undefined];

/** An API whose calls answer, or fail, with these in turn. */
function scripted(...replies: unknown[]): { readonly api: KinesisApi; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const call: AwsCall = (...one) => {
    const reply = replies[asked.push(one as Asked) - 1];
    return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
  };
  return { api: createKinesisApi({ call, streamName: "orders" }), asked };
}

function refused(awsCode: string): KinsumerError {
  const facts = { awsCode, httpStatus: 400, requestId: "r", operation: "o", cause: "c" };
  return new KinsumerError("RequestRejected", "refused", facts);
}

function isMalformed(error: unknown): boolean {
  return error instanceof KinsumerError && error.code === "MalformedAnswer" && error.retryable;
}

describe("KinesisApi.listShards()", () => {
  it("asks with the stream's name first, and with nothing but the token after that", async () => {
    const { api, asked } = scripted(
      { Shards: [{ ShardId: "a" }], NextToken: "t1" },
      { Shards: [], NextToken: "t2" },
      { Shards: [{ ShardId: "b" }], NextToken: null },
    );
    const { signal } = new AbortController();
    const shards = await api.listShards(signal);
    assert.deepEqual(shards.map(({ shardId }) => shardId), ["a", "b"]);
    const target = "Kinesis_20131202.ListShards";
    assert.deepEqual(asked, [
      [target, { StreamName: "orders" }, { signal }],
      [target, { NextToken: "t1" }, { signal }],
      [target, { NextToken: "t2" }, { signal }],
    ]);
  });

  it("reads lineage and range, and takes null for absent", async () => {
    const { api } = scripted({
      Shards: [
        {
          ShardId: "c",
          ParentShardId: "a",
          AdjacentParentShardId: "b",
          SequenceNumberRange: { StartingSequenceNumber: "1", EndingSequenceNumber: "2" },
        },
        {
          ShardId: "d",
          ParentShardId: null,
          AdjacentParentShardId: null,
          SequenceNumberRange: { StartingSequenceNumber: "3", EndingSequenceNumber: null },
        },
        { ShardId: "e", SequenceNumberRange: null },
      ],
    });
    const none = { parentShardId: undefined, adjacentParentShardId: undefined };
    const open = { ...none, endingSequenceNumber: undefined };
    assert.deepEqual(await api.listShards(), [
      {
        shardId: "c",
        parentShardId: "a",
        adjacentParentShardId: "b",
        startingSequenceNumber: "1",
        endingSequenceNumber: "2",
      },
      { ...open, shardId: "d", startingSequenceNumber: "3" },
      { ...open, shardId: "e", startingSequenceNumber: undefined },
    ]);
  });

  it("starts over when a token has expired, and lists each shard once", async () => {
    const page = { Shards: [{ ShardId: "a" }, { ShardId: "b" }], NextToken: "t" };
    const last = { Shards: [{ ShardId: "b" }, { ShardId: "c" }] };
    const { api, asked } = scripted(page, refused("ExpiredNextTokenException"), page, last);
    const shards = await api.listShards();
    assert.deepEqual(shards.map(({ shardId }) => shardId), ["a", "b", "c"]);
    assert.deepEqual(asked[2]?.[1], { StreamName: "orders" });
  });

  it("starts over three times, no more", async () => {
    const page = { Shards: [], NextToken: "t" };
    const expired = refused("ExpiredNextTokenException");
    const { api, asked } = scripted(...[1, 2, 3, 4, 5].flatMap(() => [page, expired]));
    await assert.rejects(
      api.listShards(),
      (error) => error instanceof KinsumerError && error.retryable && error.cause === expired,
    );
    assert.equal(asked.length, 8);
  });

  it("gives up a listing that has no end", async () => {
    let pages = 0;
    const call: AwsCall = () => Promise.resolve({ Shards: [], NextToken: `t${pages++}` });
    await assert.rejects(
      createKinesisApi({ call, streamName: "orders" }).listShards(),
      isMalformed,
    );
    assert.equal(pages, 1_000);
  });

  for (const answer of [undefined, null, [], "text", {}, { Shards: {} }, { Shards: [null] }]) {
    it(`refuses the answer ${JSON.stringify(answer)}`, async () => {
      await assert.rejects(scripted(answer).api.listShards(), isMalformed);
    });
  }

  it("refuses a shard without its ID, and one whose parent is no text", async () => {
    await assert.rejects(scripted({ Shards: [{}] }).api.listShards(), isMalformed);
    const odd = { Shards: [{ ShardId: "a", ParentShardId: 7 }] };
    await assert.rejects(scripted(odd).api.listShards(), isMalformed);
  });

  it("lets every other failure through as it is", async () => {
    const error = new KinsumerError("Throttled", "slow down", { retryable: true });
    await assert.rejects(scripted(error).api.listShards(), (thrown) => thrown === error);
  });
});

describe("KinesisApi.getShardIterator()", () => {
  const positions: readonly [Position, Record<string, unknown>][] = [
    [{ type: "TRIM_HORIZON" }, { ShardIteratorType: "TRIM_HORIZON" }],
    [{ type: "LATEST" }, { ShardIteratorType: "LATEST" }],
    [{ type: "AT_TIMESTAMP", timestampMs: 1_700_000_000_123 }, {
      ShardIteratorType: "AT_TIMESTAMP",
      Timestamp: 1_700_000_000.123,
    }],
    [{ type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: "42" }, {
      ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
      StartingSequenceNumber: "42",
    }],
  ];
  for (const [position, written] of positions) {
    it(`asks for ${position.type} as the service wants it`, async () => {
      const { api, asked } = scripted({ ShardIterator: "iterator" });
      assert.equal(await api.getShardIterator({ shardId: SHARD, position }), "iterator");
      const input = { StreamName: "orders", ShardId: SHARD, ...written };
      assert.deepEqual(asked[0]?.slice(0, 2), ["Kinesis_20131202.GetShardIterator", input]);
    });
  }

  const after: Position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: "42" };
  for (const awsCode of ["InvalidArgumentException", "ValidationException"]) {
    it(`calls ${awsCode} after a sequence number InvalidSequenceNumber`, async () => {
      const asking = scripted(refused(awsCode)).api.getShardIterator({
        shardId: SHARD,
        position: after,
      });
      await assert.rejects(asking, (error) => {
        assert.ok(error instanceof KinsumerError, "not a KinsumerError");
        assert.equal(error.code, "InvalidSequenceNumber");
        assert.equal(error.awsCode, awsCode);
        assert.equal(error.shardId, SHARD);
        assert.equal(error.retryable, false);
        return true;
      });
    });

    it(`calls ${awsCode} at a timestamp what it was`, async () => {
      const position: Position = { type: "AT_TIMESTAMP", timestampMs: 0 };
      const asking = scripted(refused(awsCode)).api.getShardIterator({ shardId: SHARD, position });
      await assert.rejects(asking, { code: "RequestRejected", shardId: SHARD });
    });
  }

  it("refuses an answer without an iterator", async () => {
    const asking = scripted({}).api.getShardIterator({ shardId: SHARD, position: after });
    await assert.rejects(asking, isMalformed);
  });

  it("adds the shard to a failure, and keeps the rest of it", async () => {
    const asking = scripted(refused("Other")).api.getShardIterator({
      shardId: SHARD,
      position: after,
    });
    const facts = { awsCode: "Other", httpStatus: 400, requestId: "r", operation: "o", cause: "c" };
    await assert.rejects(asking, { ...facts, code: "RequestRejected", shardId: SHARD });
  });

  it("lets what is no failure of the service through as it is", async () => {
    const asking = scripted(new RangeError("x")).api.getShardIterator({
      shardId: SHARD,
      position: after,
    });
    await assert.rejects(asking, RangeError);
  });
});

describe("KinesisApi.getRecords()", () => {
  const request = { shardId: SHARD, shardIterator: "iterator", limit: 100 };

  it("asks with the iterator and the limit", async () => {
    const { api, asked } = scripted({ Records: [] });
    const { signal } = new AbortController();
    await api.getRecords(request, signal);
    const input = { ShardIterator: "iterator", Limit: 100 };
    const asks = { signal };
    assert.deepEqual(asked, [["Kinesis_20131202.GetRecords", input, asks]]);
  });

  it("reads records, in their order", async () => {
    const { api } = scripted({
      Records: [
        {
          SequenceNumber: "1",
          PartitionKey: "key",
          Data: "aGVsbG8=",
          ApproximateArrivalTimestamp: 1_700_000_000.1234,
          EncryptionType: "KMS",
        },
        { SequenceNumber: "2", PartitionKey: null, Data: "", EncryptionType: null },
      ],
      NextShardIterator: "next",
      MillisBehindLatest: 1_500,
    });
    const answer = await api.getRecords(request);
    const [first, second] = answer.records;
    assert.equal(answer.records.length, 2);
    assert.equal(first?.sequenceNumber, "1");
    assert.equal(first?.partitionKey, "key");
    assert.equal(first?.approximateArrivalMs, 1_700_000_000_123);
    assert.equal(first?.encryptionType, "KMS");
    assert.equal(new TextDecoder().decode(first?.data), "hello");
    assert.equal(second?.partitionKey, undefined);
    assert.equal(second?.approximateArrivalMs, undefined);
    assert.equal(second?.encryptionType, undefined);
    assert.equal(second?.data.length, 0);
    assert.equal(answer.nextShardIterator, "next");
    assert.equal(answer.lagMs, 1_500);
    assert.equal(answer.hasChildShards, false);
  });

  it("decodes a payload once, when it is first read", async () => {
    const { api } = scripted({ Records: [{ SequenceNumber: "1", Data: "aGVsbG8=" }] });
    const [record] = (await api.getRecords(request)).records;
    assert.equal(record?.data, record?.data);
    const broken = scripted({ Records: [{ SequenceNumber: "1", Data: "!!!!" }] });
    const [odd] = (await broken.api.getRecords(request)).records;
    assert.throws(() => odd?.data, isMalformed);
  });

  const children: readonly [unknown, boolean][] = [
    [undefined, false],
    [null, false],
    [[], false],
    [[{ ShardId: "shardId-000000000001" }], true],
  ];
  for (const [ChildShards, hasChildShards] of children) {
    it(`${hasChildShards ? "sees" : "sees no"} children in ${JSON.stringify(ChildShards)}`, async () => {
      const reply = { Records: [], NextShardIterator: null, MillisBehindLatest: null, ChildShards };
      const answer = await scripted(reply).api.getRecords(request);
      assert.equal(answer.hasChildShards, hasChildShards);
      assert.equal(answer.nextShardIterator, undefined);
      assert.equal(answer.lagMs, undefined);
    });
  }

  it("estimates the bytes on the wire within a quarter, whatever the records", async () => {
    const record = fc.record({
      SequenceNumber: fc.bigInt({ min: 10n ** 55n, max: 10n ** 56n - 1n }).map(String),
      ApproximateArrivalTimestamp: fc.integer({ min: 1.6e12, max: 1.9e12 }).map((ms) => ms / 1_000),
      Data: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => btoa(String.fromCharCode(...bytes))),
      PartitionKey: fc.string({
        minLength: 1,
        maxLength: 256,
        unit: fc.constantFrom(..."abc-123"),
      }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 50 }), async (Records) => {
        const reply = { MillisBehindLatest: 0, NextShardIterator: "A".repeat(256), Records };
        const { byteLength } = await scripted(reply).api.getRecords(request);
        const wire = JSON.stringify(reply).length;
        assert.ok(Math.abs(byteLength - wire) <= wire / 4, `${byteLength} for ${wire}`);
      }),
      { numRuns: 50 },
    );
  });

  const malformed: readonly unknown[] = [
    undefined,
    {},
    { Records: null },
    { Records: "text" },
    { Records: [null] },
    { Records: [{ Data: "" }] },
    { Records: [{ SequenceNumber: 1, Data: "" }] },
    { Records: [{ SequenceNumber: "1" }] },
    { Records: [], NextShardIterator: 1 },
    { Records: [], MillisBehindLatest: "1" },
    { Records: [], ChildShards: "a" },
  ];
  for (const reply of malformed) {
    it(`refuses the answer ${JSON.stringify(reply)}`, async () => {
      await assert.rejects(scripted(reply).api.getRecords(request), isMalformed);
    });
  }

  it("adds the shard to a failure, and keeps its code", async () => {
    const expired = new KinsumerError("IteratorExpired", "expired", { operation: "GetRecords" });
    await assert.rejects(scripted(expired).api.getRecords(request), {
      code: "IteratorExpired",
      message: "expired",
      operation: "GetRecords",
      shardId: SHARD,
      retryable: false,
    });
  });
});

describe("KinesisApi.describeStream()", () => {
  it("asks for the summary and reads the status", async () => {
    const summary = { StreamStatus: "UPDATING", RetentionPeriodHours: 48 };
    const { api, asked } = scripted({ StreamDescriptionSummary: summary });
    assert.deepEqual(await api.describeStream(), { status: "UPDATING", retentionMs: 172_800_000 });
    const target = "Kinesis_20131202.DescribeStreamSummary";
    assert.deepEqual(asked[0]?.slice(0, 2), [target, { StreamName: "orders" }]);
  });

  for (const reply of [undefined, {}, { StreamDescriptionSummary: {} }]) {
    it(`refuses the answer ${JSON.stringify(reply)}`, async () => {
      await assert.rejects(scripted(reply).api.describeStream(), isMalformed);
    });
  }
});

/** Talks to a server on this machine over the real network. */
function callTo(endpoint: string): AwsCall {
  const runtime = systemRuntime();
  const keys = { accessKeyId: "local", secretAccessKey: "local" };
  const credentials = createCredentialsSource({ credentials: keys, runtime });
  const region = "us-east-1";
  return createAwsCall({
    service: "kinesis",
    endpoint,
    region,
    credentials,
    runtime,
    timeoutMs: 5_000,
  });
}

describe("createKinesisApi() over HTTP, with a server that pages and refuses", () => {
  /** Lists 2,500 shards by pages of 1,000, as strictly as the service; one token has expired. */
  class PagingServer {
    readonly server: Server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: unknown) => text += String(chunk));
      request.on("end", () => {
        const [status, body] = this.#list(JSON.parse(text) as Record<string, unknown>);
        response.writeHead(status, { "x-amzn-requestid": "paged" }).end(JSON.stringify(body));
      });
    });
    #hasExpired = false;

    #list(input: Record<string, unknown>): [status: number, body: unknown] {
      const { StreamName, NextToken } = input;
      if ((StreamName === undefined) === (NextToken === undefined)) {
        return [400, { __type: "InvalidArgumentException" }];
      }
      if (StreamName !== undefined && StreamName !== "orders") {
        return [400, { __type: "ResourceNotFoundException" }];
      }
      const start = Number(NextToken ?? 0);
      if (start === 2_000 && !this.#hasExpired) {
        this.#hasExpired = true;
        return [400, { __type: "com.amazonaws.kinesis#ExpiredNextTokenException" }];
      }
      const length = Math.min(1_000, 2_500 - start);
      const Shards = Array.from({ length }, (_, i) => ({ ShardId: `shard-${start + i}` }));
      return [200, { Shards, NextToken: start + length < 2_500 ? String(start + length) : null }];
    }
  }

  let server: Server;
  let call: AwsCall;
  let host: string;
  before(async () => {
    ({ server } = new PagingServer());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    call = callTo(`http://${host}`);
  });
  after(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });

  it("lists every shard once, though a token expires on the way", async () => {
    const shards = await createKinesisApi({ call, streamName: "orders" }).listShards();
    const expected = Array.from({ length: 2_500 }, (_, i) => `shard-${i}`);
    assert.deepEqual(shards.map(({ shardId }) => shardId), expected);
  });

  it("says that the stream does not exist", async () => {
    await assert.rejects(createKinesisApi({ call, streamName: "others" }).listShards(), {
      code: "StreamNotFound",
      operation: "ListShards",
      requestId: "paged",
      message: 'Cannot call "ListShards" on stream "others": the stream or shard does not exist ' +
        `(ResourceNotFoundException, HTTP 400 from ${host})`,
    });
  });
});

describe("createKinesisApi() against kinesalite", () => {
  let servers: EmbeddedServers;
  let call: AwsCall;
  let api: KinesisApi;

  before(async () => {
    servers = await startEmbeddedServers();
    call = callTo(servers.kinesisEndpoint);
    api = createKinesisApi({ call, streamName: "orders" });
    await call("Kinesis_20131202.CreateStream", { StreamName: "orders", ShardCount: 2 });
    await untilActive();
  });
  after(() => servers.stop());

  async function untilActive(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if ((await api.describeStream()).status === "ACTIVE") return;
      await systemRuntime().clock.sleep(5);
    }
    assert.fail("the stream did not become active");
  }

  function put(key: string, text: string): Promise<unknown> {
    const record = { StreamName: "orders", PartitionKey: key, Data: btoa(text) };
    return call("Kinesis_20131202.PutRecord", record);
  }

  /** Reads a shard until an answer is empty. */
  async function readAll(shardId: string, position: Position): Promise<readonly string[]> {
    const texts: string[] = [];
    let shardIterator: string | undefined = await api.getShardIterator({ shardId, position });
    while (shardIterator !== undefined) {
      const answer = await api.getRecords({ shardId, shardIterator, limit: 2 });
      if (answer.records.length === 0) break;
      texts.push(...answer.records.map(({ data }) => new TextDecoder().decode(data)));
      shardIterator = answer.nextShardIterator;
    }
    return texts;
  }

  it("lists shards, puts, iterates and reads", async () => {
    const shards = await api.listShards();
    assert.deepEqual(shards.map(({ shardId }) => shardId), [SHARD, "shardId-000000000001"]);
    assert.equal(
      shards.every(({ endingSequenceNumber }) => endingSequenceNumber === undefined),
      true,
    );
    const texts = Array.from({ length: 12 }, (_, i) => `record ${i}`);
    for (const text of texts) await put(text, text);
    const read = await Promise.all(
      shards.map(({ shardId }) => readAll(shardId, { type: "TRIM_HORIZON" })),
    );
    assert.deepEqual(read.flat().sort(), [...texts].sort());
    for (const ofShard of read) {
      assert.deepEqual(ofShard, texts.filter((text) => ofShard.includes(text)), "in order");
    }
  });

  it("reads on after a sequence number, and sees when a record arrived", async () => {
    const startMs = systemRuntime().clock.nowMs();
    await put("one key", "first");
    await put("one key", "second");
    const begun: Position = { type: "AT_TIMESTAMP", timestampMs: startMs - 1_000 };
    const found = [];
    for (const { shardId } of await api.listShards()) {
      const position: Position = { type: "TRIM_HORIZON" };
      const shardIterator = await api.getShardIterator({ shardId, position });
      const { records } = await api.getRecords({ shardId, shardIterator, limit: 10_000 });
      found.push(...records.map((record) => ({ shardId, record })));
    }
    const first = found.find(({ record }) => new TextDecoder().decode(record.data) === "first");
    assert.ok(first !== undefined, "the record is not found");
    const { shardId, record } = first;
    assert.equal(record.partitionKey, "one key");
    const agoMs = Math.abs((record.approximateArrivalMs ?? 0) - startMs);
    assert.ok(agoMs < 5_000, `arrived ${agoMs} ms ago`);
    const { sequenceNumber } = record;
    const rest = await readAll(shardId, { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber });
    assert.deepEqual(rest, ["second"]);
    assert.equal((await readAll(shardId, begun)).includes("first"), true);
    assert.deepEqual(await readAll(shardId, { type: "LATEST" }), []);
  });

  it("tells a sequence number of another shard, an unknown shard and a bad iterator apart", async () => {
    const [, other] = await api.listShards();
    const foreign = other?.startingSequenceNumber ?? "";
    const position: Position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: foreign };
    await assert.rejects(api.getShardIterator({ shardId: SHARD, position }), {
      code: "InvalidSequenceNumber",
      shardId: SHARD,
    });
    const unknown = { shardId: "shardId-000000000099", position: { type: "LATEST" } } as const;
    await assert.rejects(api.getShardIterator(unknown), {
      code: "StreamNotFound",
      shardId: unknown.shardId,
    });
    const bad = { shardId: SHARD, shardIterator: "AAAA", limit: 1 };
    await assert.rejects(api.getRecords(bad), { code: "RequestRejected", shardId: SHARD });
  });

  it("reads a split shard to its end, and lists what became of it", async () => {
    const half = String(2n ** 126n);
    const split = { StreamName: "orders", ShardToSplit: SHARD, NewStartingHashKey: half };
    await call("Kinesis_20131202.SplitShard", split);
    await untilActive();
    const shards = await api.listShards();
    const [parent, , ...children] = shards;
    assert.match(parent?.endingSequenceNumber ?? "", /^\d+$/);
    assert.deepEqual(children.map(({ parentShardId }) => parentShardId), [SHARD, SHARD]);
    let shardIterator: string | undefined = await api.getShardIterator({
      shardId: SHARD,
      position: { type: "TRIM_HORIZON" },
    });
    let reads = 0;
    while (shardIterator !== undefined && reads++ < 20) {
      const answer = await api.getRecords({ shardId: SHARD, shardIterator, limit: 10_000 });
      shardIterator = answer.nextShardIterator;
    }
    assert.equal(shardIterator, undefined, "the iterator ends");
  });

  it("says StreamNotFound of a stream that is not there", async () => {
    const absent = createKinesisApi({ call, streamName: "absent" });
    await assert.rejects(absent.describeStream(), { code: "StreamNotFound", retryable: false });
    await assert.rejects(absent.listShards(), { code: "StreamNotFound" });
  });
});

describe("createKinesisApi() with a stream's ARN", () => {
  it("names the ARN and no name in every request, and nothing beside a list's token", async () => {
    const asked: unknown[] = [];
    const StreamARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
    const answers = [
      { StreamDescriptionSummary: { StreamStatus: "ACTIVE" } },
      { Shards: [], NextToken: "more" },
      { Shards: [] },
      { ShardIterator: "i" },
      { Records: [] },
    ];
    const api = createKinesisApi({
      call: (_, input) => (asked.push(input), Promise.resolve(answers.shift())),
      streamName: "orders",
      streamArn: StreamARN,
    });
    await api.describeStream();
    await api.listShards();
    await api.getShardIterator({ shardId: "s", position: { type: "TRIM_HORIZON" } });
    await api.getRecords({ shardId: "s", shardIterator: "i", limit: 1 });
    assert.deepEqual(asked, [
      { StreamARN },
      { StreamARN },
      { NextToken: "more" },
      { StreamARN, ShardId: "s", ShardIteratorType: "TRIM_HORIZON" },
      { StreamARN, ShardIterator: "i", Limit: 1 },
    ]);
  });
});
