// The servers as a process: they say where they listen, end at a signal, and say which port is taken.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openStreams } from "../testing/mod.ts";
import { type RunningScript, runScript } from "./demo/run_script.ts";

const SERVERS = "scripts/local_servers.ts";
const FREE_PORTS = ["--kinesis-port", "0", "--dynamodb-port", "0"];
const SLOW = { timeout: 60_000 };

describe("npm run servers", () => {
  it("serves where it says, until a signal comes", SLOW, async () => {
    const servers = runScript(SERVERS, FREE_PORTS);
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const kinesisEndpoint = await endpointOf(servers, "KINESIS");
    const streams = openStreams({ kinesisEndpoint, region: "us-east-1", credentials });
    await streams.create("orders", { shardCount: 2 });
    assert.equal((await streams.shards("orders")).length, 2);
    servers.signal("SIGINT");
    assert.equal((await servers.ended).code, 0);
  });

  it("says which port is taken", SLOW, async () => {
    const servers = runScript(SERVERS, FREE_PORTS);
    const { port } = new URL(await endpointOf(servers, "DYNAMODB"));
    const args = ["--kinesis-port", "0", "--dynamodb-port", port];
    const { code, stderr, stdout } = await runScript(SERVERS, args).ended;
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, new RegExp(`port ${port} is taken.*--dynamodb-port`));
    servers.signal("SIGTERM");
    await servers.ended;
  });

  it("refuses what is no port", SLOW, async () => {
    const { code, stderr } = await runScript(SERVERS, ["--kinesis-port", "65536"]).ended;
    assert.equal(code, 2);
    assert.match(stderr, /^--kinesis-port must be a whole number from 0 to 65535, got "65536"/);
  });
});

async function endpointOf(servers: RunningScript, name: string): Promise<string> {
  const pattern = new RegExp(`^export AWS_ENDPOINT_URL_${name}=(\\S+)\\n`, "m");
  return pattern.exec(await servers.printed(pattern))?.[1] ?? "";
}
