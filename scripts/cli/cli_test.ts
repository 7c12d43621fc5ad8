// Contract: each command, as a process in a pipe, does what its help says on real local servers:
// results on stdout, remarks on stderr, no colours, exit codes 0, 1 and 2, a clean end at Ctrl-C.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Kinsumer } from "../../mod.ts";
import { FAST_OPTIONS } from "../../testing/fleet.ts";
import {
  type EmbeddedServers,
  openStreams,
  startEmbeddedServers,
  type Streams,
} from "../../testing/mod.ts";
import { aggregateOf } from "../../testing/packing.ts";
import { ROOT } from "../runtimes.mjs";
import { startArnServer } from "./by_arn.ts";

import { type CliEnd, type CliOptions, endCommands, runCli } from "./run_cli.ts";

const SLOW = { timeout: 90_000 };
const FLEET = ["--stream", "orders", "--application", "billing"];

let servers: EmbeddedServers;
let streams: Streams;
let env: Record<string, string>;

async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliEnd> {
  const end = await runCli(args, { env, ...options }).ended;
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(end.stdout + end.stderr, /\x1b/, "colours in a pipe");
  return end;
}

async function json(args: readonly string[], code = 0): Promise<Record<string, unknown>> {
  const end = await cli([...args, "--json"]);
  assert.deepEqual([end.code, end.stderr], [code, ""], end.stdout);
  return JSON.parse(end.stdout) as Record<string, unknown>;
}

before(async () => {
  servers = await startEmbeddedServers();
  streams = openStreams(servers);
  env = {
    KINSUMER_KINESIS_ENDPOINT: servers.kinesisEndpoint,
    KINSUMER_DYNAMODB_ENDPOINT: servers.dynamodbEndpoint,
    HOME: "/nonexistent",
  };
  await streams.create("orders", { shardCount: 2 });
}, SLOW);

after(async () => {
  await endCommands();
  await servers.stop();
});

describe("kinsumer", () => {
  it("lists its commands, and explains each", SLOW, async () => {
    const { code, stdout } = await cli(["--help"]);
    assert.equal(code, 0);
    assert.match(stdout, /^ {2}status +Shows who consumes a stream/m);
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    assert.equal((await cli(["--version"])).stdout, `${version}\n`);
    const help = await cli(["tables", "create", "--help"]);
    assert.deepEqual([help.code, /kinsumer tables create \[options\]/.test(help.stdout)], [
      0,
      true,
    ]);
  });

  it("refuses what it does not know with exit code 2", SLOW, async () => {
    for (
      const [args, message] of [
        [[], ""],
        [["nonsense"], 'Unknown command "nonsense": one of status, '],
        [["stauts"], 'Unknown command "stauts": did you mean "status"?\n'],
        [["tables", "craete"], 'Unknown command "tables craete": did you mean "tables create"?\n'],
        [["tail", "--strem", "orders"], "Unknown option '--strem': did you mean \"stream\"?\n"],
        [["tables"], "one of tables create, tables delete"],
        [["status"], "--stream is missing"],
        [["status", "--nonsense"], "Unknown option '--nonsense'"],
        [["top", ...FLEET, "--interval", "0"], "--interval must be a number of seconds"],
        [["reset", ...FLEET, "--to", "nowhere"], "--to is not a place in a stream"],
        [["status", ...FLEET, "--profile", "nobody"], 'profile "nobody" is in neither'],
      ] as const
    ) {
      const { code, stderr } = await cli(args);
      assert.equal(code, 2, args.join(" "));
      assert.ok(stderr.includes(message), stderr);
    }
  });

  it("fails with exit code 1 and one line of words", SLOW, async () => {
    const missing = await cli(["status", "-s", "nowhere", "-a", "billing"]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^Cannot call .*"nowhere".*\n$/);
    const dead = { KINSUMER_KINESIS_ENDPOINT: "http://127.0.0.1:9" };
    const unreachable = await cli(["status", ...FLEET], { env: { ...env, ...dead } });
    assert.equal(unreachable.code, 1);
    assert.match(unreachable.stderr, /the network to 127\.0\.0\.1:9 failed\n$/);
  });

  it("takes region and keys from a profile", SLOW, async () => {
    const home = mkdtempSync(join(tmpdir(), "kinsumer-cli-"));
    try {
      const config = join(home, "config");
      writeFileSync(
        config,
        "[profile p]\nregion=eu-west-9\naws_access_key_id=A\naws_secret_access_key=B\n",
      );
      const more = { AWS_CONFIG_FILE: config, AWS_PROFILE: "p" };
      const { stdout } = await cli(["doctor", ...FLEET], { env: { ...env, ...more } });
      assert.match(stdout, /region +eu-west-9: .*\n.*credentials +from profile "p"/);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

describe("put and tail", () => {
  it("put records that come out again, in every form", SLOW, async () => {
    await streams.create("letters", { shardCount: 1 });
    const put = await cli(["put", "-s", "letters", "--key", "ann", "alpha", "beta", "--json"]);
    assert.equal(put.code, 0);
    const landed = put.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(landed.map(({ shardId }) => shardId), Array(2).fill("shardId-000000000000"));
    const lines = await cli(["put", "-s", "letters"], { input: "gamma\n\ndelta" });
    assert.deepEqual([lines.code, lines.stdout], [0, "2 records are put\n"]);
    const input = '{"data":{"n":1},"partitionKey":"bob"}\n';
    assert.equal((await cli(["put", "-s", "letters", "--input", "json"], { input })).code, 0);

    const all = ["tail", "-s", "letters", "--from", "horizon", "--no-follow"];
    const raw = await cli([...all, "--format", "raw"]);
    assert.deepEqual([raw.code, raw.stdout], [0, 'alpha\nbeta\ngamma\ndelta\n{"n":1}\n']);
    const text = await cli([...all, "-n", "1"]);
    assert.match(text.stdout, /^0 {2}\d{4}-\d\d-\d\dT\S+Z {2}ann {2}alpha\n$/);
    const records = (await cli([...all, "--json"])).stdout.trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert.equal(records.length, 5);
    assert.equal(records[0].sequenceNumber, landed[0].sequenceNumber);
    assert.deepEqual([records[4].partitionKey, records[4].text], ["bob", '{"n":1}']);
    const hex = await cli([...all, "--format", "hex", "-n", "1"]);
    assert.match(hex.stdout, /\n {2}00000000 {2}61 6c 70 68 61 +alpha\n$/);
    const after = [
      "--shard",
      "0",
      "--from",
      landed[1].sequenceNumber,
      "--format",
      "raw",
      "-n",
      "1",
    ];
    assert.equal((await cli(["tail", "-s", "letters", ...after])).stdout, "gamma\n");
    const recent = await cli(["tail", "-s", "letters", "--from", "1h", "--no-follow", "-f", "raw"]);
    assert.equal(recent.stdout, raw.stdout);
  });

  it("tail takes records of the Producer Library apart, where it is told to", SLOW, async () => {
    const [first, second] = [Uint8Array.of(0xff), new TextEncoder().encode("second")];
    const packed = aggregateOf([
      { partitionKey: "ann", data: first },
      { partitionKey: "bob", data: second },
    ]);
    await streams.create("packed", { shardCount: 1 });
    await streams.put("packed", [
      { partitionKey: "a", data: packed },
      { partitionKey: "carl", data: "alone" },
    ]);
    const all = ["tail", "-s", "packed", "--from", "horizon", "--no-follow", "--json"];
    const lines = (stdout: string) => stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines((await cli(all)).stdout).length, 2);
    const apart = lines((await cli([...all, "--deaggregate"])).stdout);
    assert.deepEqual(
      apart.map(({ partitionKey, subSequenceNumber, base64, text }) => {
        return [partitionKey, subSequenceNumber, base64 ?? text];
      }),
      [["ann", 0, "/w=="], ["bob", 1, "second"], ["carl", undefined, "alone"]],
    );
    assert.equal(apart[0].sequenceNumber, apart[1].sequenceNumber);
    const one = await cli([...all.slice(0, -1), "--deaggregate", "-f", "raw", "--limit", "2"]);
    assert.ok(one.stdout.endsWith("second\n"), one.stdout);
  });

  it("refuse a line that is no JSON, and say how many were put", SLOW, async () => {
    const { code, stderr } = await cli(["put", "-s", "orders", "--input", "json"], {
      input: "{\n",
    });
    assert.deepEqual([code, /line 1 is not JSON/.test(stderr)], [2, true]);
  });

  it("tail follows from now on, until Ctrl-C", SLOW, async () => {
    await streams.create("news", { shardCount: 2 });
    await streams.put("news", [{ partitionKey: "k", data: "old" }]);
    const tail = runCli(["tail", "-s", "news", "-f", "raw", "--interval", "0.2"], { env });
    const putting = setInterval(
      () => void streams.put("news", [{ partitionKey: "k", data: "new" }]).catch(() => {}),
      200,
    );
    try {
      await tail.printed(/new\nnew\n/);
    } finally {
      clearInterval(putting);
    }
    tail.signal("SIGINT");
    const { code, stdout, stderr } = await tail.ended;
    assert.deepEqual([code, stderr, stdout.includes("old")], [0, "", false]);
  });

  it("tail reads children after their parents, and follows a reshard", SLOW, async () => {
    await streams.create("family", { shardCount: 1 });
    await streams.put("family", [{ partitionKey: "k", data: "parent" }]);
    await streams.split("family", "shardId-000000000000");
    await streams.put("family", [{ partitionKey: "k", data: "child" }]);
    const { code, stdout } = await cli([
      "tail",
      "-s",
      "family",
      "--from",
      "horizon",
      "--no-follow",
      "-f",
      "raw",
      "--interval",
      "0.2",
    ]);
    assert.deepEqual([code, stdout], [0, "parent\nchild\n"]);
  });

  it("tail ends when nobody reads it any longer", SLOW, async () => {
    const records = Array.from({ length: 200 }, (_, index) => ({
      partitionKey: `k${index}`,
      data: "x".repeat(5_000),
    }));
    await streams.create("flood", { shardCount: 1 });
    await streams.put("flood", records);
    const tail = runCli([
      "tail",
      "-s",
      "flood",
      "--from",
      "horizon",
      "-f",
      "raw",
      "--interval",
      "0.2",
    ], { env });
    await tail.printed(/x/);
    tail.closeOutput();
    const putting = setInterval(() => void streams.put("flood", records).catch(() => {}), 200);
    try {
      assert.equal((await tail.ended).code, 0);
    } finally {
      clearInterval(putting);
    }
  });
});

describe("a stream's ARN", () => {
  const arn = "arn:aws:kinesis:us-east-1:123456789012:stream/far";

  it("is taken wherever a stream's name is", SLOW, async () => {
    await streams.create("far", { shardCount: 1 });
    const server = await startArnServer(servers.kinesisEndpoint);
    try {
      const options = { env: { ...env, KINSUMER_KINESIS_ENDPOINT: server.endpoint } };
      const call = (...args: readonly string[]) => cli([...args, "-s", arn], options);
      assert.equal((await call("put", "alpha")).code, 0);
      assert.equal((await cli(["tables", "create", "-a", "far"], options)).code, 0);
      const looks = await Promise.all([
        call("tail", "--from", "horizon", "--no-follow", "-f", "raw"),
        call("status", "-a", "far", "--json"),
        call("top", "-a", "far", "--json", "--count", "1"),
        call("doctor", "-a", "far", "--json"),
        call("reset", "-a", "far", "--to", "horizon", "--json"),
      ]);
      const [tail, status, top, doctor, reset] = looks.map(({ stdout }) => stdout);
      assert.equal(tail, "alpha\n");
      assert.equal(JSON.parse(status ?? "").streamName, "far");
      assert.equal(JSON.parse(top ?? "").streamName, "far");
      assert.match(doctor ?? "", /\\"far\\" is ACTIVE/);
      assert.match(reset ?? "", /shardId-000000000000/);
      const noop = runCli(["noop", "-s", arn, "-a", "far", "--json"], options);
      await noop.printed(/"records":1/).finally(() => noop.signal("SIGTERM"));
      assert.equal((await noop.ended).code, 0);
      assert.deepEqual([...server.askedByName], []);
      const operations = "DescribeStreamSummary GetRecords GetShardIterator ListShards PutRecords";
      assert.deepEqual([...server.asked].sort(), operations.split(" "));
    } finally {
      await server.stop();
    }
    const bad = await cli(["status", "-a", "far", "-s", arn.replace("stream/", "table/")]);
    assert.deepEqual([bad.code, /a name or the ARN of a stream/.test(bad.stderr)], [2, true]);
  });
});

describe("tables", () => {
  it("are made, shown and deleted, which takes --yes", SLOW, async () => {
    const made = await json(["tables", "create", "-a", "short"]);
    assert.deepEqual(made["tables"], ["short_clients", "short_checkpoints", "short_metadata"]);
    const shown = await cli(["tables", "delete", "-a", "short"]);
    assert.deepEqual([shown.code, /Nothing was deleted/.test(shown.stderr)], [0, true]);
    assert.equal((await json(["tables", "delete", "-a", "short", "--yes"]))["isDeleted"], true);
    const gone = await cli(["tables", "delete", "-a", "short"]);
    assert.equal(gone.stdout, 'Application "short" has no tables\n');
  });
});

describe("a fleet", () => {
  let kinsumer: Kinsumer;
  const processing = new AbortController();

  before(async () => {
    const { stop: _, ...local } = servers;
    kinsumer = new Kinsumer({
      ...local,
      ...FAST_OPTIONS,
      streamName: "orders",
      applicationName: "billing",
      clientName: "web-1",
      clientRecordMaxAgeMs: 30_000, // a busy machine must not make it look silent
    });
    await kinsumer.createRequiredTables();
    await kinsumer.run();
    await streams.put("orders", [{ partitionKey: "a", data: "1" }, {
      partitionKey: "b",
      data: "2",
    }]);
    void (async () => {
      for await (const _ of kinsumer) if (processing.signal.aborted) break;
    })();
    while (kinsumer.ownedShardIds.length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, SLOW);

  after(() => kinsumer.stop());

  it("is shown by status", SLOW, async () => {
    const { code, stdout, stderr } = await cli(["status", ...FLEET]);
    assert.deepEqual([code, stderr], [0, ""], stdout);
    assert.match(stdout, /^● web-1 +alive .* 2 {2}leads$/m);
    assert.match(stdout, /^ +0 {2}owned {5}web-1 /m);
    assert.match(stdout, /✓ no problem\n$/);
    const view = await json(["status", ...FLEET, "--no-lag"]);
    assert.equal(view["leaderId"], kinsumer.clientId);
    assert.equal(typeof view["maxLagMs"], "number", "the rows tell");
  });

  it("is shown by top, again and again", SLOW, async () => {
    const { code, stdout } = await cli([
      "top",
      ...FLEET,
      "--json",
      "--count",
      "2",
      "--interval",
      "1",
    ]);
    const looks = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual([code, looks.length, looks[1].clients[0].state], [0, 2, "alive"]);
    const top = runCli(["top", ...FLEET, "--interval", "1"], { env });
    await top.printed(/PACE[^]*PACE/);
    top.signal("SIGINT");
    assert.equal((await top.ended).code, 0);
  });

  it("is healthy, says doctor", SLOW, async () => {
    const found = await json(["doctor", ...FLEET]) as {
      readonly checks: readonly { readonly name: string; readonly state: string }[];
      readonly policy: unknown;
    };
    assert.deepEqual(found.checks.filter(({ state }) => state !== "ok"), []);
    const permissions = found.checks.filter(({ name }) => /^(kinesis|dynamodb):/.test(name));
    assert.equal(permissions.length, 4 + 5 + 6 + 3);
    assert.equal(found.policy, null);
    const sick = await cli(["doctor", "-s", "nowhere", "-a", "nobody"]);
    assert.equal(sick.code, 1);
    assert.match(
      sick.stdout,
      /✗ table +"nobody_clients" does not exist\n +→ kinsumer tables create/,
    );
  });

  it("is not reset, released or deleted while it lives", SLOW, async () => {
    const reset = await cli(["reset", ...FLEET, "--to", "horizon", "--yes"]);
    assert.equal(reset.code, 1);
    assert.match(reset.stderr, /Client "web-1" is alive: stop the fleet first/);
    assert.match(reset.stdout, /→ {2}horizon {2}not written/);
    const released = await json(["release", "-a", "billing", "--shard", "0"], 1);
    assert.equal(released["outcome"], "owner is alive");
    const deleted = await cli(["tables", "delete", "-a", "billing", "--yes"]);
    assert.deepEqual([deleted.code, /web-1" is alive/.test(deleted.stderr)], [1, true]);
    assert.equal((await cli(["status", ...FLEET])).code, 0, "the fleet suffered");
  });

  it("is joined by noop", SLOW, async () => {
    const noop = runCli(["noop", "-s", "orders", "-a", "trial", "--create-tables", "--json"], {
      env,
    });
    await noop.printed(/"records":[2-9]/);
    noop.signal("SIGTERM");
    const { code, stdout } = await noop.ended;
    assert.deepEqual([code, /"elapsedMs":\d+\}\n$/.test(stdout)], [0, true]);
  });
});

describe("local and demo", () => {
  it("local serves a stream where it says", SLOW, async () => {
    const args = [
      "--kinesis-port",
      "0",
      "--dynamodb-port",
      "0",
      "--stream",
      "fresh",
      "--shards",
      "3",
    ];
    const local = runCli(["local", ...args, "--json"], { env });
    const printed = JSON.parse(await local.printed(/\}\n\}\n$/)) as EmbeddedServers;
    assert.equal((await openStreams(printed).shards("fresh")).length, 3);
    local.signal("SIGINT");
    assert.equal((await local.ended).code, 0);
  });

  it("demo accounts for every record", SLOW, async () => {
    const verdict = await json(["demo", "--seconds", "5", "--shards", "3"]);
    assert.deepEqual([verdict["lost"], verdict["twice"], verdict["outOfOrder"]], [0, 0, 0]);
    assert.ok(Number(verdict["produced"]) > 100, "hardly a record");
    assert.equal(verdict["consumed"], verdict["produced"]);
  });

  it("demo ends in an orderly way at Ctrl-C", SLOW, async () => {
    const demo = runCli(["demo", "--seconds", "60", "--shards", "2"], { env });
    await demo.printed(/Two clients share the stream/);
    demo.signal("SIGINT");
    assert.equal((await demo.ended).code, 130);
  });
});
