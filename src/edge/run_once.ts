/**
 * Runs once, of as little code as that takes: for isolates, whose size and start are counted.
 *
 * @module
 */

import type { RunOnceHandler, RunOnceResult } from "../run_options.ts";
import type { EdgeOptions, EdgeRunOptions } from "./options.ts";
import { EdgeRun } from "./run.ts";

/**
 * Joins the fleet for one run, as `runOnce()` of the whole library does, with the same promises:
 * takes the shards that nobody has, hands each record to `handler`, each shard's in order, commits,
 * releases and leaves. The first error of the handler ends the run; {@linkcode retried} tries again,
 * and gives what fails for good to a dead letter.
 *
 * The tables must be there: `npx kinsumer tables create`, or `createRequiredTables()` elsewhere.
 *
 * @example A worker on a schedule
 * ```ts
 * import { runOnce } from "@kinsumer/kinsumer/edge";
 *
 * const result = await runOnce(
 *   {
 *     streamName: "orders",
 *     applicationName: "billing",
 *     region: "eu-west-1",
 *     credentials: { accessKeyId: "AKIA…", secretAccessKey: "…" },
 *   },
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
  options: EdgeOptions,
  handler: RunOnceHandler,
  run: EdgeRunOptions = {},
): Promise<RunOnceResult> {
  return await new EdgeRun(options, handler, run).result();
}
