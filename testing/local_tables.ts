/**
 * Reads what an application remembers, as plain objects.
 *
 * @module
 */

import type { DynamoDbApi } from "../src/aws/dynamodb_api.ts";
import type { Checkpoint, ClientRow, LeaderRow, ShardCache } from "../src/model.ts";
import type { Clock } from "../src/runtime.ts";
import { createCheckpointsTable } from "../src/tables/checkpoints.ts";
import { createClientsTable } from "../src/tables/clients.ts";
import { createMetadataTable } from "../src/tables/metadata.ts";
import { tableNames } from "../src/tables/schema.ts";

/** The rows of an application's three tables. */
export interface ApplicationTables {
  /** Who is in the fleet, sorted by ID. */
  readonly clients: readonly ClientRow[];
  /** What is processed and who owns it, sorted by shard. */
  readonly checkpoints: readonly Checkpoint[];
  /** Absent: nobody has led yet. */
  readonly leader: LeaderRow | undefined;
  /** Absent: no leader has published one yet. */
  readonly shardCache: ShardCache | undefined;
}

/**
 * Reads the tables of an application.
 *
 * @throws {KinsumerError} `TableNotFound` when a table does not exist
 */
export async function readTables(facts: {
  readonly api: DynamoDbApi;
  readonly clock: Clock;
  readonly applicationName: string;
}): Promise<ApplicationTables> {
  const { api, clock, applicationName } = facts;
  const names = tableNames(applicationName);
  const metadata = createMetadataTable({ api, clock, tableName: names.metadata });
  const [clients, checkpoints, leader, shardCache] = await Promise.all([
    createClientsTable({ api, clock, tableName: names.clients }).list(),
    createCheckpointsTable({ api, clock, tableName: names.checkpoints }).list(),
    metadata.readLeader(),
    metadata.readShardCache(),
  ]);
  return {
    clients: [...clients].sort((a, b) => a.clientId < b.clientId ? -1 : 1),
    checkpoints: [...checkpoints].sort((a, b) => a.shardId < b.shardId ? -1 : 1),
    leader,
    shardCache,
  };
}
