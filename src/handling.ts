/**
 * Documents what `process()` takes and gives: handlers, what they are told, what becomes of a record
 * that they cannot process.
 *
 * @module
 */

import type { Logger } from "./events.ts";
import type { KinsumerRecord, SequenceNumber } from "./model.ts";
import type { FailureAction } from "./rules/failure_policy.ts";

/**
 * Processes one record. It is processed when the function has returned, or its promise resolved;
 * what it throws is a failure, and {@linkcode FailurePolicy} says what follows.
 */
export type Handler = (record: KinsumerRecord, context: HandlerContext) => unknown;

/** Processes several records of one shard, in order; see {@linkcode Handler}. At least one. */
export type BatchHandler = (
  records: readonly KinsumerRecord[],
  context: HandlerContext,
) => unknown;

/** What a handler is told beside its record. */
export interface HandlerContext {
  /** The record's shard. */
  readonly shardId: string;
  /** 1 at the first try of these records on this client, 2 at the second, … */
  readonly attempt: number;
  /**
   * Aborts when the work is in vain: the handler's time is up, the shard is lost, or the client has
   * to let it go. What resolves after that does not count.
   */
  readonly signal: AbortSignal;
  /** How far behind the tip of the shard the read was, in milliseconds. */
  readonly lagMs: number | undefined;
  /** The consumer's logger, with the shard, the sequence number and the attempt in each line. */
  readonly logger: Logger;
  /** The span around this call, where there is one. */
  readonly span: HandlerSpan | undefined;
}

/** As much of an OpenTelemetry span as a handler may want. */
export interface HandlerSpan {
  /** Says something of the work. */
  setAttribute(name: string, value: string | number | boolean): unknown;
  /** Says that something happened, now. */
  addEvent(name: string): unknown;
}

/** What may run side by side. */
export interface Concurrency {
  /**
   * What keeps its order. `shard`: each shard's records, one after the other; shards run side by
   * side. `partitionKey`: each key's records; keys of a shard run side by side too, and a record
   * without a key counts as one of its shard's own. `nothing`: any record may begin while others
   * run. The checkpoint is the low watermark in each. @default {"shard"}
   */
  readonly by?: "shard" | "partitionKey" | "nothing" | undefined;
  /** The most handlers that run at once in this client: 1 to 10,000. @default {16} */
  readonly limit?: number | undefined;
}

/**
 * Takes a record that its handler could not process. The record counts as processed once the promise
 * resolved; if it rejects, it is called again, with the policy's delays, for ever.
 */
export type DeadLetter = (
  record: KinsumerRecord,
  error: unknown,
  context: HandlerContext,
) => unknown;

/** What becomes of a record whose handler fails: some tries, then an action. */
export interface FailurePolicy {
  /** Calls of the handler in all, the first included: 1 to 1,000,000, or `Infinity`: for ever. @default {3} */
  readonly attempts?: number | undefined;
  /** Milliseconds before the second call, doubled with each further one: 1 to 3,600,000. @default {200} */
  readonly firstDelayMs?: number | undefined;
  /** The longest wait between two calls, in milliseconds: 1 to 86,400,000. @default {30000} */
  readonly maxDelayMs?: number | undefined;
  /** How much of each delay is left to chance: 0 (nothing) to 1 (all of it). @default {0.5} */
  readonly jitter?: number | undefined;
  /**
   * What follows when the last call failed too. `stop`: this client stops, `process()` rejects with
   * `HandlerFailed`, nothing is skipped. `pauseShard`: the shard stands still, the others go on.
   * `skip`: the record counts as processed, with an event. `deadLetter`: the function below takes it.
   * @default {"stop"}, or `"deadLetter"` where the function is given
   */
  readonly action?: FailureAction | undefined;
  /** For `deadLetter` only, which needs it. */
  readonly deadLetter?: DeadLetter | undefined;
  /**
   * For `pauseShard` only: milliseconds after which the shard goes on by itself, 1 to 604,800,000.
   * @default never: `resumeShard()` does it
   */
  readonly resumeAfterMs?: number | undefined;
}

/** Remembers, beyond the checkpoints, what is processed; see {@linkcode ProcessOptions.dedupe}. */
export interface DedupeStore {
  /** What is remembered of a shard; `undefined` when nothing is. */
  load(shardId: string, signal: AbortSignal): Promise<DedupeWindow | undefined>;
  /** Remembers this in place of what was remembered of the shard. */
  save(shardId: string, window: DedupeWindow, signal: AbortSignal): Promise<void>;
}

/** What is processed of a shard. */
export interface DedupeWindow {
  /** Every record up to this one; absent: none is known. */
  readonly upTo?: SequenceNumber | undefined;
  /** Beyond it, these. */
  readonly beyond: readonly SequenceNumber[];
}

/** How records are processed. */
export interface ProcessOptions {
  /** True: the handler takes several records at a time. @default {false} */
  readonly batch?: boolean | undefined;
  /** The most records that a batch has: 1 to 10,000. @default {10000}: what one read returned */
  readonly batchSize?: number | undefined;
  /** What keeps its order, and how much runs at once; a word stands for `by`. */
  readonly concurrency?: Concurrency | "shard" | "partitionKey" | "nothing" | undefined;
  /**
   * Milliseconds that one call of the handler may take: 1 to 86,400,000. Then its signal aborts and
   * the call counts as failed, whatever it does later; nothing of its shard (or key) begins before
   * it has ended, so that order holds. One that does not end within five further seconds cannot be
   * waited for: the shard is paused if that is the policy, else the client stops.
   * @default no limit
   */
  readonly timeoutMs?: number | undefined;
  /** What becomes of a record whose handler fails; a word stands for the policy's `action`. */
  readonly onFailure?: FailurePolicy | "stop" | "pauseShard" | "skip" | undefined;
  /**
   * Remembers each processed record at once, and leaves those out that a crashed client had
   * processed after its last checkpoint. Costs a write a call of the handler. @default nothing
   */
  readonly dedupe?: DedupeStore | undefined;
  /** Stops this client when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds that running handlers get, and the client has, when the signal or a failure stops
   * it: 0 to 3,600,000. `stop()` has a deadline of its own. @default {10000}
   */
  readonly deadlineMs?: number | undefined;
}

/** What `process()` did. */
export interface ProcessCounts {
  /** Records whose handler succeeded. */
  readonly processed: number;
  /** Calls of handlers, or of the dead letter's function, that failed or took too long. */
  readonly failures: number;
  /** Records that were passed over, as the policy says. */
  readonly skipped: number;
  /** Records that were handed to the dead letter function. */
  readonly deadLettered: number;
  /** Records left out because the dedupe store knew them. */
  readonly deduplicated: number;
}

/** A shard that stands still because a handler failed. */
export interface PausedShard {
  /** The shard that waits. */
  readonly shardId: string;
  /** The record that could not be processed. */
  readonly sequenceNumber: SequenceNumber;
  /** What the handler threw. */
  readonly error: unknown;
  /** When it was paused: milliseconds since the Unix epoch. */
  readonly pausedAtMs: number;
  /** When it will go on by itself; absent: never. */
  readonly resumesAtMs: number | undefined;
}

/** What is known of a call of a handler before it is made. */
export interface HandlerCall {
  readonly shardId: string;
  /** The first record's. */
  readonly sequenceNumber: SequenceNumber;
  readonly records: readonly KinsumerRecord[];
  readonly attempt: number;
  readonly lagMs: number | undefined;
  readonly isBatch: boolean;
}

/** Stands around each call of a handler: calls `run` once, and returns what it returns. */
export type AroundHandler = (
  call: HandlerCall,
  run: (span: HandlerSpan | undefined) => unknown,
) => unknown;
