// The contract: what happens to a fleet is told, to those whom it concerns, once.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../../testing/collect.ts";
import { startEmbeddedServers } from "../../testing/local_servers.ts";
import { createSimulatedFleet, type SimulatedClient } from "../../testing/simulation/fleet.ts";
import { openStreams } from "../../testing/streams.ts";
import type { KinsumerEvent } from "../events.ts";
import { Kinsumer } from "../kinsumer.ts";
import { systemRuntime } from "../runtime.ts";

const SHARD = "shardId-000000000000";

type Type = KinsumerEvent["type"];

function those<Name extends Type>(
  { events }: Pick<SimulatedClient, "events">,
  type: Name,
): readonly Extract<KinsumerEvent, { readonly type: Name }>[] {
  return events.filter((event): event is Extract<KinsumerEvent, { readonly type: Name }> =>
    event.type === type
  );
}

describe("events", () => {
  it("tell the leader who comes and goes, and everybody what becomes of himself", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 2 });
    const a = await fleet.start("a");
    await fleet.clock.advance(5_000);
    const b = await fleet.start("b");
    await fleet.clock.advance(10_000);
    assert.deepEqual(those(a, "started"), [{ type: "started", clientId: "a" }]);
    assert.deepEqual(those(a, "leader-won"), [{ type: "leader-won", clientId: "a" }]);
    assert.deepEqual(those(a, "client-joined"), [{ type: "client-joined", otherClientId: "b" }]);
    assert.deepEqual(those(b, "client-joined"), [], "only the leader tells");
    assert.deepEqual(
      those(a, "rebalanced").map(({ clientCount, moveCount, shardCount }) => [
        clientCount,
        shardCount,
        moveCount,
      ]).at(-1),
      [2, 2, 1],
    );
    assert.equal(those(a, "shard-captured").length, 2);
    assert.deepEqual(those(a, "shard-released").map(({ isClean }) => isClean), [true]);
    await fleet.stop(b);
    await fleet.clock.advance(10_000);
    const c = await fleet.start("c");
    await fleet.clock.advance(10_000);
    c.crash();
    await fleet.clock.advance(30_000);
    assert.deepEqual(
      those(a, "client-left").map(({ otherClientId, reason }) => [otherClientId, reason]),
      [
        ["b", "stopped"],
        ["c", "dead"],
      ],
    );
    await fleet.stop(a);
    assert.deepEqual(those(a, "leader-lost"), [{ type: "leader-lost", clientId: "a" }]);
    assert.deepEqual(those(a, "stopped"), [{ type: "stopped", clientId: "a", isClean: true }]);
  });

  it("call a stop unclean where a shard that was lost still has the client's name", async () => {
    const fleet = createSimulatedFleet({ seed: 7, shards: 1 });
    fleet.put(100, SHARD);
    let fails = false;
    const intercept = (operation: string) =>
      fails && operation === "UpdateItem"
        ? Promise.reject(new TypeError("fetch failed"))
        : Promise.resolve();
    const a = await fleet.start("a", { handlerMs: 1_000, dynamodb: { intercept } });
    await fleet.clock.advance(5_000);
    fails = true;
    await fleet.clock.runUntil(() => those(a, "shard-lost").length > 0, 60_000);
    await fleet.clock.advance(1_500);
    fails = false;
    await fleet.stop(a);
    assert.equal(fleet.tables.checkpoints()[0]?.ownerId, "a");
    assert.deepEqual(fleet.tables.clientRows(), []);
    assert.deepEqual(those(a, "stopped"), [{ type: "stopped", clientId: "a", isClean: false }]);
  });

  it("tell of a shard that the stream no longer has, and that was not processed", async () => {
    const fleet = createSimulatedFleet({ seed: 2, shards: 1 });
    fleet.put(10, SHARD);
    const a = await fleet.start("a", { handlerMs: 60_000 });
    await fleet.clock.advance(70_000);
    fleet.stream.split(SHARD);
    await fleet.clock.advance(5_000);
    await fleet.stop(a);
    fleet.stream.forget(SHARD);
    const b = await fleet.start("b");
    await fleet.clock.advance(200_000);
    const [expired] = those(b, "shard-expired");
    assert.equal(expired?.shardId, SHARD);
    assert.ok(expired.sequenceNumber !== undefined, "how far it was processed");
    assert.equal(those(b, "shard-expired").length, 1);
    await fleet.stop(b);
  });

  it("tell once that a service does not take CBOR", { timeout: 60_000 }, async () => {
    const { stop, ...servers } = await startEmbeddedServers();
    const runtime = systemRuntime();
    const streams = openStreams(servers);
    await streams.create("orders", { shardCount: 2 });
    await streams.put("orders", [{ data: "1", partitionKey: "a" }]);
    const events: KinsumerEvent[] = [];
    const kinsumer = new Kinsumer({
      ...servers,
      streamName: "orders",
      applicationName: "billing",
      onEvent: (event) => events.push(event),
      runtime: {
        ...runtime,
        fetch: async (url, request) => {
          const isCbor = JSON.stringify(request.headers).includes("cbor");
          if (!isCbor) return await runtime.fetch(url, request);
          const body = JSON.stringify({ __type: "SerializationException" });
          return new Response(body, { status: 400 });
        },
      },
    });
    try {
      await kinsumer.createRequiredTables();
      await kinsumer.run();
      assert.equal((await kinsumer.next())?.text(), "1");
      await eventually("all is read", () => kinsumer.ownedShardIds.length === 2, 20_000);
      const refused = those({ events }, "wire-refused");
      assert.deepEqual(refused.map(({ error }) => error.name), ["KinsumerError"]);
    } finally {
      await kinsumer.stop({ deadlineMs: 2_000 });
      await stop();
    }
  });
});
