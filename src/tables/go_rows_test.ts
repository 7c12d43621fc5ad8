// Contract: every row that a Go fleet wrote (recorded in testing/fixtures/go_tables.json) reads as
// what it means, in each form that Go writes "nothing" in, whatever else the row carries.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import goTables from "../../testing/fixtures/go_tables.json" with { type: "json" };
import type { AttributeValue, Item } from "../aws/dynamodb_api.ts";
import { parseCheckpoint } from "./checkpoints.ts";
import { parseClientRow } from "./clients.ts";
import { parseLeaderRow, parseShardCache } from "./metadata.ts";

type GoRow = Record<string, Record<string, unknown>>;

const SITUATIONS = [
  "two_clients_before_any_record",
  "two_clients_consuming",
  "after_merging_two_shards",
] as const;

/** The recorded rows are DynamoDB's own JSON. */
function items(rows: readonly unknown[]): readonly Item[] {
  return rows as readonly Item[];
}

/** What a recorded attribute says; `undefined` for NULL and absent. */
function said(item: Item, attribute: string, type: "S" | "N"): unknown {
  return (item as GoRow)[attribute]?.[type];
}

describe("parseClientRow()", () => {
  for (const situation of SITUATIONS) {
    it(`reads Go's clients: ${situation}`, () => {
      const rows = items(goTables[situation].clients);
      assert.equal(rows.length, 2);
      for (const item of rows) {
        assert.deepEqual(parseClientRow(item), {
          clientId: said(item, "ID", "S"),
          clientName: said(item, "Name", "S"),
          lastUpdate: said(item, "LastUpdate", "N"),
          maxAgeMs: undefined,
          assignedShardIds: undefined,
          isLeaving: undefined,
          ledClientCount: undefined,
          incarnation: undefined,
          witnessedMs: undefined,
        });
      }
    });
  }

  it("reads our own attributes, and ignores those it does not know", () => {
    const row = parseClientRow({
      ID: { S: "id" },
      Name: { NULL: true },
      MaxAgeMs: { N: "15000" },
      Assignment: { S: "" },
      Leaving: { BOOL: true },
      Leads: { N: "3" },
      Surprise: { L: [{ N: "1" }] },
    });
    assert.deepEqual(row, {
      clientId: "id",
      clientName: undefined,
      lastUpdate: "0",
      maxAgeMs: 15_000,
      assignedShardIds: [],
      isLeaving: true,
      ledClientCount: 3,
      incarnation: undefined,
      witnessedMs: undefined,
    });
  });
});

describe("parseCheckpoint()", () => {
  for (const situation of SITUATIONS) {
    it(`reads Go's checkpoints: ${situation}`, () => {
      for (const item of items(goTables[situation].checkpoints)) {
        assert.deepEqual(parseCheckpoint(item), {
          shardId: said(item, "Shard", "S"),
          sequenceNumber: said(item, "SequenceNumber", "S"),
          lastUpdate: said(item, "LastUpdate", "N"),
          ownerId: said(item, "OwnerID", "S"),
          ownerName: said(item, "OwnerName", "S"),
          ownerIncarnation: undefined,
          startAtMs: undefined,
          processedThroughMs: undefined,
          isFinished: said(item, "Finished", "N") !== undefined,
        });
      }
    });
  }

  it("finds the two shards finished that Go merged, and no other", () => {
    const rows = items(goTables.after_merging_two_shards.checkpoints).map(parseCheckpoint);
    const finished = rows.filter((row) => row.isFinished).map((row) => row.shardId);
    assert.deepEqual(finished.sort(), ["shardId-000000000000", "shardId-000000000001"]);
  });

  const nothings: readonly (AttributeValue | undefined)[] = [undefined, { NULL: true }, { S: "" }];
  for (const nothing of nothings) {
    it(`takes ${JSON.stringify(nothing) ?? "absent"} for nothing, in every attribute`, () => {
      const attributes = ["SequenceNumber", "OwnerID", "OwnerName", "Finished", "LastUpdate"];
      const blank = attributes.flatMap((name) => (nothing === undefined ? [] : [[name, nothing]]));
      const item = { Shard: { S: "s" }, ...Object.fromEntries(blank) } as Item;
      assert.deepEqual(parseCheckpoint(item), {
        shardId: "s",
        sequenceNumber: undefined,
        lastUpdate: "0",
        ownerId: undefined,
        ownerName: undefined,
        ownerIncarnation: undefined,
        startAtMs: undefined,
        processedThroughMs: undefined,
        isFinished: false,
      });
    });
  }

  it("does not take a Finished of 0 for an end", () => {
    assert.equal(parseCheckpoint({ Shard: { S: "s" }, Finished: { N: "0" } }).isFinished, false);
  });
});

describe("parseLeaderRow() and parseShardCache()", () => {
  for (const situation of SITUATIONS) {
    it(`read Go's metadata: ${situation}`, () => {
      const [leader = {}, cache = {}] = items(goTables[situation].metadata);
      assert.deepEqual(parseLeaderRow(leader), {
        clientId: said(leader, "ID", "S"),
        clientName: said(leader, "Name", "S"),
        lastUpdate: said(leader, "LastUpdate", "N"),
        maxAgeMs: undefined,
      });
      const { shardIds, lastUpdate } = parseShardCache(cache);
      assert.equal(lastUpdate, said(cache, "LastUpdate", "N"));
      const listed = (cache as GoRow)["ShardIDs"]?.["L"] as { S: string }[];
      assert.deepEqual(shardIds, listed.map((element) => element.S));
    });
  }

  it("read a leader that resigned, and a cache of no shard", () => {
    const resigned = parseLeaderRow({ Key: { S: "Leader" }, LastUpdate: { N: "5" } });
    assert.equal(resigned.clientId, undefined);
    assert.equal(resigned.lastUpdate, "5");
    assert.deepEqual(parseShardCache({ ShardIDs: { NULL: true } }).shardIds, []);
  });
});
