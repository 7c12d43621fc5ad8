/**
 * Says that a write of the tables whose answer is lost, and which comes twice, counts once.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import type { DynamoDbApi, UpdateRequest, WriteOutcome } from "../../src/aws/dynamodb_api.ts";
import { createCheckpointsTable } from "../../src/tables/checkpoints.ts";
import { createClientsTable } from "../../src/tables/clients.ts";
import type { BeatingClient } from "../../src/tables/clients_api.ts";
import { createMetadataTable } from "../../src/tables/metadata.ts";
import { type DynamoDbUnderTest, EARLY, LATER, NAMES, OWNER, seed } from "./tables_wire_lab.ts";

const BEATING: BeatingClient = {
  clientId: "beats late",
  clientName: "name",
  maxAgeMs: 15_000,
  incarnation: "first",
  isLeaving: false,
};

/** The same API, where each write is carried out twice and only the second answer arrives. */
function losingAnswers(api: DynamoDbApi): DynamoDbApi {
  const twice = async (request: UpdateRequest, signal?: AbortSignal): Promise<WriteOutcome> => {
    await api.updateItem(request, signal);
    return api.updateItem(request, signal);
  };
  return { ...api, updateItem: twice };
}

/** The same API, which notes each write. */
function noting(api: DynamoDbApi): {
  readonly api: DynamoDbApi;
  readonly sent: readonly UpdateRequest[];
} {
  const sent: UpdateRequest[] = [];
  const updateItem = (request: UpdateRequest, signal?: AbortSignal): Promise<WriteOutcome> => {
    sent.push(request);
    return api.updateItem(request, signal);
  };
  return { api: { ...api, updateItem }, sent };
}

/** Registers the tests. */
export function describeLostAnswers(database: () => DynamoDbUnderTest): void {
  it("capture(), renewal, release and finish whose answers were lost still succeed", async () => {
    const { clock } = database();
    const api = losingAnswers(database().api);
    const checkpoints = createCheckpointsTable({ api, tableName: NAMES.checkpoints, clock });
    for (const how of [{}, { isReleased: true }, { isFinished: true }]) {
      const shardId = `lost ${JSON.stringify(how)}`;
      const capture = { shardId, owner: OWNER, observed: undefined, lastUpdate: EARLY };
      const captured = await checkpoints.capture(capture);
      assert.ok(captured.outcome === "captured");
      const { checkpoint: observed } = captured;
      const committed = await checkpoints.commit({ observed, lastUpdate: LATER, ...how });
      assert.ok(committed.outcome === "committed");
      assert.equal(committed.checkpoint.lastUpdate, LATER);
    }
  });

  it("a beat whose answer was lost has beaten", async () => {
    const { clock } = database();
    const api = losingAnswers(database().api);
    const clients = createClientsTable({ api, tableName: NAMES.clients, clock });
    await clients.register(BEATING);
    const beaten = await clients.beat(BEATING);
    assert.ok(beaten.outcome === "beaten");
    assert.deepEqual(beaten.row, await clients.read(BEATING.clientId));
  });

  it("a registration whose answer was lost has registered, with one row written", async () => {
    const { clock } = database();
    const api = losingAnswers(database().api);
    const clients = createClientsTable({ api, tableName: NAMES.clients, clock });
    const registered = await clients.register({ ...BEATING, clientId: "registers late" });
    assert.deepEqual(await clients.read("registers late"), registered);
  });

  it("a beat that arrives again, late, does not put its date back", async () => {
    const { api, sent } = noting(database().api);
    const { clock } = database();
    const clients = createClientsTable({ api, tableName: NAMES.clients, clock });
    await clients.register(BEATING);
    await clients.beat(BEATING);
    await clients.beat(BEATING);
    const row = await clients.read(BEATING.clientId);
    await api.updateItem(sent[1]!);
    assert.deepEqual(await clients.read(BEATING.clientId), row);
  });

  it("a registration that arrives again, late, puts back neither date nor process", async () => {
    const { api, sent } = noting(database().api);
    const { clock } = database();
    const clients = createClientsTable({ api, tableName: NAMES.clients, clock });
    const first = { ...BEATING, clientId: "registers twice" };
    const second = { ...first, incarnation: "second" };
    await clients.register(first);
    await clients.beat(first);
    const beaten = await clients.read(first.clientId);
    await api.updateItem(sent[0]!);
    assert.deepEqual(await clients.read(first.clientId), beaten);
    await clients.register(second);
    await api.updateItem(sent[0]!);
    assert.equal((await clients.beat(second)).outcome, "beaten");
  });

  it("register() takes a row whose date is ahead of its own clock, and beats on from there", async () => {
    const { api, clock } = database();
    const ahead = { ...clock, nowMs: () => clock.nowMs() + 600_000 };
    const earlier = createClientsTable({ api, tableName: NAMES.clients, clock: ahead });
    const first = { ...BEATING, clientId: "clock ahead" };
    const second = { ...first, incarnation: "second" };
    const before = await earlier.register(first);
    const later = createClientsTable({ api, tableName: NAMES.clients, clock });
    const taken = await later.register(second);
    assert.ok(BigInt(taken.lastUpdate) > BigInt(before.lastUpdate), taken.lastUpdate);
    const beaten = await later.beat(second);
    assert.ok(beaten.outcome === "beaten");
    assert.ok(BigInt(beaten.row.lastUpdate) > BigInt(taken.lastUpdate), beaten.row.lastUpdate);
    assert.equal((await earlier.beat(first)).outcome, "conflict");
  });

  it("register() takes a row whose date is none", async () => {
    const { api, clock } = database();
    const clients = createClientsTable({ api, tableName: NAMES.clients, clock });
    for (const LastUpdate of [{ NULL: true }, { S: "yesterday" }] as const) {
      await seed(api, "clients", { ID: { S: "odd date" }, LastUpdate });
      const row = await clients.register({ ...BEATING, clientId: "odd date" });
      assert.match(row.lastUpdate, /^\d{19}$/);
    }
  });

  it("register() gives up with ClientIdInUse where others register again and again", async () => {
    const { api, clock } = database();
    const rival = createClientsTable({ api, tableName: NAMES.clients, clock });
    const contested: DynamoDbApi = {
      ...api,
      updateItem: async (request, signal) => {
        await rival.register({ ...BEATING, clientId: "contested", incarnation: "rival" });
        return await api.updateItem(request, signal);
      },
    };
    const early = { ...clock, nowMs: () => clock.nowMs() - 600_000 };
    const mine = createClientsTable({ api: contested, tableName: NAMES.clients, clock: early });
    const registering = mine.register({ ...BEATING, clientId: "contested" });
    await assert.rejects(registering, { name: "KinsumerError", code: "ClientIdInUse" });
  });

  it("a capture whose answer was lost is held if another took the shard meanwhile", async () => {
    const { api, clock } = database();
    const rival = createCheckpointsTable({ api, tableName: NAMES.checkpoints, clock });
    const overtaken: DynamoDbApi = {
      ...api,
      updateItem: async (request, signal) => {
        await api.updateItem(request, signal);
        const owner = { clientId: "rival", clientName: "rival" };
        const observed = await rival.read("overtaken");
        await rival.capture({ shardId: "overtaken", owner, observed, lastUpdate: LATER });
        return api.updateItem(request, signal);
      },
    };
    const mine = createCheckpointsTable({ api: overtaken, tableName: NAMES.checkpoints, clock });
    const request = { shardId: "overtaken", owner: OWNER, observed: undefined, lastUpdate: EARLY };
    assert.deepEqual(await mine.capture(request), { outcome: "held" });
  });

  it("lead() whose answer was lost still succeeds", async () => {
    const { clock } = database();
    const api = losingAnswers(database().api);
    const metadata = createMetadataTable({ api, tableName: NAMES.metadata, clock });
    const me = { clientId: "loses answers", clientName: "name", maxAgeMs: 5 };
    const row = await metadata.lead({ ...me, observed: await metadata.readLeader() });
    assert.equal(row?.clientId, "loses answers");
    assert.deepEqual(await metadata.readLeader(), row);
  });

  it("startedAtMs() whose answer was lost still returns what it wrote", async () => {
    const { clock } = database();
    const api = losingAnswers(database().api);
    const metadata = createMetadataTable({ api, tableName: NAMES.metadata, clock });
    assert.equal(await metadata.startedAtMs(1_795_412_454_604), 1_795_412_454_604);
  });
}
