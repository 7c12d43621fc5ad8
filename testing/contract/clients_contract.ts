/**
 * Says what the clients table promises.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import type { BeatingClient } from "../../src/tables/clients_api.ts";
import { openedFor, type OpenTables } from "./opened.ts";

/** Registers the tests. */
export function describeClients(open: OpenTables): void {
  const tables = openedFor(open);

  it("register() writes a row that read() and list() return", async () => {
    const { clients } = tables();
    const row = await clients.register(client("registers"));
    assert.equal(row.clientId, "registers");
    assert.equal(row.clientName, "name of registers");
    assert.equal(row.maxAgeMs, 15_000);
    assert.equal(row.assignedShardIds, undefined);
    assert.notEqual(row.isLeaving, true);
    assert.match(row.lastUpdate, /^\d{19}$/);
    assert.deepEqual(await clients.read("registers"), row);
    assert.deepEqual((await clients.list()).filter((one) => one.clientId === "registers"), [row]);
  });

  it("read() knows no row of a client that never registered", async () => {
    assert.equal(await tables().clients.read("nobody"), undefined);
  });

  it("beat() changes lastUpdate each time, ever upwards", async () => {
    const { clients } = tables();
    let last = (await clients.register(client("beats"))).lastUpdate;
    for (let count = 0; count < 5; count++) {
      const beaten = await clients.beat(client("beats"));
      assert.ok(beaten.outcome === "beaten");
      assert.ok(BigInt(beaten.row.lastUpdate) > BigInt(last));
      last = beaten.row.lastUpdate;
    }
  });

  it("beat() says that the client is leaving", async () => {
    const { clients } = tables();
    await clients.register(client("leaves"));
    await clients.beat(client("leaves", { isLeaving: true }));
    assert.equal((await clients.read("leaves"))?.isLeaving, true);
  });

  it("beat() says how many the client leads, and that it does no longer", async () => {
    const { clients } = tables();
    await clients.register(client("leads"));
    assert.equal((await clients.read("leads"))?.ledClientCount, undefined);
    await clients.beat(client("leads", { ledClientCount: 3 }));
    assert.equal((await clients.read("leads"))?.ledClientCount, 3);
    await clients.beat(client("leads"));
    assert.equal((await clients.read("leads"))?.ledClientCount, undefined);
  });

  it("beat() after a removal is expelled and brings no row back", async () => {
    const { clients } = tables();
    const row = await clients.register(client("removed"));
    assert.equal(await clients.remove(row), true);
    assert.deepEqual(await clients.beat(client("removed")), { outcome: "expelled" });
    assert.equal(await clients.read("removed"), undefined);
  });

  it("beat() after another process registered the ID is a conflict and writes nothing", async () => {
    const { clients } = tables();
    await clients.register(client("twice"));
    const second = await clients.register(client("twice", { incarnation: "second" }));
    assert.deepEqual(await clients.beat(client("twice")), { outcome: "conflict" });
    assert.deepEqual(await clients.read("twice"), second);
    const beaten = await clients.beat(client("twice", { incarnation: "second" }));
    assert.equal(beaten.outcome, "beaten");
  });

  it("assign() keeps the beat, and beat() keeps the assignment", async () => {
    const { clients } = tables();
    const { lastUpdate } = await clients.register(client("assigned"));
    const shardIds = ["shardId-000000000012", "odd.shard_ID-1"];
    assert.equal(await clients.assign({ clientId: "assigned", shardIds }), true);
    const row = await clients.read("assigned");
    assert.deepEqual(row?.assignedShardIds, shardIds);
    assert.equal(row?.lastUpdate, lastUpdate);
    const beaten = await clients.beat(client("assigned"));
    assert.ok(beaten.outcome === "beaten");
    assert.deepEqual(beaten.row.assignedShardIds, shardIds);
  });

  it("assign() tells no shard from no assignment", async () => {
    const { clients } = tables();
    await clients.register(client("idle"));
    assert.equal((await clients.read("idle"))?.assignedShardIds, undefined);
    await clients.assign({ clientId: "idle", shardIds: [] });
    assert.deepEqual((await clients.read("idle"))?.assignedShardIds, []);
  });

  it("assign() makes no row for a client that is gone", async () => {
    const { clients } = tables();
    assert.equal(await clients.assign({ clientId: "gone", shardIds: ["s"] }), false);
    assert.equal(await clients.read("gone"), undefined);
  });

  it("register() takes over an earlier row with its assignment", async () => {
    const { clients } = tables();
    await clients.register(client("restarts", { isLeaving: true }));
    await clients.assign({ clientId: "restarts", shardIds: ["shardId-000000000001"] });
    const row = await clients.register(client("restarts", { incarnation: "second" }));
    assert.deepEqual(row.assignedShardIds, ["shardId-000000000001"]);
    assert.notEqual(row.isLeaving, true);
  });

  it("witness() adds up what one observer after the other has seen", async () => {
    const { clients } = tables();
    const first = await clients.register(client("silent"));
    assert.equal(first.witnessedMs, undefined);
    assert.equal(await clients.witness?.(first, 700.5, undefined), true);
    const second = await clients.read("silent");
    assert.equal(second?.witnessedMs, 700);
    assert.equal(second?.lastUpdate, first.lastUpdate);
    assert.equal(await clients.witness?.(second!, 1_900), true);
    assert.equal((await clients.read("silent"))?.witnessedMs, 1_900);
  });

  it("witness() adds nothing to what another has added meanwhile, and none to a beat", async () => {
    const { clients } = tables();
    const observed = await clients.register(client("lives"));
    assert.equal(await clients.witness?.(observed, 500), true);
    assert.equal(await clients.witness?.(observed, 600), false);
    const witnessed = await clients.read("lives");
    await clients.beat(client("lives"));
    assert.equal(await clients.witness?.(witnessed!, 900), false);
    const beaten = await clients.read("lives");
    assert.equal(beaten?.witnessedMs, undefined);
    assert.equal(await clients.witness?.(beaten!, 50), true);
    assert.equal((await clients.read("lives"))?.witnessedMs, 50);
  });

  it("remove() spares a client that has beaten since", async () => {
    const { clients } = tables();
    const observed = await clients.register(client("lively"));
    await clients.beat(client("lively"));
    assert.equal(await clients.remove(observed), false);
    const row = await clients.read("lively");
    assert.ok(row !== undefined);
    assert.equal(await clients.remove(row), true);
    assert.equal(await clients.remove(row), false);
  });
}

function client(clientId: string, overrides: Partial<BeatingClient> = {}): BeatingClient {
  return {
    clientId,
    clientName: `name of ${clientId}`,
    maxAgeMs: 15_000,
    incarnation: `first of ${clientId}`,
    isLeaving: false,
    ...overrides,
  };
}
