/**
 * Documents what `runOnce()` takes and gives.
 *
 * @module
 */

import type { ProcessOptions } from "./handling.ts";
import type { VisitedShard } from "./loops/visited_shard.ts";
import type { KinsumerRecord } from "./model.ts";

/** How long one run may take, and how much. */
export interface RunOnceOptions {
  /**
   * Milliseconds that the run may take in all, joining and leaving included: 500 to 3,600,000. The
   * last fifth, at most two seconds, is kept for leaving. It ends by then also where the services do
   * not answer. @default {30000}
   */
  readonly budgetMs?: number | undefined;
  /**
   * Whether the run ends as soon as everything is caught up; each shard is let go as soon as it is.
   * False: it goes on until the budget is spent. @default {true}
   */
  readonly untilCaughtUp?: boolean | undefined;
  /**
   * How far behind its tip a shard counts as caught up: 0 to 86,400,000 milliseconds.
   * @default {1000}
   */
  readonly lagMs?: number | undefined;
  /**
   * The most requests that the run may make, repeated ones included: 20 to 1,000,000. It takes no
   * more shards than it can afford, and leaves in order before the bound. What your handler and a
   * credentials function of your own fetch is not counted. @default {1000000}
   */
  readonly maxRequests?: number | undefined;
  /**
   * Calls the handler as `kinsumer.process()` does, with these of its options: shards side by side,
   * failures retried and treated by `onFailure`. Absent: one record after the other, and the first
   * error ends the run.
   */
  readonly process?:
    | Pick<ProcessOptions, "concurrency" | "timeoutMs" | "onFailure" | "dedupe">
    | undefined;
  /** Ends the run early, in order, also while it joins. Aborted before: the run rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a handler may know beside the record. */
export interface RunOnceContext {
  /** The shard that the record is of. */
  readonly shardId: string;
  /** Aborts when the shard is lost: what goes on after that may be done twice. */
  readonly signal: AbortSignal;
  /** How many milliseconds are left until the run stops handing records over. */
  remainingMs(): number;
}

/** Processes one record: it counts as processed once this has resolved. */
export type RunOnceHandler = (
  record: KinsumerRecord,
  context: RunOnceContext,
) => void | Promise<void>;

/** Why a run ended. */
export type RunOnceReason =
  /** Nothing was left to do. */
  | "caughtUp"
  /** The time was up. */
  | "budget"
  /** The requests were. */
  | "requests"
  /** The signal aborted. */
  | "signal";

/** What a run did. */
export interface RunOnceResult {
  /** Why it ended. */
  readonly reason: RunOnceReason;
  /** How many records were processed. */
  readonly records: number;
  /** Each shard that the run took, sorted. */
  readonly shards: readonly VisitedShard[];
  /** The readable shards that other clients had, sorted. */
  readonly heldShardIds: readonly string[];
  /**
   * Whether every readable shard is caught up, or finished, or with a client that was seen alive;
   * false where the run ended before it had joined.
   */
  readonly isCaughtUp: boolean;
  /** Whether all was written and released in time; if not, the next run repeats the last records. */
  readonly isClean: boolean;
  /** How many requests were made. */
  readonly requests: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}
