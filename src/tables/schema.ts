/**
 * Remembers what the three tables are called and keyed by, makes and deletes them, and says whether
 * they can be used.
 *
 * @module
 */

import type { CreateTableRequest, DynamoDbApi, TableDescription } from "../aws/dynamodb_api.ts";
import { KinsumerError } from "../errors.ts";
import type { Clock } from "../runtime.ts";

/** The names of an application's tables. */
export interface TableNames {
  readonly clients: string;
  readonly checkpoints: string;
  readonly metadata: string;
}

/**
 * The names that the Go library gives to the tables of an application.
 *
 * @param prefix takes the place of the application's name and the `_` after it
 */
export function tableNames(applicationName: string, prefix = `${applicationName}_`): TableNames {
  return {
    clients: `${prefix}clients`,
    checkpoints: `${prefix}checkpoints`,
    metadata: `${prefix}metadata`,
  };
}

/** The string hash key of each table. */
export const HASH_KEYS: TableNames = { clients: "ID", checkpoints: "Shard", metadata: "Key" };

/** How tables are deleted. */
export interface DeleteTablesOptions {
  readonly api: DynamoDbApi;
  readonly names: TableNames;
  readonly clock: Clock;
  /** Milliseconds between two looks at a table that is not ready yet. */
  readonly waiterDelayMs: number;
  /** Milliseconds after which waiting ends with `TableNotReady`. @default {300_000} */
  readonly timeoutMs?: number | undefined;
}

/** How tables are made. */
export interface CreateTablesOptions extends DeleteTablesOptions {
  /** Absent: on-demand (`PAY_PER_REQUEST`). Tables that exist already are left as they are. */
  readonly provisioned?: CreateTableRequest["provisioned"];
  /** For the tables that are made. */
  readonly tags?: CreateTableRequest["tags"];
  /** For the tables that are made. */
  readonly isDeletionProtected?: boolean | undefined;
  /** For all three, also where they exist. */
  readonly isRecoverable?: boolean | undefined;
  /** Is told what a table does without, because it was there before or the service knows no such thing. */
  readonly onMissing?: ((missing: MissingProtection) => void) | undefined;
}

/** What a table was to have and has not. */
export interface MissingProtection {
  readonly tableName: string;
  readonly option: "deletionProtection" | "pointInTimeRecovery";
}

const DEFAULT_TIMEOUT_MS = 300_000;

/**
 * Makes the tables that do not exist yet and waits until all three can be used. A table that is
 * being deleted is waited for, then made anew.
 *
 * @throws {KinsumerError} `TableNotReady` when a table is not usable in time
 */
export async function createTables(
  options: CreateTablesOptions,
  signal?: AbortSignal,
): Promise<void> {
  const { api, names, provisioned, tags, isDeletionProtected } = options;
  await forEachTable(signal, async (table, tableSignal) => {
    const tableName = names[table];
    const hashKey = HASH_KEYS[table];
    const request = { tableName, hashKey, provisioned, tags, isDeletionProtected };
    await settle({ ...options, tableName, awaited: "usable" }, async (found) => {
      if (isUsable(found)) {
        if (isDeletionProtected && found?.isDeletionProtected !== true) {
          options.onMissing?.({ tableName, option: "deletionProtection" });
        }
        return true;
      }
      // False, "exists already", is no news here: the next look shows what became of it.
      if (found === undefined) await api.createTable(request, tableSignal);
      return false;
    }, tableSignal);
    if (options.isRecoverable && !await api.enableRecovery?.({ tableName }, tableSignal)) {
      options.onMissing?.({ tableName, option: "pointInTimeRecovery" });
    }
  });
}

/**
 * Makes one more table like the clients', and waits until it can be used.
 *
 * @throws {KinsumerError} `TableNotReady` when it is not usable in time
 */
export async function createOneMore(
  options: Omit<CreateTablesOptions, "names"> & { readonly tableName: string },
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { api, tableName, provisioned, tags } = options;
  const names = { clients: tableName, checkpoints: "", metadata: "" };
  await settle({ ...options, names, awaited: "usable" }, async (found) => {
    if (isUsable(found)) return true;
    const request = { tableName, hashKey: HASH_KEYS.clients, provisioned, tags };
    if (found === undefined) await api.createTable(request, signal);
    return false;
  }, signal);
}

/**
 * Deletes the tables that exist and waits until all three are gone.
 *
 * @throws {KinsumerError} `TableNotReady` when a table is not gone in time
 */
export async function deleteTables(
  options: DeleteTablesOptions,
  signal?: AbortSignal,
): Promise<void> {
  const { api, names } = options;
  await forEachTable(signal, (table, tableSignal) => {
    const tableName = names[table];
    return settle({ ...options, tableName, awaited: "gone" }, async (found) => {
      if (found === undefined) return true;
      if (found.status !== "DELETING") await startDeleting(api, tableName, tableSignal);
      return false;
    }, tableSignal);
  });
}

/**
 * Makes sure that the three tables can be used now.
 *
 * @throws {KinsumerError} `TableNotFound` or `TableNotReady`, naming the table
 */
export async function assertTablesUsable(
  options: Pick<DeleteTablesOptions, "api" | "names">,
  signal?: AbortSignal,
): Promise<void> {
  await forEachTable(signal, async (table, tableSignal) => {
    const tableName = options.names[table];
    const found = await options.api.describeTable({ tableName }, tableSignal);
    if (isUsable(found)) return;
    if (found !== undefined) throw notReady(tableName, `it is ${found.status}`);
    throw new KinsumerError(
      "TableNotFound",
      `Cannot use table "${tableName}": it does not exist, call createRequiredTables()`,
    );
  });
}

/** DynamoDB refuses to delete a table that it makes or changes: then the next look tries again. */
async function startDeleting(
  api: DynamoDbApi,
  tableName: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await api.deleteTable({ tableName }, signal);
  } catch (error) {
    const isBusy = error instanceof KinsumerError && error.awsCode === "ResourceInUseException";
    if (!isBusy) throw error;
  }
}

function isUsable(table: TableDescription | undefined): boolean {
  return table?.status === "ACTIVE" || table?.status === "UPDATING";
}

function notReady(tableName: string, state: string): KinsumerError {
  return new KinsumerError("TableNotReady", `Cannot use table "${tableName}": ${state}`, {
    retryable: true,
  });
}

interface Settling extends DeleteTablesOptions {
  readonly tableName: string;
  readonly awaited: string;
}

/** Looks at a table and lets `act` on what it found, again and again until `act` is content. */
async function settle(
  options: Settling,
  act: (found: TableDescription | undefined) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const { api, clock, tableName, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await api.describeTable({ tableName }, signal);
    if (await act(found)) return;
    const remainingMs = deadlineMs - clock.monotonicMs();
    if (remainingMs <= 0) {
      throw notReady(tableName, `it is not ${options.awaited} after ${timeoutMs} ms`);
    }
    await clock.sleep(Math.min(options.waiterDelayMs, remainingMs), signal);
  }
}

/**
 * Does the same with the three tables at once. The first failure calls the others off and is
 * thrown when they have ended, so that none goes on unseen.
 */
async function forEachTable(
  signal: AbortSignal | undefined,
  work: (table: keyof TableNames, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const calledOff = new AbortController();
  const callOff = (): void => calledOff.abort(signal?.reason);
  if (signal?.aborted) callOff();
  signal?.addEventListener("abort", callOff, { once: true });
  const failures: unknown[] = [];
  const tables: readonly (keyof TableNames)[] = ["clients", "checkpoints", "metadata"];
  await Promise.all(
    tables.map((table) =>
      work(table, calledOff.signal).catch((failure: unknown) => {
        failures.push(failure);
        calledOff.abort(failure);
      })
    ),
  );
  signal?.removeEventListener("abort", callOff);
  if (failures.length > 0) throw failures[0];
}
