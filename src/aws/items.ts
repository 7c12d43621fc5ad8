/**
 * Narrows the rows that DynamoDB answers with.
 *
 * @module
 */

import { malformed } from "./answers.ts";
import type { AttributeValue, Item } from "./dynamodb_api.ts";

/**
 * Reads a row. An attribute of a type that no table of ours has (a map, bytes, a set) is another
 * program's, and left out.
 *
 * @throws {KinsumerError} `MalformedAnswer` when it is not a row
 */
export function parseItem(operation: string, raw: unknown): Item {
  if (typeof raw !== "object" || raw === null) throw malformed(operation, "a row is not an object");
  const item: Record<string, AttributeValue> = {};
  for (const [name, rawValue] of Object.entries(raw)) {
    const value = parseAttribute(rawValue);
    if (value !== undefined) item[name] = value;
  }
  return item;
}

function parseAttribute(raw: unknown): AttributeValue | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const { S, N, BOOL, NULL, L } = raw as Record<string, unknown>;
  if (typeof S === "string") return { S };
  if (typeof N === "string") return { N };
  if (typeof BOOL === "boolean") return { BOOL };
  if (NULL === true) return { NULL };
  return Array.isArray(L) ? parseList(L) : undefined;
}

function parseList(raws: readonly unknown[]): AttributeValue | undefined {
  const values = [];
  for (const raw of raws) {
    const value = parseAttribute(raw);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return { L: values };
}
