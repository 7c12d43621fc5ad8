/**
 * Checks the options that have parts of their own: what a consumer is given to work with.
 *
 * @module
 */

import { type Checker, isObject, show } from "./option_checker.ts";
import { checkTableName } from "./option_tables.ts";
import type { KinsumerOptions } from "./options.ts";
import type { Runtime } from "./runtime.ts";

/** The option `coordination`, completed. */
export type Coordination = Required<NonNullable<KinsumerOptions["coordination"]>> & {
  readonly adopt: boolean;
  readonly intervalMs: number;
};

/** Static credentials, or a function that returns some. */
export function checkCredentials(check: Checker): KinsumerOptions["credentials"] {
  const name = "credentials";
  const value = check.value(name) as KinsumerOptions["credentials"];
  if (value === undefined || typeof value === "function") return value;
  if (!isObject(value)) {
    check.type(`${name} must be an object or a function that returns a promise of one`);
    return undefined;
  }
  for (const part of ["accessKeyId", "secretAccessKey"]) {
    if (typeof value[part] !== "string" || value[part] === "") {
      check.type(`${name}.${part} must be a non-empty string (its value is not shown)`);
    }
  }
  return value;
}

/** The table by which applications see each other. */
export function checkCoordination(check: Checker): Coordination | undefined {
  const name = "coordination";
  const value = check.value(name);
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    check.type(`${name} must be an object with tableName, got ${show(value)}`);
    return undefined;
  }
  const { tableName, adopt = true, intervalMs = 60_000, ...others } = value;
  for (const other of Object.keys(others)) check.type(`${name} has no ${show(other)}`);
  if (typeof adopt !== "boolean") {
    check.type(`${name}.adopt must be true or false, got ${show(adopt)}`);
  }
  return {
    tableName: checkTableName(check, `${name}.tableName`, tableName),
    adopt: adopt === true,
    intervalMs: check.wholeNumber(`${name}.intervalMs`, intervalMs, [1_000, 3_600_000]) ?? 60_000,
  };
}

/** What is shared with other Kinsumers. */
export function checkShared(check: Checker): KinsumerOptions["shared"] {
  const name = "shared";
  const value = check.value(name);
  if (value === undefined) return undefined;
  if (!isObject(value) || typeof value["heldBytes"] !== "number") {
    check.type(`${name} must be made by createShared(), got ${show(value)}`);
  }
  for (const other of ["maxBufferedBytes", "credentials"] as const) {
    if (check.has(other)) check.type(`${name} and ${other} must not be given both`);
  }
  return value as unknown as KinsumerOptions["shared"];
}

/** A runtime of the user's own. */
export function checkRuntime(check: Checker): Runtime | undefined {
  const name = "runtime";
  const value = check.value(name);
  if (value === undefined) return undefined;
  const parts = isObject(value) ? value : {};
  const before = check.problemCount;
  check.checkMethods(name, parts, ["fetch", "env"]);
  check.checkMethods(`${name}.clock`, parts["clock"], ["nowMs", "monotonicMs", "sleep"]);
  check.checkMethods(`${name}.random`, parts["random"], ["next", "uuid"]);
  return check.problemCount === before ? value as Runtime : undefined;
}
