// The contract: the statistics arrive at a real UDP listener under the Go library's names, with the
// prefix, and nothing is left open.
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { eventually } from "../../testing/collect.ts";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { closed, connectStatsd } from "./connect.ts";
import { type Found, type Lookup, rememberingLookup } from "./lookup.ts";
import { statsdReceiver } from "./receiver.ts";

const LIMIT = { timeout: 20_000 };

describe("statistics for StatsD", () => {
  let socket: Socket;
  let lines: string[];

  beforeEach(async () => {
    lines = [];
    socket = createSocket("udp4");
    socket.on("message", (message) => {
      lines.push(...message.toString().split("\n").filter((line) => line !== ""));
    });
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
  });
  afterEach(() => {
    socket.close();
  });

  it("arrive under the names of the Go library", LIMIT, async () => {
    const { port } = socket.address();
    const statsd = await connectStatsd({ host: "127.0.0.1", port, prefix: "billing" });
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(3);
    const a = await fleet.start("a", { options: { statsReceiver: statsd.receiver } });
    await fleet.clock.runUntil(() => fleet.account.isComplete, 10_000);
    await fleet.stop(a);
    await statsd.close();
    await eventually(
      "all has come",
      () => lines.some((line) => line.includes("checkpoints")),
      5_000,
    );
    const counts = new Map<string, number>();
    for (const line of lines) {
      const [, name = "", kind = ""] = /^([^:]+):\d+(?:\.\d+)?\|(c|ms)$/.exec(line) ?? [];
      assert.notEqual(name, "", line);
      counts.set(`${name} ${kind}`, (counts.get(`${name} ${kind}`) ?? 0) + 1);
    }
    assert.deepEqual([...counts.keys()].sort(), [
      "billing.kinsumer.checkpoints c",
      "billing.kinsumer.consumed c",
      "billing.kinsumer.end_to_end ms",
      "billing.kinsumer.in_kinsumer ms",
      "billing.kinsumer.in_stream ms",
      "billing.kinsumer.shardId-000000000000.lag ms",
      "billing.kinsumer.shardId-000000000000.retrieved c",
    ]);
    assert.equal(counts.get("billing.kinsumer.consumed c"), 3);
    assert.ok(lines.includes("billing.kinsumer.shardId-000000000000.retrieved:3|c"), `${lines}`);
  });

  it("arrive where the server has a name", LIMIT, async () => {
    const { port } = socket.address();
    const statsd = await connectStatsd({ host: "localhost", port });
    for (let record = 0; record < 100; record++) statsd.receiver.checkpoint();
    await statsd.close();
    await eventually("all have come", () => lines.length === 100, 5_000);
  });

  it("keep nobody waiting who closes, where the end does not come", LIMIT, async () => {
    await closed(() => {}, 10);
    await closed((done) => done(), 1_000_000);
  });

  it("refuse a port that is none", async () => {
    await assert.rejects(connectStatsd({ port: 0 }), RangeError);
    await assert.rejects(connectStatsd({ port: 65_536 }), /port must be 1 to 65535, got 65536/);
  });

  it("leave out what is not known", () => {
    const names: string[] = [];
    const note = (name: string): void => void names.push(name);
    const receiver = statsdReceiver({ increment: note, timing: note });
    receiver.eventToClient({ insertedMs: undefined, retrievedMs: Date.now() });
    receiver.eventsFromKinesis({ count: 2, shardId: "s", lagMs: undefined });
    assert.deepEqual(names, ["kinsumer.consumed", "kinsumer.in_kinsumer", "kinsumer.s.retrieved"]);
  });
});

describe("rememberingLookup()", () => {
  const asked: { readonly host: string; readonly family: number; readonly found: Found }[] = [];
  let nowMs = 0;
  let find: Lookup;

  beforeEach(() => {
    asked.length = 0;
    nowMs = 0;
    find = rememberingLookup(
      (host, family, found) => asked.push({ host, family, found }),
      () => nowMs,
    );
  });

  function look(host = "statsd", family = 4): Promise<string> {
    return new Promise((resolve, reject) =>
      find(host, family, (error, address) => error === null ? resolve(address) : reject(error))
    );
  }

  it("asks once for many, and again after a minute", async () => {
    const all = [look(), look(), look()];
    assert.equal(asked.length, 1);
    asked[0]?.found(null, "10.0.0.1", 4);
    assert.deepEqual(await Promise.all(all), ["10.0.0.1", "10.0.0.1", "10.0.0.1"]);
    nowMs = 59_999;
    assert.equal(await look(), "10.0.0.1");
    assert.equal(asked.length, 1);
    nowMs = 60_000;
    const moved = look();
    asked[1]?.found(null, "10.0.0.2", 4);
    assert.equal(await moved, "10.0.0.2");
  });

  it("keeps the last address while none is found, and tries again after five seconds", async () => {
    const first = look();
    asked[0]?.found(null, "10.0.0.1", 4);
    await first;
    nowMs = 60_000;
    const failing = look();
    asked[1]?.found(new Error("ENOTFOUND"), "", 0);
    assert.equal(await failing, "10.0.0.1");
    nowMs = 64_999;
    assert.equal(await look(), "10.0.0.1");
    assert.equal(asked.length, 2);
    nowMs = 65_000;
    void look();
    assert.equal(asked.length, 3);
  });

  it("says what failed where there never was an address, and asks no more often", async () => {
    const failing = look();
    asked[0]?.found(new Error("ENOTFOUND"), "", 0);
    await assert.rejects(failing, /ENOTFOUND/);
    nowMs = 4_999;
    await assert.rejects(look(), /ENOTFOUND/);
    assert.equal(asked.length, 1);
  });

  it("tells hosts and families apart", () => {
    for (const [host, family] of [["a", 4], ["a", 6], ["b", 4]] as const) void look(host, family);
    assert.deepEqual(asked.map(({ host, family }) => `${host} ${family}`), ["a 4", "a 6", "b 4"]);
  });
});
