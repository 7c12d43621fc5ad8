/**
 * Remembers the ratios of earlier runs, and tells what changed.
 *
 * @module
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Goal } from "./goals.ts";
import type { RuntimeName } from "./runtimes.ts";

/** What one run left. */
export interface Entry {
  /** For example `2026-01-31`. */
  readonly date: string;
  readonly runtime: RuntimeName;
  /** For example `20.20`. */
  readonly version: string;
  /** For example `linux-x64`. */
  readonly platform: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Runs that are kept of a runtime; older ones go. */
const KEPT = 20;
/** A change below this share is taken for noise. */
const NOISE = 0.1;

/** The entries of a history file, oldest first. */
export function readHistory(path: string): readonly Entry[] {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) as readonly Entry[] : [];
}

/** What a run is remembered by: what says the same on another machine. */
export function entryOf(goals: readonly Goal[], facts: Omit<Entry, "values">): Entry {
  const measured = goals.filter(({ value, runtime, isNeutral }) =>
    value !== null && isNeutral && runtime === facts.runtime
  );
  const values = measured.map(({ name, value }) => [name, Number((value ?? 0).toPrecision(4))]);
  return { ...facts, values: Object.fromEntries(values) };
}

/** Adds an entry to a history file. */
export function keep(path: string, entry: Entry): void {
  const before = readHistory(path);
  const same = [...before.filter(({ runtime }) => runtime === entry.runtime), entry].slice(-KEPT);
  const entries = [...before.filter(({ runtime }) => runtime !== entry.runtime), ...same];
  writeFileSync(path, `${JSON.stringify(entries, null, 2)}\n`);
}

/** What changed by more than noise, one line each. */
export function changes(before: Entry, after: Entry): string[] {
  return Object.entries(after.values).flatMap(([name, value]) => {
    const was = before.values[name];
    if (was === undefined || was === 0) return [];
    const change = value / was - 1;
    if (Math.abs(change) < NOISE) return [];
    const sign = change > 0 ? "+" : "−";
    return [`${name}: ${was} → ${value} (${sign}${Math.abs(100 * change).toFixed(0)} %)`];
  });
}
