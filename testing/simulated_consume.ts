/**
 * Collects what a consumer hands over in a simulated world, until it is enough.
 *
 * @module
 */

import { KinsumerError } from "../src/errors.ts";
import type { Kinsumer } from "../src/kinsumer.ts";
import type { KinsumerRecord } from "../src/model.ts";
import type { Clock } from "../src/runtime.ts";

/** When to stop collecting, and what to do with each record. */
export interface ConsumeAllOptions {
  /** How many records are enough, or a function that says whether these are. */
  readonly until: number | ((records: readonly KinsumerRecord[]) => boolean);
  /** Is called with each record, and waited for: the handler to be tested. */
  readonly handler?: ((record: KinsumerRecord) => void | Promise<void>) | undefined;
  /** Milliseconds without a further record after which it is given up. @default {60000} */
  readonly limitMs?: number | undefined;
  /**
   * Whether the last record counts as processed too. Not with `acknowledge: "manual"`, unless you
   * want just that. @default {true}
   */
  readonly isLastAcknowledged?: boolean | undefined;
}

const DEFAULT_LIMIT_MS = 60_000;

/** @param sleep measures the limit */
export async function consumeAll(
  kinsumer: Kinsumer,
  options: ConsumeAllOptions,
  sleep: Clock["sleep"],
): Promise<readonly KinsumerRecord[]> {
  const { until, handler, isLastAcknowledged = true } = options;
  const isEnough = typeof until === "function" ? until : () => records.length >= until;
  const records: KinsumerRecord[] = [];
  const iterator = await iterate(kinsumer);
  try {
    while (!isEnough(records)) {
      const record = await within(iterator.next(), { ...options, sleep, count: records.length });
      if (record.done) return records;
      records.push(record.value);
      await handler?.(record.value);
    }
    if (isLastAcknowledged) records.at(-1)?.ack();
    return records;
  } finally {
    await iterator.return?.();
  }
}

async function iterate(kinsumer: Kinsumer): Promise<AsyncIterator<KinsumerRecord, undefined>> {
  try {
    return kinsumer[Symbol.asyncIterator]();
  } catch (error) {
    if (!(error instanceof KinsumerError) || error.code !== "NotRunning") throw error;
    await kinsumer.run();
    return kinsumer[Symbol.asyncIterator]();
  }
}

async function within<Result>(
  result: Promise<Result>,
  facts: Pick<ConsumeAllOptions, "until" | "limitMs"> & {
    readonly sleep: Clock["sleep"];
    readonly count: number;
  },
): Promise<Result> {
  const { count, sleep, limitMs = DEFAULT_LIMIT_MS, until } = facts;
  const over = new AbortController();
  const tooLate = sleep(limitMs, over.signal).then(() => {
    if (over.signal.aborted) return result;
    const wanted = typeof until === "number" ? `${until} records` : "enough records";
    throw new Error(
      `Cannot consume ${wanted}: only ${count} came, and none in another ${limitMs} ms`,
    );
  });
  try {
    return await Promise.race([result, tooLate]);
  } finally {
    over.abort();
  }
}
