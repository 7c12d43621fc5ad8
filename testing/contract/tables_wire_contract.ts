/**
 * Says what the three tables promise on the wire: which rows they live with, and what they leave
 * alone. Put to any `DynamoDbApi`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCheckpointsTable } from "../../src/tables/checkpoints.ts";
import {
  assertTablesUsable,
  createTables,
  deleteTables,
  tableNames,
} from "../../src/tables/schema.ts";
import { openedFor } from "./opened.ts";
import { describeForeignRows } from "./tables_foreign_rows.ts";
import { describeLostAnswers } from "./tables_lost_answers.ts";
import { type DynamoDbUnderTest, NAMES, seed } from "./tables_wire_lab.ts";

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
