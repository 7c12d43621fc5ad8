/**
 * Speaks DynamoDB's expressions: collects the names and values of one write while its condition
 * and its update are put together, because DynamoDB refuses both a missing placeholder and an
 * unused one.
 *
 * Every attribute gets a placeholder: `Name`, `Key` and more are words that DynamoDB reserves.
 *
 * @module
 */

import type { AttributeValue, Item, UpdateRequest, WriteOutcome } from "../aws/dynamodb_api.ts";
import { KinsumerError } from "../errors.ts";

/** The placeholders of one write. */
export class Expression {
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, AttributeValue> = {};
  #valueCount = 0;

  /** The placeholder of an attribute. */
  name(attribute: string): string {
    this.#names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  }

  /** The placeholder of a value. */
  value(value: AttributeValue): string {
    const placeholder = `:v${this.#valueCount++}`;
    this.#values[placeholder] = value;
    return placeholder;
  }

  /** What the request must carry beside its expressions. Read it last. */
  placeholders(): Pick<UpdateRequest, "attributeNames" | "attributeValues"> {
    return { attributeNames: this.#names, attributeValues: this.#values };
  }
}

/** `SET …`: writes these attributes. */
export function setAttributes(expression: Expression, attributes: Item): string {
  const assignments = Object.entries(attributes).map(
    ([attribute, value]) => `${expression.name(attribute)} = ${expression.value(value)}`,
  );
  return `SET ${assignments.join(", ")}`;
}

/** `REMOVE …`: takes these attributes off the row. */
export function removeAttributes(expression: Expression, attributes: readonly string[]): string {
  return `REMOVE ${attributes.map((attribute) => expression.name(attribute)).join(", ")}`;
}

/** Holds where the row has the attribute; with the hash key: where there is a row. */
export function exists(expression: Expression, attribute: string): string {
  return `attribute_exists(${expression.name(attribute)})`;
}

/** Holds where the row lacks the attribute; with the hash key: where there is no row. */
export function isMissing(expression: Expression, attribute: string): string {
  return `attribute_not_exists(${expression.name(attribute)})`;
}

/** Holds where the attribute is this string. */
export function isString(expression: Expression, attribute: string, value: string): string {
  return `${expression.name(attribute)} = ${expression.value({ S: value })}`;
}

/** Holds where the attribute says "nothing", in each form there is: absent, NULL, `""`. */
export function isBlank(expression: Expression, attribute: string): string {
  const name = expression.name(attribute);
  const nullType = expression.value({ S: "NULL" });
  const empty = expression.value({ S: "" });
  const isNull = `attribute_type(${name}, ${nullType})`;
  return `(attribute_not_exists(${name}) OR ${isNull} OR ${name} = ${empty})`;
}

/** Holds where the attribute is as it was read: this string, or nothing. */
export function isAsRead(
  expression: Expression,
  attribute: string,
  value: string | undefined,
): string {
  return value === undefined
    ? isBlank(expression, attribute)
    : isString(expression, attribute, value);
}

/**
 * Holds where there is a row and its `LastUpdate` is as it was read. A row that was seeded by hand
 * may have none that counts; it was then read as `"0"`.
 */
export function isUnchanged(
  expression: Expression,
  row: { readonly hashKey: string; readonly lastUpdate: string },
): string {
  const name = expression.name("LastUpdate");
  const observed = expression.value({ N: row.lastUpdate });
  if (row.lastUpdate !== "0") return `${name} = ${observed}`;
  const numberType = expression.value({ S: "N" });
  const hasNone = `NOT attribute_type(${name}, ${numberType}) OR ${name} <= ${observed}`;
  return `(${exists(expression, row.hashKey)} AND (${hasNone}))`;
}

/**
 * The row as a write left it; `undefined` where the condition failed.
 *
 * @throws {KinsumerError} `MalformedAnswer` when the row is missing from the answer
 */
export function writtenItem(outcome: WriteOutcome, tableName: string): Item | undefined {
  if (outcome.outcome === "conditionFailed") return undefined;
  if (outcome.item !== undefined) return outcome.item;
  throw new KinsumerError(
    "MalformedAnswer",
    `Cannot read what was written: the answer has no row of table "${tableName}"`,
    { operation: "UpdateItem" },
  );
}
