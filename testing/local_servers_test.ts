/**
 * The contract: two servers come up on this machine only, in moments; they survive clients that go
 * away; and stopping them is quick, may be repeated, and leaves nothing behind.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { createAwsCall } from "../src/aws/call.ts";
import { createCredentialsSource } from "../src/aws/credentials.ts";
import { systemRuntime } from "../src/runtime.ts";
import { type EmbeddedServers, startEmbeddedServers } from "./local_servers.ts";

const runtime = systemRuntime();

async function withServers(work: (servers: EmbeddedServers) => Promise<void>): Promise<void> {
  const servers = await startEmbeddedServers();
  try {
    await work(servers);
  } finally {
    await servers.stop();
  }
}

type Call = (target: string, input: unknown) => Promise<unknown>;

function callsTo(servers: EmbeddedServers): { readonly kinesis: Call; readonly dynamodb: Call } {
  const { region, kinesisEndpoint, dynamodbEndpoint } = servers;
  const credentials = createCredentialsSource({ credentials: servers.credentials, runtime });
  const common = { region, credentials, runtime, timeoutMs: 5_000 };
  return {
    kinesis: createAwsCall({ ...common, service: "kinesis", endpoint: kinesisEndpoint }),
    dynamodb: createAwsCall({ ...common, service: "dynamodb", endpoint: dynamodbEndpoint }),
  };
}

async function assertAnswering(servers: EmbeddedServers): Promise<void> {
  const { kinesis, dynamodb } = callsTo(servers);
  const streams = await kinesis("Kinesis_20131202.ListStreams", {});
  assert.deepEqual((streams as { StreamNames: unknown }).StreamNames, []);
  const tables = await dynamodb("DynamoDB_20120810.ListTables", {});
  assert.deepEqual((tables as { TableNames: unknown }).TableNames, []);
}

function portOf(endpoint: string): number {
  return Number(new URL(endpoint).port);
}

/** Whether something listens there. */
function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Sends the beginning of a request and goes away. */
function hangUpOn(endpoint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(portOf(endpoint), "127.0.0.1");
    socket.once("error", reject);
    socket.once("close", () => resolve());
    socket.write("POST / HTTP/1.1\r\nHost: local\r\nContent-Length: 1000\r\n\r\nabc", () => {
      void runtime.clock.sleep(20).then(() => socket.destroy());
    });
  });
}

describe("startEmbeddedServers()", () => {
  it("answers as Kinesis and as DynamoDB, on 127.0.0.1", async () => {
    await withServers(async (servers) => {
      assert.match(servers.kinesisEndpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.match(servers.dynamodbEndpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
      await assertAnswering(servers);
    });
  });

  it("runs twice at once, apart from each other", async () => {
    await withServers((one) =>
      withServers(async (other) => {
        await callsTo(one).kinesis("Kinesis_20131202.CreateStream", {
          StreamName: "orders",
          ShardCount: 20,
        });
        await assertAnswering(other);
      })
    );
  });

  it("listens where it is told to, and says so when the port is taken", async () => {
    await withServers(async (servers) => {
      const kinesisPort = portOf(servers.kinesisEndpoint);
      const dynamodbPort = portOf(servers.dynamodbEndpoint);
      await assert.rejects(startEmbeddedServers({ kinesisPort }), { code: "PortTaken" });
      await assert.rejects(startEmbeddedServers({ dynamodbPort }), { code: "PortTaken" });
      await servers.stop();
      const holder = await startEmbeddedServers({ dynamodbPort });
      const half = startEmbeddedServers({ kinesisPort, dynamodbPort });
      await assert.rejects(half, { code: "PortTaken" });
      assert.equal(await isListening(kinesisPort), false, "the first server is closed again");
      await holder.stop();
      const again = await startEmbeddedServers({ kinesisPort, dynamodbPort });
      assert.equal(again.kinesisEndpoint, servers.kinesisEndpoint);
      assert.equal(again.dynamodbEndpoint, servers.dynamodbEndpoint);
      await again.stop();
    });
  });

  it("survives clients that go away in the middle of a request", async () => {
    await withServers(async (servers) => {
      for (let times = 0; times < 3; times++) {
        await Promise.all([hangUpOn(servers.kinesisEndpoint), hangUpOn(servers.dynamodbEndpoint)]);
      }
      await assertAnswering(servers);
    });
  });

  it("stops within a second while requests wait that are never answered, and may stop again", async () => {
    const servers = await startEmbeddedServers();
    const { kinesis } = callsTo(servers);
    await kinesis("Kinesis_20131202.CreateStream", { StreamName: "orders", ShardCount: 1 });
    await runtime.clock.sleep(50); // until the stream is active
    const request = {
      StreamName: "orders",
      ShardId: "shardId-000000000000",
      ShardIteratorType: "AT_TIMESTAMP", // kinesalite waits for a record as late as that
      Timestamp: runtime.clock.nowMs() / 1_000 - 1,
    };
    const waiting = [1, 2, 3].map(() =>
      outcomeOf(kinesis("Kinesis_20131202.GetShardIterator", request))
    );
    const first = await Promise.race([...waiting, runtime.clock.sleep(100)]);
    assert.equal(first, undefined, "kinesalite does not answer");
    await assertStopsSoon(servers);
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["NetworkFailure"]));
    await servers.stop();
  });

  it("stops within a second while both stores are written to, and harms nobody", async () => {
    const servers = await startEmbeddedServers();
    const { kinesis, dynamodb } = callsTo(servers);
    await kinesis("Kinesis_20131202.CreateStream", { StreamName: "orders", ShardCount: 1 });
    await dynamodb("DynamoDB_20120810.CreateTable", {
      TableName: "app_clients",
      AttributeDefinitions: [{ AttributeName: "ID", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "ID", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    });
    await runtime.clock.sleep(50); // until both are active
    let written = 0;
    const writeForEver = async (write: () => Promise<unknown>): Promise<never> => {
      for (;; written++) await write();
    };
    const record = { StreamName: "orders", PartitionKey: "key", Data: "AAAA" };
    const row = { TableName: "app_clients", Item: { ID: { S: "a" } } };
    const writers = Array.from({ length: 20 }, () => [
      outcomeOf(writeForEver(() => kinesis("Kinesis_20131202.PutRecord", record))),
      outcomeOf(writeForEver(() => dynamodb("DynamoDB_20120810.PutItem", row))),
    ]).flat();
    while (written < 200) await runtime.clock.sleep(1);
    await assertStopsSoon(servers);
    assert.deepEqual(new Set(await Promise.all(writers)), new Set(["NetworkFailure"]));
    await runtime.clock.sleep(50); // for what the servers still had to do
  });
});

function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(() => "answered", (error: { readonly code: string }) => error.code);
}

async function assertStopsSoon(servers: EmbeddedServers): Promise<void> {
  const stopped = new AbortController();
  const outcome = await Promise.race([
    servers.stop().then(() => "stopped"),
    runtime.clock.sleep(1_000, stopped.signal).then(() => "still stopping after a second"),
  ]);
  stopped.abort();
  assert.equal(outcome, "stopped");
  assert.equal(await isListening(portOf(servers.kinesisEndpoint)), false);
  assert.equal(await isListening(portOf(servers.dynamodbEndpoint)), false);
}
