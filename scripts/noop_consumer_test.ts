// The no-op consumer as a process: it counts what is in the stream, and says what it cannot do.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { type EmbeddedServers, openStreams, startEmbeddedServers } from "../testing/mod.ts";
import { eventually } from "../testing/collect.ts";
import { runScript } from "./demo/run_script.ts";

const NOOP = "scripts/noop_consumer.ts";
const SLOW = { timeout: 60_000 };

const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /^--stream is missing/],
  [
    ["--stream", "orders", "--statsd-host-port", "localhost"],
    /^--statsd-host-port must be HOST:PORT/,
  ],
  [["--stream", "orders", "--statsd-prefix", "noop"], /^--statsd-prefix needs --statsd-host-port/],
];

describe("the no-op consumer", () => {
  let servers: EmbeddedServers;
  let local: string[];

  before(async () => {
    servers = await startEmbeddedServers();
    local = [
      "--kinesis-endpoint",
      servers.kinesisEndpoint,
      "--dynamodb-endpoint",
      servers.dynamodbEndpoint,
    ];
    const streams = openStreams(servers);
    await streams.create("orders", { shardCount: 2 });
    const records = Array.from({ length: 25 }, (_, index) => ({
      data: `record ${index}`,
      partitionKey: `key-${index}`,
    }));
    await streams.put("orders", records);
  });

  after(() => servers.stop());

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`counts the records, and ends with the final count at ${signal}`, SLOW, async () => {
      const application = `noop-${signal}`;
      const args = ["--stream", "orders", "--application", application, "--create-tables"];
      const noop = runScript(NOOP, [...args, ...local]);
      await noop.printed(/^25 records, \d+ a second$/m);
      noop.signal(signal);
      const { code, stderr, stdout } = await noop.ended;
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /\nConsumed 25 records in \d+\.\d s\n$/);
    });
  }

  it("sends the Go library's statistics to a StatsD server", SLOW, async () => {
    const socket = createSocket("udp4");
    let received = "";
    socket.on("message", (message) => received += `${message}\n`);
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    try {
      const { port } = socket.address();
      const statsd = ["--statsd-host-port", `127.0.0.1:${port}`, "--statsd-prefix", "trial"];
      const args = ["--stream", "orders", "--application", "noop-statsd", "--create-tables"];
      const noop = runScript(NOOP, [...args, ...local, ...statsd]);
      await noop.printed(/^25 records/m);
      noop.signal("SIGTERM");
      assert.equal((await noop.ended).code, 0);
      await eventually("all has come", () => received.includes("checkpoints"), 10_000);
      const consumed = received.match(/^trial\.kinsumer\.consumed:\d+\|c$/gm) ?? [];
      assert.equal(consumed.length, 25);
      assert.match(received, /^trial\.kinsumer\.shardId-000000000000\.retrieved:\d+\|c$/m);
    } finally {
      socket.close();
    }
  });

  it("takes the endpoints from the environment", SLOW, async () => {
    const noop = runScript(NOOP, ["--stream", "orders", "--create-tables"], {
      KINSUMER_KINESIS_ENDPOINT: servers.kinesisEndpoint,
      KINSUMER_DYNAMODB_ENDPOINT: servers.dynamodbEndpoint,
    });
    await noop.printed(/^25 records/m);
    noop.signal("SIGTERM");
    assert.equal((await noop.ended).code, 0);
  });

  it("says that the tables are missing, and how to create them", SLOW, async () => {
    const args = ["--stream", "orders", "--application", "unknown", ...local];
    const { code, stderr } = await runScript(NOOP, args).ended;
    assert.equal(code, 1);
    assert.match(stderr, /"unknown_\w+".*--create-tables/);
  });

  it("says that the stream is missing", SLOW, async () => {
    const args = ["--stream", "nowhere", "--create-tables", ...local];
    const { code, stderr } = await runScript(NOOP, args).ended;
    assert.equal(code, 1);
    assert.match(stderr, /"nowhere"/);
  });

  for (const [args, message] of REFUSED) {
    it(`refuses "${args.join(" ")}"`, SLOW, async () => {
      const { code, stderr, stdout } = await runScript(NOOP, args).ended;
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, message);
    });
  }
});
