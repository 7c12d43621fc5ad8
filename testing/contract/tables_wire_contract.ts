/**
 * Says what the three tables promise on the wire: which rows they live with, and what they leave
 * alone. Put to any `DynamoDbApi`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DynamoDbApi, Item, UpdateRequest, WriteOutcome } from "../../src/aws/dynamodb_api.ts";
import type { Checkpoint } from "../../src/model.ts";
import type { Clock } from "../../src/runtime.ts";
import { createCheckpointsTable } from "../../src/tables/checkpoints.ts";
import { createClientsTable } from "../../src/tables/clients.ts";
import { createMetadataTable } from "../../src/tables/metadata.ts";
import {
  assertTablesUsable,
  createTables,
  deleteTables,
  HASH_KEYS,
  type TableNames,
  tableNames,
} from "../../src/tables/schema.ts";
import { openedFor } from "./opened.ts";

/** A database to try. */
export interface DynamoDbUnderTest {
  readonly api: DynamoDbApi;
  readonly clock: Clock;
  close(): Promise<void>;
}

const NAMES = tableNames("wire");
const OWNER = { clientId: "owner", clientName: "name" };
const EARLY = "1795412452783491765"; // as Go wrote it; beyond 2^53
const LATER = "1795412452783491766"; // the same number, once rounded to a double
const LATEST = "1795412452783491767";

/** Registers the suite. `open` is called once. */
export function describeTablesWireContract(
  name: string,
  open: () => Promise<DynamoDbUnderTest>,
): void {
  describe(`tables on the wire: ${name}`, () => {
    const database = openedFor(async () => {
      const opened = await open();
      await createTables({ ...opened, names: NAMES, waiterDelayMs: 5 });
      return opened;
    });
    describeForeignRows(database);
    describeLostAnswers(database);
    describeSize(database);
    describeSchema(database);
  });
}

/** Writes attributes as some other program would. */
async function seed(api: DynamoDbApi, table: keyof TableNames, item: Item): Promise<void> {
  const hashKey = HASH_KEYS[table];
  const { [hashKey]: key = { S: "" }, ...attributes } = item;
  const entries = Object.entries(attributes);
  const assignments = entries.map(([attribute], index) => ({
    name: [`#n${index}`, attribute] as const,
    text: `#n${index} = :v${index}`,
  }));
  await api.updateItem({
    tableName: NAMES[table],
    key: { [hashKey]: key },
    updateExpression: `SET ${assignments.map(({ text }) => text).join(", ")}`,
    attributeNames: Object.fromEntries(assignments.map(({ name: pair }) => pair)),
    attributeValues: Object.fromEntries(entries.map(([, value], index) => [`:v${index}`, value])),
  });
}

function describeForeignRows(database: () => DynamoDbUnderTest): void {
  const unowned: readonly (readonly [string, Item])[] = [
    ["released by Go", { LastUpdate: { N: EARLY } }],
    ["put by Go with NULL", { LastUpdate: { N: EARLY }, OwnerID: { NULL: true } }],
    ["put by a fork with empty strings", { LastUpdate: { N: EARLY }, OwnerID: { S: "" } }],
    ["seeded by hand without LastUpdate", { SequenceNumber: { S: "LATEST" } }],
    ["seeded by hand with a word for LastUpdate", { LastUpdate: { S: "never" } }],
    ["seeded by hand with LastUpdate 0", { LastUpdate: { N: "0" } }],
  ];
  for (const [which, attributes] of unowned) {
    it(`capture() takes an unowned row ${which}`, async () => {
      const { api, clock } = database();
      const checkpoints = createCheckpointsTable({ api, tableName: NAMES.checkpoints, clock });
      await seed(api, "checkpoints", { Shard: { S: which }, ...attributes });
      const observed = await checkpoints.read(which);
      assert.ok(observed !== undefined);
      assert.equal(observed.ownerId, undefined);
      const request = { shardId: which, owner: OWNER, observed };
      const answer = await checkpoints.capture({ ...request, lastUpdate: LATER });
      assert.ok(answer.outcome === "captured");
      assert.equal(answer.checkpoint.ownerId, "owner");
      assert.equal(answer.checkpoint.sequenceNumber, observed.sequenceNumber);
      const thief = { clientId: "thief", clientName: "thief" };
      const again = await checkpoints.capture({ ...request, owner: thief, lastUpdate: LATEST });
      assert.deepEqual(again, { outcome: "held" });
    });
  }

  it("a row without LastUpdate that is gone is neither captured anew nor removed again", async () => {
    const { api, clock } = database();
    const checkpoints = createCheckpointsTable({ api, tableName: NAMES.checkpoints, clock });
    await seed(api, "checkpoints", { Shard: { S: "bare" }, SequenceNumber: { S: "LATEST" } });
    const observed = await checkpoints.read("bare");
    assert.ok(observed !== undefined);
    assert.equal(await checkpoints.remove(observed), true);
    assert.equal(await checkpoints.remove(observed), false);
    const request = { shardId: "bare", owner: OWNER, observed, lastUpdate: LATER };
    assert.deepEqual(await checkpoints.capture(request), { outcome: "held" });
    assert.equal(await checkpoints.read("bare"), undefined);
  });

  it("capture() tells apart two LastUpdates that are one number as doubles", async () => {
    const { api, clock } = database();
    const checkpoints = createCheckpointsTable({ api, tableName: NAMES.checkpoints, clock });
    await seed(api, "checkpoints", { Shard: { S: "close" }, LastUpdate: { N: LATER } });
    const observed: Checkpoint = { shardId: "close", lastUpdate: EARLY, isFinished: false };
    const request = { shardId: "close", owner: OWNER, observed, lastUpdate: LATEST };
    assert.deepEqual(await checkpoints.capture(request), { outcome: "held" });
  });

  it("commit() refuses once a Go client took the shard within the same LastUpdate", async () => {
    const { api, clock } = database();
    const checkpoints = createCheckpointsTable({ api, tableName: NAMES.checkpoints, clock });
    const captured = await checkpoints.capture({
      shardId: "same",
      owner: OWNER,
      observed: undefined,
      lastUpdate: EARLY,
    });
    assert.ok(captured.outcome === "captured");
    await seed(api, "checkpoints", { Shard: { S: "same" }, OwnerID: { S: "go" } });
    const committed = await checkpoints.commit({
      observed: captured.checkpoint,
      lastUpdate: LATER,
    });
    assert.deepEqual(committed, { outcome: "conflict" });
  });

  it("unknown attributes survive capture, commit and release; Go's attributes are all there", async () => {
    const { api, clock } = database();
    const checkpoints = createCheckpointsTable({ api, tableName: NAMES.checkpoints, clock });
    await seed(api, "checkpoints", { Shard: { S: "extra" }, Extra: { L: [{ S: "kept" }] } });
    const observed = await checkpoints.read("extra");
    const request = { shardId: "extra", owner: OWNER, observed, lastUpdate: EARLY };
    const captured = await checkpoints.capture(request);
    assert.ok(captured.outcome === "captured");
    await checkpoints.commit({
      observed: captured.checkpoint,
      lastUpdate: LATER,
      sequenceNumber: "42",
      isFinished: true,
    });
    const key = { Shard: { S: "extra" } };
    const item = await api.getItem({ tableName: NAMES.checkpoints, key });
    const { Finished, FinishedRFC, ...rest } = item ?? {};
    assert.deepEqual(rest, {
      ...key,
      Extra: { L: [{ S: "kept" }] },
      LastUpdate: { N: LATER },
      LastUpdateRFC: { S: "Mon, 23 Nov 2026 05:40:52 +0000" },
      SequenceNumber: { S: "42" },
    });
    assert.match(JSON.stringify(Finished), /^\{"N":"\d{19}"\}$/);
    assert.match(
      JSON.stringify(FinishedRFC),
      /^\{"S":"\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000"\}$/,
    );
  });

  it("beat() and assign() leave unknown attributes of a client alone", async () => {
    const { api, clock } = database();
    const clients = createClientsTable({ api, tableName: NAMES.clients, clock });
    await seed(api, "clients", { ID: { S: "extra" }, Extra: { BOOL: true } });
    const me = {
      clientId: "extra",
      clientName: "n",
      maxAgeMs: 1,
      incarnation: "i",
      isLeaving: false,
    };
    await clients.register(me);
    await clients.beat(me);
    await clients.assign({ clientId: "extra", shardIds: [] });
    const key = { ID: { S: "extra" } };
    const item = await api.getItem({ tableName: NAMES.clients, key });
    assert.deepEqual(item?.["Extra"], { BOOL: true });
    assert.deepEqual(item?.["Assignment"], { S: "" });
  });

  it("beat() of a row that a Go client of the same ID put over ours is a conflict", async () => {
    const { api, clock } = database();
    const clients = createClientsTable({ api, tableName: NAMES.clients, clock });
    await seed(api, "clients", { ID: { S: "go" }, LastUpdate: { N: EARLY } });
    const me = { clientId: "go", clientName: "n", maxAgeMs: 1, incarnation: "i", isLeaving: false };
    assert.deepEqual(await clients.beat(me), { outcome: "conflict" });
  });

  it("lead() takes over from Go's leader, and from one that resigned in Go's way", async () => {
    const { api, clock } = database();
    const metadata = createMetadataTable({ api, tableName: NAMES.metadata, clock });
    const me = { clientId: "me", clientName: "name", maxAgeMs: 5 };
    for (const id of [{ S: "go" }, { NULL: true }, { S: "" }] as const) {
      const row = { Key: { S: "Leader" }, ID: id, LastUpdate: { N: EARLY } };
      await seed(api, "metadata", row);
      const observed = await metadata.readLeader();
      assert.equal(observed?.clientId, "S" in id && id.S !== "" ? id.S : undefined);
      assert.equal(await metadata.lead({ ...me, observed: undefined }), undefined);
      assert.equal((await metadata.lead({ ...me, observed }))?.clientId, "me");
      await metadata.resign("me");
    }
  });
}

/** The same API, where each write is carried out twice and only the second answer arrives. */
function losingAnswers(api: DynamoDbApi): DynamoDbApi {
  const twice = async (request: UpdateRequest, signal?: AbortSignal): Promise<WriteOutcome> => {
    await api.updateItem(request, signal);
    return api.updateItem(request, signal);
  };
  return { ...api, updateItem: twice };
}

function describeLostAnswers(database: () => DynamoDbUnderTest): void {
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

function describeSize(database: () => DynamoDbUnderTest): void {
  it("list() returns more rows than fit into one page of 1 MB", async () => {
    const { api, clock } = database();
    const checkpoints = createCheckpointsTable({ api, tableName: NAMES.checkpoints, clock });
    const shardIds = Array.from({ length: 12 }, (_, index) => `big ${index}`);
    for (const shardId of shardIds) {
      await seed(api, "checkpoints", { Shard: { S: shardId }, Extra: { S: "x".repeat(100_000) } });
    }
    const listed = (await checkpoints.list()).filter((row) => row.shardId.startsWith("big"));
    assert.deepEqual(listed.map((row) => row.shardId).sort(), [...shardIds].sort());
  });
}

function describeSchema(database: () => DynamoDbUnderTest): void {
  it("tables are made and deleted, twice over, and asserted in between", async () => {
    const names = tableNames("schema");
    const options = { ...database(), names, waiterDelayMs: 5 };
    await assert.rejects(assertTablesUsable(options), { code: "TableNotFound" });
    await deleteTables(options);
    await createTables({ ...options, provisioned: { readUnits: 10, writeUnits: 10 } });
    await createTables(options);
    await assertTablesUsable(options);
    await Promise.all([deleteTables(options), deleteTables(options)]);
    await assert.rejects(assertTablesUsable(options), { code: "TableNotFound" });
    await Promise.all([createTables(options), createTables(options)]);
    await assertTablesUsable(options);
  });
}
