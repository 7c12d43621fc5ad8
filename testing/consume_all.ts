/**
 * Runs a consumer until a test has what it waits for: on a local Kinesis in real time, in a simulated
 * world in its own.
 *
 * @module
 */

import { KinsumerError } from "../src/errors.ts";
import type { Kinsumer } from "../src/kinsumer.ts";
import type { KinsumerRecord } from "../src/model.ts";
import type { Clock } from "../src/runtime.ts";
import { LocalKinesisError } from "./local_error.ts";

/** How long to consume, and what to do with each record. */
export interface ConsumeAllOptions {
  /**
   * Until so many records have come, or until this says so: it is asked after each record, about
   * all that have come.
   */
  readonly until:
    | number
    | ((records: readonly KinsumerRecord[]) => boolean | Promise<boolean>);
  /** Is called with each record, and waited for: the handler to be tested. */
  readonly handler?: ((record: KinsumerRecord) => unknown) | undefined;
  /**
   * Milliseconds within which all of that must have happened, from 1: of real time on a local
   * Kinesis, of simulated time in a simulated world.
   * @default 15,000; in a simulated world 300,000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether each record is acknowledged once its handler is through, the last one too. `false`
   * leaves it to you, where the consumer has `acknowledge: "manual"`; elsewhere only the last record
   * comes again. @default {true}
   */
  readonly isAcknowledging?: boolean | undefined;
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

/** The world's own time. */
export interface ConsumeTime {
  readonly sleep: Clock["sleep"];
  readonly timeoutMs: number;
}

type Records = AsyncIterator<KinsumerRecord, undefined>;
type IsEnough = (records: readonly KinsumerRecord[]) => boolean | Promise<boolean>;

const MAX_NAMED = 10;

/**
 * Consumes until it has enough. A new consumer gets its tables, is run, and is stopped in the end,
 * whatever happened; one that runs already goes on running.
 *
 * @returns the records in the order in which they came
 * @throws {LocalKinesisError} `ConsumeTimeout` when they do not come in time, or the consumer ends
 * before; the message tells what came and what the client owned
 */
export async function consumeAll(
  kinsumer: Consumable,
  options: ConsumeAllOptions,
  time: ConsumeTime,
): Promise<readonly KinsumerRecord[]> {
  const { until, timeoutMs = time.timeoutMs } = options;
  const isEnough = assertOptions(until, timeoutMs);
  const running = recordsOf(kinsumer);
  const work = new Work(options, isEnough);
  const done = new AbortController();
  const late = time.sleep(timeoutMs, done.signal).then(() => "late" as const);
  const consuming = work.consume(running ?? start(kinsumer));
  consuming.catch(() => {}); // a failure after the time is over
  try {
    const outcome = await Promise.race([consuming, late]);
    const { records } = work;
    if (outcome === "enough") return records;
    const why = outcome === "late" ? `within ${timeoutMs} ms` : "before the consumer stopped";
    throw new LocalKinesisError("ConsumeTimeout", words({ kinsumer, records, until, why }));
  } finally {
    done.abort();
    await work.end();
    if (running === undefined) await kinsumer.stop();
  }
}

class Work {
  readonly records: KinsumerRecord[] = [];
  readonly #options: ConsumeAllOptions;
  readonly #isEnough: IsEnough;
  #iterator: Records | undefined;
  #isOver = false;

  constructor(options: ConsumeAllOptions, isEnough: IsEnough) {
    this.#options = options;
    this.#isEnough = isEnough;
  }

  async consume(opening: Records | Promise<Records>): Promise<"enough" | "ended"> {
    const { handler, isAcknowledging = true } = this.#options;
    const iterator = await opening;
    this.#iterator = iterator;
    while (!this.#isOver) {
      const { value: record } = await iterator.next();
      if (record === undefined || this.#isOver) break;
      this.records.push(record);
      await handler?.(record);
      const isLast = await this.#isEnough([...this.records]);
      // The time may be over, and the record given back already.
      if (this.#isOver) break;
      if (isAcknowledging) record.ack();
      if (isLast) return "enough";
    }
    return "ended";
  }

  /** Gives back what is not acknowledged. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#iterator?.return?.();
  }
}

/** @returns `undefined` where the consumer was not run yet */
function recordsOf(kinsumer: Consumable): Records | undefined {
  try {
    return kinsumer[Symbol.asyncIterator]();
  } catch (error) {
    if (error instanceof KinsumerError && error.code === "NotRunning") return undefined;
    throw error;
  }
}

async function start(kinsumer: Consumable): Promise<Records> {
  await kinsumer.createRequiredTables();
  await kinsumer.run();
  return kinsumer[Symbol.asyncIterator]();
}

function assertOptions(until: ConsumeAllOptions["until"], timeoutMs: number): IsEnough {
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
  readonly until: ConsumeAllOptions["until"];
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
