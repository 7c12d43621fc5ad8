/**
 * Remembers an application's three tables in memory. The table code is that of the library itself,
 * on a simulated DynamoDB, so that the twin cannot drift.
 *
 * @module
 */

import type { DynamoDbApi, Item } from "../../src/aws/dynamodb_api.ts";
import type { Checkpoint, ClientRow, LeaderRow, ShardCache } from "../../src/model.ts";
import type { Clock } from "../../src/runtime.ts";
import { createCheckpointsTable, parseCheckpoint } from "../../src/tables/checkpoints.ts";
import type { CheckpointsTable } from "../../src/tables/checkpoints_api.ts";
import { createClientsTable, parseClientRow } from "../../src/tables/clients.ts";
import type { ClientsTable } from "../../src/tables/clients_api.ts";
import {
  createMetadataTable,
  type MetadataTable,
  parseLeaderRow,
  parseShardCache,
} from "../../src/tables/metadata.ts";
import { HASH_KEYS, type TableNames, tableNames } from "../../src/tables/schema.ts";
import type { ChannelOptions } from "./channel.ts";
import { createSimulatedDynamoDb, type RowChange, type WriteCondition } from "./dynamodb.ts";

export type { WriteCondition };

/** The three tables as one client reaches them. */
export interface SimulatedTablesView {
  readonly clients: ClientsTable;
  readonly checkpoints: CheckpointsTable;
  readonly metadata: MetadataTable;
  /** What the tables stand on. */
  readonly api: DynamoDbApi;
}

/** A change of a row, and of which table. */
export interface SimulatedRowChange extends Omit<RowChange, "tableName"> {
  readonly table: keyof TableNames;
}

/** The three tables of one application. */
export interface SimulatedTables {
  readonly names: TableNames;
  /** The tables as one client reaches them, over its own clock and through its own faults. */
  view(options?: ChannelOptions): SimulatedTablesView;
  /** The rows as DynamoDB holds them, in order of their keys. */
  items(table: keyof TableNames): readonly Item[];
  /**
   * Puts a whole row, as a Go client or a careful hand would, at once.
   *
   * @returns whether the condition held
   */
  put(table: keyof TableNames, item: Item, condition?: WriteCondition): boolean;
  /** The clients, in order of their IDs. */
  clientRows(): readonly ClientRow[];
  /** The checkpoints, in order of their shards' IDs. */
  checkpoints(): readonly Checkpoint[];
  leader(): LeaderRow | undefined;
  shardCache(): ShardCache | undefined;
  /** Calls back after each write that changed a row: the place to check what must always hold. */
  onChange(listener: (change: SimulatedRowChange) => void): void;
}

const TABLES: readonly (keyof TableNames)[] = ["clients", "checkpoints", "metadata"];

/** Makes the tables of one application, ready to use. */
export function createSimulatedTables(options: {
  readonly clock: Clock;
  /** @default {"simulated"} */
  readonly applicationName?: string;
}): SimulatedTables {
  const { clock, applicationName = "simulated" } = options;
  const names = tableNames(applicationName);
  const database = createSimulatedDynamoDb({ clock });
  for (const table of TABLES) {
    database.create({ tableName: names[table], hashKey: HASH_KEYS[table] });
  }
  const items = (table: keyof TableNames): readonly Item[] => database.rows(names[table]);
  const metadataItem = (key: string): Item | undefined =>
    items("metadata").find((item) => JSON.stringify(item["Key"]) === JSON.stringify({ S: key }));
  return {
    names,
    view: (channel = {}) => openTables(database.view(channel), names, channel.clock ?? clock),
    items,
    put: (table, item, condition) => database.putRow(names[table], item, condition),
    clientRows: () => items("clients").map(parseClientRow),
    checkpoints: () => items("checkpoints").map(parseCheckpoint),
    leader: () => parsed(metadataItem("Leader"), parseLeaderRow),
    shardCache: () => parsed(metadataItem("ShardCache"), parseShardCache),
    onChange: (listener) =>
      database.onChange(({ tableName, ...change }) => {
        const table = TABLES.find((name) => names[name] === tableName);
        if (table !== undefined) listener({ ...change, table });
      }),
  };
}

function openTables(api: DynamoDbApi, names: TableNames, clock: Clock): SimulatedTablesView {
  return {
    clients: createClientsTable({ api, tableName: names.clients, clock }),
    checkpoints: createCheckpointsTable({ api, tableName: names.checkpoints, clock }),
    metadata: createMetadataTable({ api, tableName: names.metadata, clock }),
    api,
  };
}

function parsed<Row>(item: Item | undefined, parse: (item: Item) => Row): Row | undefined {
  return item === undefined ? undefined : parse(item);
}
