// The contract: the statistics arrive at a real UDP listener under the Go library's names, with the
// prefix, and nothing is left open.
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { eventually } from "../../testing/collect.ts";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { connectStatsd } from "./connect.ts";
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
