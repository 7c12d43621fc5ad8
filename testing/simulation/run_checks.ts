/**
 * Checks what one run of a schedule promises when it ends: to keep to its time, to say truly whether
 * it left anything behind and whether all is caught up, and to ask for nothing without pause.
 *
 * @module
 */

import type { RunOnceResult } from "../../src/run_options.ts";
import type { SimulatedFleet } from "./fleet.ts";
import type { ScheduledRun } from "./schedule.ts";

/** How far a run may exceed its time: its looks at the clock. */
const SLACK_MS = 50;
/** A run may not send more requests than this in a second, on average; and some in any case. */
const REQUESTS_A_SECOND_AND_SHARD = 40;
const REQUESTS_IN_ANY_CASE = 100;

/** What became of a run. */
export interface Ending {
  readonly result: RunOnceResult;
  /** The records that are processed if all is caught up. */
  readonly due: readonly string[];
}

/** What a run that has ended did not keep of its promises. */
export function checkEnded(
  { account, clock, stream, tables }: SimulatedFleet,
  run: ScheduledRun,
  { due, result }: Ending,
): readonly string[] {
  if (run.isCrashed()) return [];
  const { name } = run;
  const broken: string[] = [];
  const tookMs = clock.clock.monotonicMs() - run.startedAtMs;
  if (tookMs > run.budgetMs + SLACK_MS) {
    broken.push(`P7: ${name} took ${tookMs} of ${run.budgetMs} ms (${result.reason})`);
  }
  const kept = tables.checkpoints().filter(({ ownerId }) => ownerId === name);
  const hasRow = tables.clientRows().some(({ clientId }) => clientId === name);
  if (result.isClean && (hasRow || kept.length > 0)) {
    const what = [...kept.map(({ shardId }) => shardId), ...(hasRow ? ["its row"] : [])];
    broken.push(`P7: ${name} says that it left nothing behind, but ${what}`);
  }
  if (result.isCaughtUp && result.heldShardIds.length === 0) {
    const open = new Set(account.open());
    const left = due.filter((each) => open.has(each));
    if (left.length > 0) broken.push(`P5: ${name} says that all is caught up, but ${left[0]}`);
  }
  const perSecond = REQUESTS_A_SECOND_AND_SHARD * stream.shards().length;
  if (run.requestCount() > REQUESTS_IN_ANY_CASE + perSecond * tookMs / 1_000) {
    broken.push(`P8: ${name} sent ${run.requestCount()} requests in ${tookMs} ms`);
  }
  return broken;
}
