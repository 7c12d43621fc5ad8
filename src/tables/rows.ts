/**
 * Remembers rows: one table in DynamoDB, each row under its own key.
 *
 * @module
 */

import type { Item, ItemsApi } from "../aws/dynamodb_api.ts";
import { KinsumerError } from "../errors.ts";
import { type Change, conditionOf, updateOf } from "./expression.ts";

/** Where a table is. */
export interface RowsOptions {
  readonly api: ItemsApi;
  readonly tableName: string;
}

/** The rows of one table. */
export class Rows {
  readonly #api: ItemsApi;
  readonly #tableName: string;
  readonly #hashKey: string;

  /** @param hashKey the attribute that the table is keyed by */
  constructor({ api, tableName }: RowsOptions, hashKey: string) {
    this.#api = api;
    this.#tableName = tableName;
    this.#hashKey = hashKey;
  }

  /** One row; `undefined` where there is none. */
  read(id: string, signal?: AbortSignal): Promise<Item | undefined> {
    return this.#api.getItem(this.#row(id), signal);
  }

  /** The rows of these keys; those that have none are left out. In no order. */
  readMany(ids: readonly string[], signal?: AbortSignal): Promise<readonly Item[]> {
    const keys = [...new Set(ids)].map((id) => this.#row(id).key);
    return this.#api.batchGetItem({ tableName: this.#tableName, keys }, signal);
  }

  /** Every row, in no order. */
  list(signal?: AbortSignal): Promise<readonly Item[]> {
    return this.#api.scan({ tableName: this.#tableName }, signal);
  }

  /**
   * Writes a row.
   *
   * @returns the row as the write left it; `undefined` where the condition failed
   * @throws {KinsumerError} `MalformedAnswer` when the row is missing from the answer
   */
  async write(id: string, change: Change, signal?: AbortSignal): Promise<Item | undefined> {
    const written = await this.#api.updateItem({ ...this.#row(id), ...updateOf(change) }, signal);
    if (written.outcome === "conditionFailed") return undefined;
    if (written.item !== undefined) return written.item;
    throw new KinsumerError(
      "MalformedAnswer",
      `Cannot read what was written: the answer has no row of table "${this.#tableName}"`,
      { operation: "UpdateItem" },
    );
  }

  /**
   * Removes a row.
   *
   * @returns false where the condition failed
   */
  async remove(id: string, change: Change, signal?: AbortSignal): Promise<boolean> {
    const request = { ...this.#row(id), ...conditionOf(change) };
    return (await this.#api.deleteItem(request, signal)).outcome === "applied";
  }

  #row(id: string): { readonly tableName: string; readonly key: Item } {
    return { tableName: this.#tableName, key: { [this.#hashKey]: { S: id } } };
  }
}
