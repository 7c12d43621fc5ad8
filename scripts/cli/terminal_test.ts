// Contract: in a terminal there are colours unless NO_COLOR is set, no line passes the edge, `top`
// draws in place, obeys its keys and leaves the terminal as it was, and Ctrl-C ends cleanly.

// deno-lint-ignore-file no-control-regex
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type EmbeddedServers, openStreams, startEmbeddedServers } from "../../testing/mod.ts";
import { endCommands, lacksTerminal, runCli, runInTerminal } from "./run_cli.ts";

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

  after(async () => {
    await endCommands();
    await servers.stop();
  });

  it("status has colours, and no line passes the edge", SLOW, async () => {
    const { code, stdout } = await runInTerminal(["status", ...FLEET], { env, ...SIZE }).ended;
    assert.equal(code, 1, stdout); // no client is alive
    assert.match(stdout, /\x1b\[31m✗ \x1b\[0mno client is alive/);
    fits(stdout);
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

  it("noop counts, and ends at Ctrl-C", SLOW, async () => {
    const args = ["noop", "-s", "orders", "-a", "looking", "--create-tables"];
    const noop = runInTerminal(args, { env, ...SIZE });
    await noop.printed(/[1-9]\d* records/);
    noop.type("\x03");
    const { code, stdout } = await noop.ended;
    assert.deepEqual([code, /records.*\r?\n$/.test(plain(stdout))], [0, true], stdout);
  });

  it("put takes what is typed, until Ctrl-D; Ctrl-C gives it up", SLOW, async () => {
    const put = runInTerminal(["put", "-s", "orders"], { env, ...SIZE });
    put.type("alpha\nbeta\n\x04");
    const { code, stdout } = await put.ended;
    assert.deepEqual([code, /2 records are put\r?\n$/.test(plain(stdout))], [0, true], stdout);
    const given = runInTerminal(["put", "-s", "orders"], { env, ...SIZE });
    given.type("gamma\n");
    await given.printed(/1 records? (is|are) put/);
    given.type("\x03");
    assert.equal((await given.ended).code, 130);
  });

  it("tables are made, and deleted with --yes", SLOW, async () => {
    const tables = (...args: readonly string[]) =>
      runInTerminal(["tables", ...args, "-a", "brief"], { env, ...SIZE }).ended;
    const made = await tables("create");
    assert.deepEqual([made.code, /brief_clients/.test(made.stdout)], [0, true], made.stdout);
    const shown = await tables("delete");
    assert.deepEqual([shown.code, /Nothing was deleted/.test(shown.stdout)], [0, true]);
    assert.equal((await tables("delete", "--yes")).code, 0);
  });

  it("reset and release say what they would do", SLOW, async () => {
    const reset = ["reset", ...FLEET, "--to", "horizon"];
    const { code, stdout } = await runInTerminal(reset, { env, ...SIZE }).ended;
    assert.equal(code, 0, stdout);
    fits(stdout);
    assert.match(plain(stdout), /horizon/);
    const release = ["release", "-a", "billing", "--shard", "0"];
    const released = await runInTerminal(release, { env, ...SIZE }).ended;
    assert.deepEqual([released.code, /has no owner/.test(released.stdout)], [0, true]);
  });

  it("doctor has colours, and no line passes the edge", SLOW, async () => {
    const { code, stdout } = await runInTerminal(["doctor", ...FLEET], { env, ...SIZE }).ended;
    assert.equal(code, 0, stdout);
    assert.match(stdout, /\x1b\[32m✓/);
    fits(stdout);
  });

  it("doctor says everything in a narrow terminal too", SLOW, async () => {
    const doctor = ["doctor", "--stream", "a-stream-that-is-not-there", "--application", "billing"];
    const size = { columns: 46, rows: 24 };
    const { code, stdout } = await runInTerminal(doctor, { env, ...size }).ended;
    assert.equal(code, 1, stdout);
    const shown = plain(stdout).replaceAll(/.*\r(?!\n)/g, ""); // without what was under way
    for (const line of shown.split(/\r?\n/)) assert.ok([...line].length <= size.columns, line);
    const piped = await runCli(doctor, { env }).ended;
    const solid = (text: string) => text.replaceAll(/\s/g, "");
    const said = solid(shown);
    for (const line of piped.stdout.split("\n")) {
      if (!line.includes("clock")) assert.ok(said.includes(solid(line)), `${line} of ${stdout}`);
    }
  });

  it("local serves until Ctrl-C", SLOW, async () => {
    const args = ["local", "--kinesis-port", "0", "--dynamodb-port", "0", "--stream", "fresh"];
    const local = runInTerminal(args, { env, ...SIZE });
    await local.printed(/export AWS_SECRET_ACCESS_KEY=\S+[^]*\n/);
    local.type("\x03");
    assert.equal((await local.ended).code, 0);
  });

  it("nothing outlives a test whose time was up", SLOW, async () => {
    const args = ["local", "--kinesis-port", "0", "--dynamodb-port", "0"];
    const local = runInTerminal(args, { env, ...SIZE });
    const printed = await local.printed(/AWS_ENDPOINT_URL_KINESIS=\S+\s/);
    const [, url = ""] = /AWS_ENDPOINT_URL_KINESIS=(\S+)/.exec(plain(printed)) ?? [];
    await (await fetch(url)).text();
    await endCommands();
    await assert.rejects(async () => {
      for (;;) await (await fetch(url)).text(); // the terminal's hang-up ends it, in a moment
    });
  });

  it("the demo draws, and ends with its account", SLOW, async () => {
    const args = ["demo", "--seconds", "5", "--shards", "2"];
    const { code, stdout } = await runInTerminal(args, { env, ...SIZE }).ended;
    assert.equal(code, 0, stdout.slice(-2_000));
    assert.ok(stdout.includes(LEAVE), "the terminal is not given back");
    assert.match(plain(stdout), /✓ Every record came, in order, and none twice/);
  });
});

/** No line passes the edge. */
function fits(stdout: string): void {
  for (const line of plain(stdout).split(/[\r\n]+/)) { // a progress is drawn over, after a lone \r
    assert.ok([...line].length <= SIZE.columns, line);
  }
}

function plain(text: string): string {
  return text.replace(/\x1b\[[?\d;]*[a-zA-Z]/g, "");
}
