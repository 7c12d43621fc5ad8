/**
 * Contract: the tables are made and deleted as often as one likes, by whichever clients, with the
 * capacity that was asked for; but not under a client that runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS, Fleet } from "../testing/fleet.ts";
import type { KinsumerEvent } from "./events.ts";
import { Kinsumer } from "./kinsumer.ts";
import type { KinsumerOptions } from "./options.ts";
import { tableNames } from "./tables/schema.ts";

const LIMIT = { timeout: 60_000 };

let environment: TestEnvironment;

/** A client that is not part of a fleet. */
function create(
  options: Partial<KinsumerOptions> & { readonly applicationName: string },
): Kinsumer {
  const streamName = "none";
  return new Kinsumer({ ...environment.clientOptions(), ...FAST_OPTIONS, streamName, ...options });
}

async function assertTables(applicationName: string, areThere: boolean): Promise<void> {
  for (const tableName of Object.values(tableNames(applicationName))) {
    const found = await environment.dynamodb.describeTable({ tableName });
    assert.equal(found?.status, areThere ? "ACTIVE" : undefined, tableName);
  }
}

describe("the tables of an application", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    "createRequiredTables() and deleteTables() may be repeated, by 3 clients at once",
    LIMIT,
    async () => {
      const applicationName = environment.uniqueName("tables");
      const clients = [1, 2, 3].map(() => create({ applicationName }));
      await Promise.all(clients.map((client) => client.createRequiredTables()));
      await assertTables(applicationName, true);
      await clients[0]!.createRequiredTables();
      await assertTables(applicationName, true);
      await Promise.all(clients.map((client) => client.deleteTables()));
      await assertTables(applicationName, false);
      await clients[0]!.deleteTables();
      const all = [clients[0]!.createRequiredTables(), clients[1]!.createRequiredTables()];
      await Promise.all(all);
      await assertTables(applicationName, true);
      await clients[0]!.deleteTables();
    },
  );

  it(
    "createRequiredTables() makes on-demand tables, or with the given capacity",
    LIMIT,
    async () => {
      const read = async (applicationName: string) => {
        const TableName = tableNames(applicationName).checkpoints;
        const { Table } = await environment.askDynamoDb("DescribeTable", { TableName }) as {
          Table: {
            KeySchema: unknown;
            BillingModeSummary?: { BillingMode: string };
            ProvisionedThroughput?: { ReadCapacityUnits: number; WriteCapacityUnits: number };
          };
        };
        return Table;
      };
      const demand = environment.uniqueName("demand");
      await create({ applicationName: demand }).createRequiredTables();
      const onDemand = await read(demand);
      assert.equal(onDemand.BillingModeSummary?.BillingMode, "PAY_PER_REQUEST");
      assert.deepEqual(onDemand.KeySchema, [{ AttributeName: "Shard", KeyType: "HASH" }]);
      const fixed = environment.uniqueName("fixed");
      const tableCapacity = { readUnits: 7, writeUnits: 3 };
      await create({ applicationName: fixed, tableCapacity }).createRequiredTables();
      const { ProvisionedThroughput } = await read(fixed);
      assert.equal(ProvisionedThroughput?.ReadCapacityUnits, 7);
      assert.equal(ProvisionedThroughput?.WriteCapacityUnits, 3);
    },
  );

  it("names them as it is told, and says what the service cannot do for them", LIMIT, async () => {
    const applicationName = environment.uniqueName("named");
    const events: KinsumerEvent[] = [];
    const client = create({
      applicationName,
      tablePrefix: `${applicationName}.x-`,
      tableNames: { metadata: `${applicationName}.y` },
      tableTags: { team: "orders" },
      deletionProtection: true,
      pointInTimeRecovery: true,
      onEvent: (event) => events.push(event),
    });
    await client.createRequiredTables();
    const names = ["x-clients", "x-checkpoints", "y"].map((name) => `${applicationName}.${name}`);
    for (const tableName of names) {
      const found = await environment.dynamodb.describeTable({ tableName });
      assert.equal(found?.status, "ACTIVE", tableName);
    }
    const told = events.flatMap((event) =>
      event.type === "table-unprotected" ? [`${event.tableName} ${event.option}`] : []
    );
    // dynalite knows neither; AWS has both
    const expected = names.flatMap((name) => [
      `${name} deletionProtection`,
      `${name} pointInTimeRecovery`,
    ]);
    assert.deepEqual(told.sort(), expected.sort());
    await client.deleteTables();
  });

  it("deleteTables() is refused while this client runs", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer } = await fleet.join();
      await fleet.put(10);
      await fleet.allCollected();
      await assert.rejects(kinsumer.deleteTables(), {
        name: "KinsumerError",
        code: "AlreadyRunning",
      });
      await assertTables(fleet.applicationName, true);
      await kinsumer.stop();
      await kinsumer.deleteTables();
      await assertTables(fleet.applicationName, false);
    });
  });
});
