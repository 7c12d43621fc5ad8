/**
 * Runs a consumer until a test has what it waits for, and stops it in order.
 *
 * @module
 */

import { KinsumerError } from "../src/errors.ts";
import type { Kinsumer } from "../src/kinsumer.ts";
import type { KinsumerRecord } from "../src/model.ts";
import { systemRuntime } from "../src/runtime.ts";
import { LocalKinesisError } from "./local_error.ts";

/** How long to consume. */
export interface ConsumeOptions {
  /**
   * Until so many records have come, or until this says so: it is asked after each record, about
   * all that have come. Its records are processed, the last one too.
   */
  readonly until:
    | number
    | ((records: readonly KinsumerRecord[]) => boolean | Promise<boolean>);
  /** Milliseconds, from 1. @default {15000} */
  readonly timeoutMs?: number | undefined;
}

/** What is used of a consumer. */
export type Consumable = Pick<
  Kinsumer,
  | "createRequiredTables"
  | "run"
  | "stop"
  | "clientId"
  | "ownedShardIds"
  | typeof Symbol.asyncIterator
>;

const DEFAULT_TIMEOUT_MS = 15_000;
const MAX_NAMED = 10;

/**
 * Consumes until it has enough, acknowledges what it got, and stops the consumer, whatever happened.
 * A new one gets its tables and is run; one that runs already is taken over.
 *
 * @returns the records in the order in which they came
 * @throws {LocalKinesisError} `ConsumeTimeout` when they do not come in time, or the consumer ends
 * before; the message tells what came and what the client owned
 */
export async function consumeAll(
  kinsumer: Consumable,
  options: ConsumeOptions,
): Promise<readonly KinsumerRecord[]> {
  const { until, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const isEnough = assertOptions(until, timeoutMs);
  const { clock } = systemRuntime();
  const records: KinsumerRecord[] = [];
  const done = new AbortController();
  const late = clock.sleep(timeoutMs, done.signal).then(() => "late" as const);
  const consuming = consume(kinsumer, { records, isEnough, isOver: () => done.signal.aborted });
  consuming.catch(() => {}); // a failure after the time is over
  try {
    const outcome = await Promise.race([consuming, late]);
    if (outcome === "enough") return records;
    const why = outcome === "late" ? `within ${timeoutMs} ms` : "before the consumer stopped";
    throw new LocalKinesisError("ConsumeTimeout", words({ kinsumer, records, until, why }));
  } finally {
    done.abort();
    await kinsumer.stop();
  }
}

async function consume(kinsumer: Consumable, facts: {
  readonly records: KinsumerRecord[];
  readonly isEnough: (records: readonly KinsumerRecord[]) => boolean | Promise<boolean>;
  readonly isOver: () => boolean;
}): Promise<"enough" | "ended"> {
  const { records, isEnough, isOver } = facts;
  await start(kinsumer);
  for await (const record of kinsumer) {
    if (isOver()) break;
    records.push(record);
    const isLast = await isEnough([...records]);
    record.ack();
    if (isLast) return "enough";
  }
  return "ended";
}

async function start(kinsumer: Consumable): Promise<void> {
  await kinsumer.createRequiredTables();
  try {
    await kinsumer.run();
  } catch (error) {
    // It runs, or it was stopped, and then iterating it ends at once.
    if (!(error instanceof KinsumerError && error.code === "AlreadyRunning")) throw error;
  }
}

function assertOptions(
  until: ConsumeOptions["until"],
  timeoutMs: number,
): (records: readonly KinsumerRecord[]) => boolean | Promise<boolean> {
  if (!(timeoutMs >= 1)) {
    throw new RangeError(`Cannot consume: timeoutMs must be a number from 1, got ${timeoutMs}`);
  }
  if (typeof until === "function") return until;
  if (typeof until !== "number") {
    throw new TypeError(
      `Cannot consume: until must be a number or a function, got ${typeof until}`,
    );
  }
  if (!Number.isInteger(until) || until < 1) {
    throw new RangeError(`Cannot consume: until must be a whole number from 1, got ${until}`);
  }
  return (records) => records.length >= until;
}

function words(facts: {
  readonly kinsumer: Consumable;
  readonly records: readonly KinsumerRecord[];
  readonly until: ConsumeOptions["until"];
  readonly why: string;
}): string {
  const { kinsumer, records, until, why } = facts;
  const counts = new Map<string, number>();
  for (const { shardId } of records) counts.set(shardId, (counts.get(shardId) ?? 0) + 1);
  const named = [...counts].slice(0, MAX_NAMED).map(([id, count]) => `${count} of ${id}`);
  const wanted = typeof until === "number" ? `${until} records` : "what was waited for";
  const owned = kinsumer.ownedShardIds;
  return `Cannot consume ${wanted} ${why}: ${records.length} came` +
    (named.length > 0 ? ` (${named.join(", ")})` : "") +
    `; client "${kinsumer.clientId}" ` +
    (owned.length > 0 ? `owned ${owned.slice(0, MAX_NAMED).join(", ")}` : "owned no shard");
}
