// Contract: in a terminal there are colours unless NO_COLOR is set, no line passes the edge, `top`
// draws in place, obeys its keys and leaves the terminal as it was, and Ctrl-C ends cleanly.

// deno-lint-ignore-file no-control-regex
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type EmbeddedServers, openStreams, startEmbeddedServers } from "../../testing/mod.ts";
import { lacksTerminal, runCli, runInTerminal } from "./run_cli.ts";

const SLOW = { timeout: 60_000, skip: lacksTerminal() };
const FLEET = ["--stream", "orders", "--application", "billing"];
const SIZE = { columns: 90, rows: 24 };
const ENTER = "\x1b[?1049h";
const LEAVE = "\x1b[?25h\x1b[?1049l";

describe("in a terminal", () => {
  let servers: EmbeddedServers;
  let env: Record<string, string>;

  before(async () => {
    servers = await startEmbeddedServers();
    env = {
      KINSUMER_KINESIS_ENDPOINT: servers.kinesisEndpoint,
      KINSUMER_DYNAMODB_ENDPOINT: servers.dynamodbEndpoint,
    };
    await openStreams(servers).create("orders", { shardCount: 3 });
    const { code } = await runCli(["tables", "create", "-a", "billing"], { env }).ended;
    assert.equal(code, 0);
  }, { timeout: 60_000 });

  after(() => servers.stop());

  it("status has colours, and no line passes the edge", SLOW, async () => {
    const { code, stdout } = await runInTerminal(["status", ...FLEET], { env, ...SIZE }).ended;
    assert.equal(code, 1, stdout); // no client is alive
    assert.match(stdout, /\x1b\[31m✗ \x1b\[0mno client is alive/);
    for (const line of plain(stdout).split(/\r?\n/)) assert.ok([...line].length <= 90, line);
  });

  it("status has none where NO_COLOR is set", SLOW, async () => {
    const options = { env: { ...env, NO_COLOR: "1" }, ...SIZE };
    const { stdout } = await runInTerminal(["status", ...FLEET], options).ended;
    assert.doesNotMatch(stdout, /\x1b\[3?\d?m/);
    assert.match(stdout, /✗ no client is alive/);
  });

  it("a pipe has colours where FORCE_COLOR is set", SLOW, async () => {
    const options = { env: { ...env, FORCE_COLOR: "1" } };
    assert.match((await runCli(["status", ...FLEET], options).ended).stdout, /\x1b\[31m✗/);
  });

  it("top obeys its keys, and gives the terminal back", SLOW, async () => {
    const top = runInTerminal(["top", ...FLEET, "--interval", "1"], { env, ...SIZE });
    await top.printed(/by shard/);
    top.type("l");
    await top.printed(/by lag/);
    top.type("r");
    await top.printed(/by lag, reversed/);
    top.type("\x1b[A"); // an arrow means nothing
    top.type("q");
    const { code, stdout } = await top.ended;
    assert.equal(code, 1, "no client is alive");
    assert.ok(
      stdout.includes(ENTER) && stdout.trimEnd().endsWith(LEAVE),
      JSON.stringify(stdout.slice(-80)),
    );
  });

  it("top ends at Ctrl-C, which is a key there", SLOW, async () => {
    const top = runInTerminal(["top", ...FLEET], { env, ...SIZE });
    await top.printed(/q quit/);
    top.type("\x03");
    const { code, stdout } = await top.ended;
    assert.deepEqual([code, stdout.trimEnd().endsWith(LEAVE)], [1, true]);
  });

  it("tail ends at Ctrl-C, and shows what a payload would do to the terminal", SLOW, async () => {
    await openStreams(servers).put("orders", [{ partitionKey: "k", data: "a\x1b[2Jb" }]);
    const tail = runInTerminal(["tail", "-s", "orders", "--from", "horizon"], { env, ...SIZE });
    await tail.printed(/a\\x1b\[2Jb/);
    tail.type("\x03");
    assert.equal((await tail.ended).code, 0);
  });

  it("the demo draws, and ends with its account", SLOW, async () => {
    const args = ["demo", "--seconds", "5", "--shards", "2"];
    const { code, stdout } = await runInTerminal(args, { env, ...SIZE }).ended;
    assert.equal(code, 0, stdout.slice(-2_000));
    assert.ok(stdout.includes(LEAVE), "the terminal is not given back");
    assert.match(plain(stdout), /✓ Every record came, in order, and none twice/);
  });
});

function plain(text: string): string {
  return text.replace(/\x1b\[[?\d;]*[a-zA-Z]/g, "");
}
