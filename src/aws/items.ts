/**
 * Narrows the rows that DynamoDB answers with.
 *
 * @module
 */

import { isFields, malformed } from "./answers.ts";
import type { AttributeValue, Item } from "./dynamodb_api.ts";

/**
 * Reads a row. An attribute of a type that no table of ours has (a map, bytes, a set) is another
 * program's, and left out.
 *
 * @throws {KinsumerError} `MalformedAnswer` when it is not a row
 */
export function parseItem(operation: string, raw: unknown): Item {
  if (!isFields(raw)) throw malformed(operation, "a row is not an object");
  const ours = Object.entries(raw).filter(([, value]) => isAttribute(value));
  return Object.fromEntries(ours) as Item;
}

function isAttribute(raw: unknown): raw is AttributeValue {
  if (!isFields(raw)) return false;
  const { S, N, BOOL, NULL, L } = raw;
  return typeof (S ?? N) === "string" || typeof BOOL === "boolean" || NULL === true ||
    Array.isArray(L) && L.every(isAttribute);
}
