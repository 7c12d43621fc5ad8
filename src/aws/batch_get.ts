/**
 * Reads any number of rows by key. Decides how to split them into calls, and how long to keep
 * asking for those that the service leaves out of its answers.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { Clock, Random } from "../runtime.ts";
import { AnswerReader } from "./answers.ts";
import type { Item } from "./dynamodb_api.ts";
import { parseItem } from "./items.ts";

/** One BatchGetItem call. */
export type AskBatch = (input: unknown) => Promise<AnswerReader>;

/** What is to be read, and by what means. */
export interface BatchGetRequest {
  readonly tableName: string;
  readonly keys: readonly Item[];
  readonly ask: AskBatch;
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
 * Reads the rows of these keys, in no order. A key named twice is read once; one that has no row
 * is left out.
 *
 * @throws {KinsumerError} `Throttled` when the service keeps leaving keys out
 */
export async function batchGet(request: BatchGetRequest): Promise<readonly Item[]> {
  const keys = [...new Map(request.keys.map((key) => [JSON.stringify(key), key])).values()];
  const items: Item[] = [];
  for (let start = 0; start < keys.length; start += MAX_KEYS) {
    await getChunk(request, keys.slice(start, start + MAX_KEYS), items);
  }
  return items;
}

/** Reads up to 100 rows into `items`. Ends: each round either has fewer keys left or counts. */
async function getChunk(
  request: BatchGetRequest,
  chunk: readonly unknown[],
  items: Item[],
): Promise<void> {
  let keys = chunk;
  let fruitless = 0;
  for (;;) {
    const answer = await getOnce(request, keys);
    items.push(...answer.items);
    if (answer.unprocessedKeys.length === 0) return;
    fruitless = answer.unprocessedKeys.length < keys.length ? 0 : fruitless + 1;
    if (fruitless >= MAX_FRUITLESS_ANSWERS) throw keepsLeavingOut(request.tableName);
    keys = answer.unprocessedKeys;
    await pause(request, fruitless);
  }
}

async function getOnce(
  request: BatchGetRequest,
  keys: readonly unknown[],
): Promise<{ readonly items: readonly Item[]; readonly unprocessedKeys: readonly unknown[] }> {
  const { tableName, ask } = request;
  const answer = await ask({ RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } } });
  const responses = new AnswerReader(OPERATION, answer.fields("Responses"));
  const items = (responses.optionalList(tableName) ?? []).map((raw) => parseItem(OPERATION, raw));
  const tables = new AnswerReader(OPERATION, answer.optionalFields("UnprocessedKeys") ?? {});
  const left = new AnswerReader(OPERATION, tables.optionalFields(tableName) ?? {});
  return { items, unprocessedKeys: left.optionalList("Keys") ?? [] };
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
