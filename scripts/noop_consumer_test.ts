// The no-op consumer as a process: it counts what is in the stream, and says what it cannot do.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type EmbeddedServers, openStreams, startEmbeddedServers } from "../testing/mod.ts";
import { runScript } from "./demo/run_script.ts";

const NOOP = "scripts/noop_consumer.ts";
const SLOW = { timeout: 60_000 };

const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /^--stream is missing/],
  [["--stream", "orders", "--statsd-host-port", "localhost:8125"], /not available yet/],
  [["--stream", "orders", "--statsd-prefix", "noop"], /^--statsd-prefix is not available yet/],
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
