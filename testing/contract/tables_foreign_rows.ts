/**
 * Says with whose rows the tables live: those of the Go library, and those with attributes that nobody
 * here knows.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import type { Item } from "../../src/aws/dynamodb_api.ts";
import type { Checkpoint } from "../../src/model.ts";
import { createCheckpointsTable } from "../../src/tables/checkpoints.ts";
import { createClientsTable } from "../../src/tables/clients.ts";
import { createMetadataTable } from "../../src/tables/metadata.ts";
import {
  type DynamoDbUnderTest,
  EARLY,
  LATER,
  LATEST,
  NAMES,
  OWNER,
  seed,
} from "./tables_wire_lab.ts";

/** Registers the tests. */
export function describeForeignRows(database: () => DynamoDbUnderTest): void {
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
