/**
 * Speaks DynamoDB's expressions: says one write of a row in the attributes' own names, and finds the
 * placeholders that it takes, because DynamoDB refuses both a missing one and an unused one.
 *
 * Every attribute gets a placeholder: `Name`, `Key` and more are words that DynamoDB reserves.
 *
 * @module
 */

import type { AttributeValue, UpdateRequest } from "../aws/dynamodb_api.ts";

/** What an attribute may be: an attribute value as it is, or what stands for one; absent: left out. */
export type Value = AttributeValue | string | number | boolean | undefined;

/** Values by their names. */
export type Values = { readonly [name: string]: Value };

/** One write of a row. */
export interface Change {
  /** The attributes that are written. */
  readonly set?: Values | undefined;
  /** Those that are taken off the row. */
  readonly remove?: readonly string[] | undefined;
  /**
   * When the write may happen: an expression in which `#Name` is an attribute, and `:name` one of
   * `values`, of those that are written, or of {@linkcode TYPES}.
   */
  readonly condition?: string | undefined;
  readonly values?: Values | undefined;
}

/** What a condition may need beside its own values. */
const TYPES: Values = { null: "NULL", number: "N", empty: "" };

/** The expressions of an update. */
export function updateOf(change: Change): Omit<UpdateRequest, "tableName" | "key"> {
  const { set = {}, remove = [] } = change;
  const written = Object.keys(set).filter((name) => set[name] !== undefined);
  const updateExpression = clause("SET", written.map((name) => `#${name} = :${name}`)) +
    clause("REMOVE", remove.map((name) => `#${name}`));
  return { updateExpression, ...conditionOf(change, updateExpression) };
}

function clause(verb: string, parts: readonly string[]): string {
  return parts.length === 0 ? "" : `${verb} ${parts.join(", ")} `;
}

/**
 * The expression of a condition, and the placeholders that it takes.
 *
 * @param beside another expression, whose placeholders go with them
 */
export function conditionOf(
  { condition, values, set }: Change,
  beside = "",
): Pick<UpdateRequest, "conditionExpression" | "attributeNames" | "attributeValues"> {
  const all: Values = { ...TYPES, ...values, ...set };
  const used = `${beside}${condition}`.match(/[#:]\w+/g) ?? [];
  const byMark = <Meaning>(mark: string, meaningOf: (name: string) => Meaning) =>
    Object.fromEntries(
      used.filter((each) => each.startsWith(mark)).map((each) => [each, meaningOf(each.slice(1))]),
    );
  return {
    conditionExpression: condition,
    attributeNames: byMark("#", (name) => name),
    attributeValues: byMark(":", (name) => attributeOf(all[name])),
  };
}

function attributeOf(value: Value): AttributeValue {
  if (typeof value === "string") return { S: value };
  if (typeof value === "boolean") return { BOOL: value };
  return typeof value === "object" ? value : { N: String(Math.floor(value ?? NaN)) };
}

/** Holds where the attribute is as it was read: the value `was`, or nothing, in each form there is. */
export function isAsRead(attribute: string, was: string | undefined): string {
  return was === undefined
    ? `(attribute_not_exists(#${attribute}) OR attribute_type(#${attribute}, :null) ` +
      `OR #${attribute} = :empty)`
    : `#${attribute} = :was`;
}

/**
 * Holds where there is a row and its `LastUpdate` is as it was read: the value `observed`. A row that
 * was seeded by hand may have none that counts; it was then read as `"0"`.
 */
export function isUnchanged(hashKey: string, lastUpdate: string): string {
  return lastUpdate === "0"
    ? `(attribute_exists(#${hashKey}) AND ` +
      "(NOT attribute_type(#LastUpdate, :number) OR #LastUpdate <= :observed))"
    : "#LastUpdate = :observed";
}
