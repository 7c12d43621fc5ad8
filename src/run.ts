/**
 * Takes one run of a consumer through its life: begins it, watches its budgets of time and requests,
 * ends it in order, and says what it did.
 *
 * @module
 */

import { KinsumerError } from "./errors.ts";
import type { EventListener } from "./events.ts";
import type { Kinsumer } from "./kinsumer.ts";
import type { LoopContext } from "./loops/context.ts";
import { Visitor } from "./loops/visitor.ts";
import type { MembershipFactory, RequestGate } from "./one_run.ts";
import type { KinsumerOptions } from "./options.ts";
import { resolveRunOptions, type RunLimits } from "./resolve_run_options.ts";
import type {
  RunOnceHandler,
  RunOnceOptions,
  RunOnceReason,
  RunOnceResult,
} from "./run_options.ts";
import { type Fetch, type Runtime, systemRuntime } from "./runtime.ts";

const LEAVING_SHARE = 0.2;
const LEAVING_MAX_MS = 2_000;
/** How often it is looked, in memory, whether the run is over. */
const WATCH_INTERVAL_MS = 25;
/** A run writes checkpoints less often: it writes one with each release. */
const COMMIT_INTERVAL_MS = 5_000;

/** How the consumer of a run is made, and how its records are processed. */
export interface RunParts {
  /** Makes the consumer, which joins the fleet as it is told. */
  readonly open: (options: KinsumerOptions, join: MembershipFactory) => Kinsumer;
  /**
   * Processes records until the consumer ends; absent: one record after the other.
   *
   * @returns how many were processed
   */
  readonly consume?:
    | ((client: Kinsumer, call: RunOnceHandler, run: RunInProgress) => Promise<number>)
    | undefined;
  /** Is told what counts the requests of ports that are no network. */
  readonly gated?: ((gate: RequestGate) => void) | undefined;
}

/** What is known of a run while it goes on. */
export interface RunInProgress {
  remainingMs(): number;
  /** How long leaving may take. */
  readonly deadlineMs: number;
}

/** One run. */
export class Run {
  readonly #handler: RunOnceHandler;
  readonly #limits: RunLimits;
  readonly #consumeBy: RunParts["consume"];
  readonly #signal: AbortSignal | undefined;
  readonly #runtime: Runtime;
  readonly #client: Kinsumer;
  readonly #startedAtMs: number;
  #visitor: Visitor | undefined;
  #requests = 0;
  #records = 0;
  #isClean = false;

  constructor(
    options: KinsumerOptions,
    handler: RunOnceHandler,
    run: Omit<RunOnceOptions, "process">,
    parts: RunParts,
  ) {
    if (typeof handler !== "function") {
      throw new TypeError(`Cannot run once: the handler must be a function, got ${typeof handler}`);
    }
    this.#handler = handler;
    this.#limits = resolveRunOptions(run);
    this.#consumeBy = parts.consume;
    this.#signal = run.signal;
    const runtime = options?.runtime ?? systemRuntime();
    this.#runtime = { ...runtime, fetch: (...request) => this.#fetch(runtime.fetch, request) };
    this.#startedAtMs = runtime.clock.monotonicMs();
    const given = options?.onEvent;
    const onEvent: EventListener = (event) => {
      if (event.type === "stopped") this.#isClean = event.isClean;
      return given?.(event);
    };
    const ours = {
      commitIntervalMs: COMMIT_INTERVAL_MS,
      ...options,
      runtime: this.#runtime,
      onEvent: given === undefined || typeof given === "function" ? onEvent : given,
    };
    parts.gated?.((request) => this.#count(request));
    this.#client = parts.open(ours, (context, onFatal) => this.#visit(context, onFatal));
  }

  async result(): Promise<RunOnceResult> {
    const client = this.#client;
    const over = new AbortController();
    try {
      this.#signal?.throwIfAborted();
      const consuming = this.#joinAndConsume();
      const ended = consuming.finally(() => over.abort());
      ended.catch(() => {}); // it is awaited below
      const reason = await this.#watch(over.signal);
      await client.stop({ deadlineMs: this.#leavingMs });
      await consuming;
      if (this.#visitor?.refusal !== undefined) throw this.#visitor.refusal;
      return this.#summary(reason);
    } finally {
      over.abort();
      await client.stop({ deadlineMs: this.#leavingMs });
    }
  }

  #visit(context: LoopContext, onFatal: (error: KinsumerError) => void): Visitor {
    const { lagMs, untilCaughtUp } = this.#limits;
    const requestsLeft = () => this.#limits.maxRequests - this.#requests;
    this.#visitor = new Visitor(context, onFatal, { lagMs, untilCaughtUp, requestsLeft });
    return this.#visitor;
  }

  async #joinAndConsume(): Promise<void> {
    try {
      await this.#client.run();
    } catch (error) {
      // The run was over before it had joined.
      if (error instanceof KinsumerError && error.code === "NotRunning") return;
      throw error;
    }
    await this.#consume();
  }

  async #consume(): Promise<void> {
    if (this.#consumeBy === undefined) return await this.#consumeAll();
    const progress = { remainingMs: () => this.#remainingMs, deadlineMs: this.#leavingMs };
    this.#records = await this.#consumeBy(this.#client, this.#handler, progress);
  }

  async #consumeAll(): Promise<void> {
    for await (const record of this.#client) {
      const { shardId, signal } = record;
      await this.#handler(record, { shardId, signal, remainingMs: () => this.#remainingMs });
      record.ack();
      this.#records++;
    }
  }

  /** Waits until the run is over, and says why. */
  async #watch(failed: AbortSignal): Promise<RunOnceReason> {
    const { clock } = this.#runtime;
    for (;;) {
      if (this.#signal?.aborted) return "signal";
      if (this.#limits.untilCaughtUp && this.#visitor?.isDone) return "caughtUp";
      if (this.#visitor?.lookout.isExhausted) return "requests";
      if (this.#remainingMs <= 0 || failed.aborted) return "budget";
      await clock.sleep(Math.min(WATCH_INTERVAL_MS, Math.ceil(this.#remainingMs)), failed);
    }
  }

  #summary(reason: RunOnceReason): RunOnceResult {
    const shards = this.#visitor?.visited ?? [];
    const areThrough = shards.every(({ state }) => state !== "behind");
    return {
      reason,
      records: this.#records,
      shards,
      heldShardIds: this.#visitor?.lookout.heldShardIds ?? [],
      isCaughtUp: areThrough && (this.#visitor?.isDone ?? false),
      isClean: this.#isClean,
      requests: this.#requests,
      durationMs: this.#runtime.clock.monotonicMs() - this.#startedAtMs,
    };
  }

  get #leavingMs(): number {
    return Math.min(LEAVING_MAX_MS, Math.floor(this.#limits.budgetMs * LEAVING_SHARE));
  }

  get #remainingMs(): number {
    const spentMs = this.#runtime.clock.monotonicMs() - this.#startedAtMs;
    return Math.max(0, this.#limits.budgetMs - this.#leavingMs - spentMs);
  }

  #fetch(fetch: Fetch, request: Parameters<Fetch>): ReturnType<Fetch> {
    const isRead = request[1].headers["x-amz-target"]?.startsWith("Kinesis") === true;
    try {
      this.#count({ isRead });
    } catch (error) {
      return Promise.reject(error);
    }
    return fetch(...request);
  }

  /** Counts; refuses what would break the bound, and the reads before what leaving takes. */
  #count({ isRead }: { readonly isRead: boolean }): void {
    const kept = isRead ? this.#visitor?.lookout.requestsToLeave ?? 0 : 0;
    if (this.#requests + kept >= this.#limits.maxRequests) {
      throw new Error("The run has made as many requests as it may");
    }
    this.#requests++;
  }
}
