/**
 * Runs once: takes the shards that are free, consumes until they are caught up or a budget is spent,
 * and leaves everything in order. For schedules and isolates that live for one request.
 *
 * @module
 */

import { Kinsumer } from "./kinsumer.ts";
import { MEMBERSHIPS, REQUEST_GATES } from "./one_run.ts";
import type { KinsumerOptions } from "./options.ts";
import { Run, type RunParts } from "./run.ts";
import type { RunOnceHandler, RunOnceOptions, RunOnceResult } from "./run_options.ts";

/**
 * Joins the fleet for one run: takes the shards that nobody has, hands each record to `handler`,
 * each shard's in order, commits, releases and leaves. Several runs at once share the shards. What
 * a killed run had is free again once its row has not beaten for `clientRecordMaxAgeMs`, which
 * runs that are shorter than that find out together; nothing of it is lost.
 *
 * The tables must be there: see {@linkcode Kinsumer.createRequiredTables}.
 *
 * @example On a schedule
 * ```ts
 * import { runOnce } from "@kinsumer/kinsumer";
 *
 * const result = await runOnce(
 *   { streamName: "orders", applicationName: "billing", region: "eu-west-1" },
 *   async (record) => {
 *     await fetch("https://example.com/orders", { method: "POST", body: record.text() });
 *   },
 *   { budgetMs: 20_000, maxRequests: 900 },
 * );
 * console.log(result.reason, result.records);
 * ```
 *
 * @throws {TypeError} when an option is missing, has the wrong type, or is not known
 * @throws {RangeError} when an option's value is not allowed
 * @throws {KinsumerError} `StreamNotFound`, `TableNotFound`, `AccessDenied` and the like when it
 * cannot start, `InvalidCheckpoint` by `onInvalidCheckpoint`
 * @throws what the handler throws; the record is then not acknowledged, and comes again
 * @throws the signal's reason where that had aborted before
 */
export async function runOnce(
  options: KinsumerOptions,
  handler: RunOnceHandler,
  run: RunOnceOptions = {},
): Promise<RunOnceResult> {
  const { process, ...limits } = run;
  const gated = REQUEST_GATES.get(options);
  const parts = { open, consume: consumerOf(process), gated };
  return await new Run(options, handler, limits, parts).result();
}

const open: RunParts["open"] = (options, join) => {
  MEMBERSHIPS.set(options, join);
  return new Kinsumer(options);
};

/** Processes records by handlers that run side by side. */
function consumerOf(process: RunOnceOptions["process"]): RunParts["consume"] {
  if (process === undefined) return undefined;
  return async (kinsumer, call, run) => {
    const remainingMs = () => run.remainingMs();
    const { processed } = await kinsumer.process(
      (record, { shardId, signal }) => call(record, { shardId, signal, remainingMs }),
      { ...process, deadlineMs: run.deadlineMs },
    );
    return processed;
  };
}
