/**
 * Makes sure, before a client joins, that its tables and its stream can be used: a mistake of
 * set-up shall be told at once, and not retried for ever.
 *
 * @module
 */

import type { Ports } from "./connect.ts";
import { KinsumerError } from "./errors.ts";
import type { ResolvedOptions } from "./resolve_options.ts";
import { assertTablesUsable, type DeleteTablesOptions } from "./tables/schema.ts";

/** Tables of the user's own are their own affair: nobody else makes, deletes or looks for them. */
export function hasOwnTables({ tables }: ResolvedOptions): boolean {
  return Boolean(tables.clients && tables.checkpoints && tables.metadata);
}

/** What making and deleting the tables needs. */
export function tableOptions(ports: Ports, options: ResolvedOptions): DeleteTablesOptions {
  const { dynamodb: api, tableNames: names } = ports;
  const { runtime: { clock }, tableWaiterDelayMs: waiterDelayMs } = options;
  return { api, names, clock, waiterDelayMs };
}

/**
 * Looks at the tables and the stream, side by side.
 *
 * @throws {KinsumerError} `TableNotFound`, `TableNotReady`, `StreamNotFound` or `StreamNotReady`, or
 * what kept us from looking
 */
export async function assertReady(
  ports: Ports,
  options: ResolvedOptions,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([assertTables(ports, options, signal), assertStream(ports, options, signal)]);
}

async function assertTables(
  { dynamodb: api, tableNames: names }: Ports,
  options: ResolvedOptions,
  signal: AbortSignal,
): Promise<void> {
  if (hasOwnTables(options)) return;
  await assertTablesUsable({ api, names }, signal);
}

async function assertStream(
  { kinesis }: Ports,
  { streamName }: ResolvedOptions,
  signal: AbortSignal,
): Promise<void> {
  const { status } = await kinesis.describeStream(signal);
  if (status === "ACTIVE" || status === "UPDATING") return;
  throw new KinsumerError(
    "StreamNotReady",
    `Cannot consume stream "${streamName}": it is ${status}`,
    { retryable: true },
  );
}
