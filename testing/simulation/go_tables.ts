/**
 * The three tables as a simulated Go client reaches them: rows of plain attributes, and whole-row
 * puts with the conditions of the Go library.
 *
 * @module
 */

import type { DynamoDbApi, Item, UpdateRequest } from "../../src/aws/dynamodb_api.ts";
import type { Clock } from "../../src/runtime.ts";
import { readDigits, rfc1123 } from "../../src/tables/item.ts";
import { HASH_KEYS, type TableNames } from "../../src/tables/schema.ts";
import type { SimulatedTables, WriteCondition } from "./tables.ts";

type TableKey = keyof TableNames;

/** How long a request travels, in milliseconds. */
const LATENCY_MS = 1;

/** What every write of a Go client renews. */
export interface GoStamps {
  readonly LastUpdate: { readonly N: string };
  readonly LastUpdateRFC: { readonly S: string };
}

/** A time as Go writes it: Unix nanoseconds, from the wall clock. */
export function goNanoseconds(ms: number): string {
  return `${Math.floor(ms)}000000`;
}

/** `LastUpdate` and its form for people, as every write of a Go client renews them. */
export function goStamps(clock: Clock): GoStamps {
  const now = goNanoseconds(clock.nowMs());
  return { LastUpdate: { N: now }, LastUpdateRFC: { S: rfc1123(now) } };
}

/** A row's `LastUpdate`; 0 where there is no row. */
export function lastUpdateOf(row: Item | undefined): bigint {
  return BigInt((row && readDigits(row, "LastUpdate")) ?? "0");
}

/** The three tables as a simulated Go client reaches them. */
export class GoTables {
  readonly #tables: SimulatedTables;
  readonly #clock: Clock;
  readonly #api: DynamoDbApi;

  constructor(tables: SimulatedTables, clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
    this.#api = tables.view({ clock, latencyMs: LATENCY_MS }).api;
  }

  get(table: TableKey, key: string): Promise<Item | undefined> {
    return this.#api.getItem(this.#at(table, key));
  }

  list(table: TableKey): Promise<readonly Item[]> {
    return this.#api.scan({ tableName: this.#tables.names[table] });
  }

  /** Puts a whole row, as it is when it is sent. @returns whether the condition held */
  async put(table: TableKey, row: () => Item, condition: WriteCondition = {}): Promise<boolean> {
    const item = row();
    await this.#clock.sleep(LATENCY_MS);
    return this.#tables.put(table, item, condition);
  }

  /** @returns whether the condition held */
  async update(
    table: TableKey,
    key: string,
    update: Omit<UpdateRequest, "tableName" | "key">,
  ): Promise<boolean> {
    const { outcome } = await this.#api.updateItem({ ...this.#at(table, key), ...update });
    return outcome === "applied";
  }

  async remove(table: TableKey, key: string): Promise<void> {
    await this.#api.deleteItem(this.#at(table, key));
  }

  #at(table: TableKey, key: string): { readonly tableName: string; readonly key: Item } {
    return { tableName: this.#tables.names[table], key: { [HASH_KEYS[table]]: { S: key } } };
  }
}
