/**
 * Checks the options that concern the tables.
 *
 * @module
 */

import { type Checker, isObject, NAME, show } from "./option_checker.ts";
import type { KinsumerOptions } from "./options.ts";
import { type TableNames, tableNames } from "./tables/schema.ts";

/** What the tables' names begin with, and the names themselves. */
export function checkTableNames(
  check: Checker,
  applicationName: string,
): { readonly tablePrefix: string; readonly tableNames: TableNames } {
  const tablePrefix = check.text("tablePrefix", {
    max: 240,
    pattern: NAME,
    fallback: () => `${applicationName}_`,
  });
  const standard = tableNames(applicationName, tablePrefix);
  const value = check.value("tableNames") ?? {};
  if (!isObject(value)) check.type(`tableNames must be an object, got ${show(value)}`);
  const given = isObject(value) ? value : {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(standard, name)) check.type(`tableNames has no ${show(name)}`);
  }
  const nameOf = (table: keyof TableNames) =>
    checkTableName(check, `tableNames.${table}`, given[table] ?? standard[table]);
  const names = {
    clients: nameOf("clients"),
    checkpoints: nameOf("checkpoints"),
    metadata: nameOf("metadata"),
  };
  const all = Object.values(names).filter((name) => name !== "");
  if (new Set(all).size < all.length) check.range("tableNames must differ from one another");
  return { tablePrefix, tableNames: names };
}

/** The name of one table. */
export function checkTableName(check: Checker, name: string, value: unknown): string {
  const problem = `${name} must be a string of 3 to 255 ${NAME.words}, got ${show(value)}`;
  if (typeof value !== "string") check.type(problem);
  else if (value.length < 3 || value.length > 255 || !NAME.pattern.test(value)) {
    check.range(problem);
  } else return value;
  return "";
}

/** Tags of the tables. */
export function checkTags(check: Checker): KinsumerOptions["tableTags"] {
  const name = "tableTags";
  const value = check.value(name);
  if (value === undefined) return undefined;
  if (!isObject(value) || Array.isArray(value)) {
    check.type(`${name} must be an object of strings, got ${show(value)}`);
    return undefined;
  }
  const entries = Object.entries(value);
  for (const [key, text] of entries) {
    const part = `${name}[${show(key)}]`;
    if (typeof text !== "string") check.type(`${part} must be a string, got ${show(text)}`);
    else if (key.length < 1 || key.length > 128 || text.length > 256) {
      check.range(`${part} must be a key of 1 to 128 and a value of 0 to 256 characters`);
    }
  }
  if (entries.length > 50) check.range(`${name} must be at most 50 tags, got ${entries.length}`);
  return Object.freeze({ ...value }) as KinsumerOptions["tableTags"];
}

/** What the tables are provisioned with. */
export function checkCapacity(check: Checker): KinsumerOptions["tableCapacity"] {
  const name = "tableCapacity";
  const value = check.value(name);
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    check.type(`${name} must be an object with readUnits and writeUnits, got ${show(value)}`);
    return undefined;
  }
  const units = (unit: string) =>
    check.wholeNumber(`${name}.${unit}`, value[unit], [1, 40_000]) ?? 1;
  return { readUnits: units("readUnits"), writeUnits: units("writeUnits") };
}

/** Tables of the user's own. */
export function checkTables(check: Checker): NonNullable<KinsumerOptions["tables"]> {
  const name = "tables";
  const value = check.value(name) ?? {};
  if (!isObject(value)) {
    check.type(`${name} must be an object, got ${show(value)}`);
    return {};
  }
  const needs = {
    clients: ["register", "beat", "read", "list", "assign", "remove"],
    checkpoints: ["read", "readMany", "list", "capture", "commit", "remove"],
    metadata: [
      "readLeader",
      "lead",
      "resign",
      "readShardCache",
      "writeShardCache",
      "startedAtMs",
    ],
  };
  for (const [table, methods] of Object.entries(needs)) {
    if (value[table] !== undefined) check.checkMethods(`${name}.${table}`, value[table], methods);
  }
  return value;
}
