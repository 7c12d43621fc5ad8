/**
 * Reads any number of rows by key. Decides how to split them into calls, and how long to keep
 * asking for those that the service leaves out of its answers.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { Clock, Random } from "../runtime.ts";
import type { Ask } from "./ask.ts";
import type { Item } from "./dynamodb_api.ts";
import { parseItem } from "./items.ts";

/** What is to be read, and by what means. */
export interface BatchGetRequest {
  readonly tableName: string;
  readonly keys: readonly Item[];
  readonly ask: Ask;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
}

const OPERATION = "BatchGetItem";
const MAX_KEYS = 100;
/** How many answers in a row may bring no row nearer. */
const MAX_FRUITLESS_ANSWERS = 8;
const BASE_DELAY_MS = 50;
const MAX_DELAY_MS = 2_000;

/**
 * Reads the rows of these keys, each of which is named once, in no order. One that has no row is left
 * out.
 *
 * @throws {KinsumerError} `Throttled` when the service keeps leaving keys out
 */
export async function batchGet(request: BatchGetRequest): Promise<readonly Item[]> {
  const { tableName, ask, signal } = request;
  let left: readonly unknown[] = request.keys;
  const items: Item[] = [];
  // Ends: each round either has fewer keys left or counts.
  for (let fruitless = 0; left.length > 0;) {
    const Keys = left.slice(0, MAX_KEYS);
    const input = { RequestItems: { [tableName]: { Keys, ConsistentRead: true } } };
    const answer = await ask("BatchGetItem", input, signal);
    const rows = answer.within("Responses").optionalList(tableName) ?? [];
    items.push(...rows.map((row) => parseItem(OPERATION, row)));
    const tables = answer.within("UnprocessedKeys", {});
    const unprocessed = tables.within(tableName, {}).optionalList("Keys") ?? [];
    fruitless = unprocessed.length < Keys.length ? 0 : fruitless + 1;
    if (fruitless >= MAX_FRUITLESS_ANSWERS) throw keepsLeavingOut(tableName);
    left = [...unprocessed, ...left.slice(MAX_KEYS)];
    if (unprocessed.length > 0) await pause(request, fruitless);
  }
  return items;
}

async function pause(request: BatchGetRequest, fruitless: number): Promise<void> {
  const { clock, random, signal } = request;
  const boundMs = Math.min(BASE_DELAY_MS * 2 ** fruitless, MAX_DELAY_MS);
  await clock.sleep(random.next() * boundMs, signal);
  signal?.throwIfAborted();
}

function keepsLeavingOut(tableName: string): KinsumerError {
  const message = `Cannot call "${OPERATION}" on table "${tableName}": ` +
    "the service keeps leaving keys out";
  return new KinsumerError("Throttled", message, { operation: OPERATION, retryable: true });
}
