/**
 * What the parts of the suite of the wire share: a database to try, rows as other programs write them.
 *
 * @module
 */

import type { DynamoDbApi, Item } from "../../src/aws/dynamodb_api.ts";
import type { Clock } from "../../src/runtime.ts";
import { HASH_KEYS, type TableNames, tableNames } from "../../src/tables/schema.ts";

/** A database to try. */
export interface DynamoDbUnderTest {
  readonly api: DynamoDbApi;
  readonly clock: Clock;
  close(): Promise<void>;
}

/** The tables of the suite. */
export const NAMES: TableNames = tableNames("wire");

/** Who captures. */
export const OWNER: { readonly clientId: string; readonly clientName: string } = {
  clientId: "owner",
  clientName: "name",
};

/** `LastUpdate`s, the earliest first. */
export const EARLY = "1795412452783491765"; // as Go wrote it; beyond 2^53
export const LATER = "1795412452783491766"; // the same number, once rounded to a double
export const LATEST = "1795412452783491767";

/** Writes attributes as some other program would. */
export async function seed(api: DynamoDbApi, table: keyof TableNames, item: Item): Promise<void> {
  const hashKey = HASH_KEYS[table];
  const { [hashKey]: key = { S: "" }, ...attributes } = item;
  const entries = Object.entries(attributes);
  const assignments = entries.map(([attribute], index) => ({
    name: [`#n${index}`, attribute] as const,
    text: `#n${index} = :v${index}`,
  }));
  await api.updateItem({
    tableName: NAMES[table],
    key: { [hashKey]: key },
    updateExpression: `SET ${assignments.map(({ text }) => text).join(", ")}`,
    attributeNames: Object.fromEntries(assignments.map(({ name: pair }) => pair)),
    attributeValues: Object.fromEntries(entries.map(([, value], index) => [`:v${index}`, value])),
  });
}
