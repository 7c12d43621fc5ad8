/**
 * Opens databases for the contract suites: dynalite in this process, and the simulation.
 *
 * @module
 */

import { createAwsCall } from "../../src/aws/call.ts";
import { createCredentialsSource } from "../../src/aws/credentials.ts";
import { createDynamoDbApi } from "../../src/aws/dynamodb.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { createCheckpointsTable } from "../../src/tables/checkpoints.ts";
import { createClientsTable } from "../../src/tables/clients.ts";
import { createMetadataTable } from "../../src/tables/metadata.ts";
import { createTables, tableNames } from "../../src/tables/schema.ts";
import { startEmbeddedServers } from "../local_servers.ts";
import { createSimulatedDynamoDb } from "../simulation/dynamodb.ts";
import type { TablesUnderTest } from "./opened.ts";
import type { DynamoDbUnderTest } from "./tables_wire_lab.ts";

/** A new dynalite, without tables. */
export async function openDynalite(): Promise<DynamoDbUnderTest> {
  const runtime = systemRuntime();
  const { clock, random } = runtime;
  const servers = await startEmbeddedServers();
  const call = createAwsCall({
    service: "dynamodb",
    endpoint: servers.dynamodbEndpoint,
    region: servers.region,
    credentials: createCredentialsSource({ credentials: servers.credentials, runtime }),
    runtime,
    timeoutMs: 10_000,
  });
  return { api: createDynamoDbApi({ call, clock, random }), clock, close: () => servers.stop() };
}

/** A new simulated database, without tables, whose requests take no time. */
export function openSimulatedDynamoDb(): Promise<DynamoDbUnderTest> {
  const { clock } = systemRuntime();
  const options = { clock, createTableMs: 5, deleteTableMs: 5 };
  const api = createSimulatedDynamoDb(options).view({ latencyMs: 0 });
  return Promise.resolve({ api, clock, close: () => Promise.resolve() });
}

/** New tables in a database. */
export async function openTables(open: () => Promise<DynamoDbUnderTest>): Promise<TablesUnderTest> {
  const database = await open();
  const { api, clock } = database;
  const names = tableNames("contract");
  await createTables({ api, clock, names, waiterDelayMs: 5 });
  return {
    clients: createClientsTable({ api, tableName: names.clients, clock }),
    checkpoints: createCheckpointsTable({ api, tableName: names.checkpoints, clock }),
    metadata: createMetadataTable({ api, tableName: names.metadata, clock }),
    close: () => database.close(),
  };
}
