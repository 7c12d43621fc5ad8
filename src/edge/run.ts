/**
 * One run at the edge, from its options to its result: watches its budgets of time and requests, and
 * gives one record after the other to the handler.
 *
 * @module
 */

import { Announcer } from "../loops/announcer.ts";
import { Lease } from "../loops/lease.ts";
import { Roster } from "../loops/roster.ts";
import { resolveRunOptions, type RunLimits } from "../resolve_run_options.ts";
import type { RunOnceHandler, RunOnceReason, RunOnceResult } from "../run_options.ts";
import type { Fetch, Runtime } from "../runtime.ts";
import type { OpenableTelemetry } from "../telemetry/run_telemetry.ts";
import type { EdgeContext } from "./context.ts";
import { connectEdge } from "./connect.ts";
import { type EdgeOptions, type EdgeRunOptions, resolveEdgeOptions } from "./options.ts";
import type { EdgeRecord } from "./record.ts";
import { Visit } from "./visit.ts";

const LEAVING_SHARE = 0.2;
const LEAVING_MAX_MS = 2_000;
/** How often it is looked, in memory, what is due. */
const TICK_MS = 25;

/** One run at the edge. */
export class EdgeRun {
  readonly #handler: RunOnceHandler;
  readonly #limits: RunLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #context: EdgeContext;
  readonly #visit: Visit;
  readonly #startedAtMs: number;
  readonly #pull: (() => Promise<unknown>) | undefined;
  #next: EdgeRecord | undefined;
  #inHandCount = 0;
  #requests = 0;
  #records = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(given: EdgeOptions, handler: RunOnceHandler, run: EdgeRunOptions) {
    if (typeof handler !== "function") {
      throw new TypeError(`Cannot run once: the handler must be a function, got ${typeof handler}`);
    }
    this.#handler = handler;
    this.#limits = resolveRunOptions(run);
    this.#signal = run.signal;
    const resolved = resolveEdgeOptions(given);
    const { clientId, clientRecordMaxAgeMs, extractContext, logger, onEvent } = resolved;
    const { clock, fetch, random } = resolved.runtime;
    const runtime: Runtime = {
      ...resolved.runtime,
      fetch: (...request) => this.#fetch(fetch, request),
    };
    const options = { ...resolved, runtime };
    this.#startedAtMs = clock.monotonicMs();
    const openable = given.telemetry as OpenableTelemetry | undefined;
    const telemetry = openable?.open({ ...options, clock }, extractContext);
    const announcer = new Announcer({
      logger,
      onEvent: (event) => {
        telemetry?.observe(event);
        return onEvent?.(event);
      },
    }, { clientId });
    const ports = connectEdge(options, { telemetry, announcer });
    const hold = {
      heldBytes: 0,
      shardCount: 0,
      turn: Promise.resolve(),
    };
    this.#pull = telemetry?.receive(() => Promise.resolve(this.#next), (record) => [record]);
    this.#context = {
      options,
      incarnation: random.uuid(),
      clock,
      random,
      ...ports,
      announcer,
      lease: new Lease(clock, clientRecordMaxAgeMs),
      roster: new Roster({ ...ports, clock, options }),
      hold,
      maySpend: () => this.#visit.lookout.maySpend,
      handOver: (record) => this.#handOver(record),
    };
    const { lagMs, maxRequests, untilCaughtUp } = this.#limits;
    const requestsLeft = () => maxRequests - this.#requests;
    this.#visit = new Visit(this.#context, { lagMs, untilCaughtUp, requestsLeft }, (error) => {
      this.#failure ??= { error };
    });
  }

  /** Runs; resolves or rejects when nothing of it is left. */
  result(): Promise<RunOnceResult> {
    const until = this.#run();
    const inHandCount = () => this.#inHandCount;
    this.#context.options.runtime.onWait?.({ until, isForRecords: false, inHandCount });
    return until;
  }

  async #run(): Promise<RunOnceResult> {
    const { announcer, options: { clientId } } = this.#context;
    const visit = this.#visit;
    const over = new AbortController();
    this.#signal?.throwIfAborted();
    visit.join();
    const reason = await this.#tickUntil(() => this.#reason, over.signal);
    let isClean = false;
    const leaving = visit.leave(this.#leavingMs).then((isLeft) => {
      isClean = isLeft;
      over.abort();
    });
    await this.#tickUntil(() => over.signal.aborted || undefined, over.signal);
    await leaving;
    announcer.announce({ type: "stopped", clientId, isClean });
    if (this.#failure !== undefined) throw this.#failure.error;
    if (visit.refusal !== undefined) throw visit.refusal;
    return this.#summary(reason, isClean);
  }

  /** Does what comes back in time, until there is an answer. */
  async #tickUntil<Answer>(answer: () => Answer | undefined, signal: AbortSignal): Promise<Answer> {
    const { clock } = this.#context;
    for (;;) {
      const found = answer();
      if (found !== undefined) return found;
      this.#visit.tick();
      await clock.sleep(Math.min(TICK_MS, Math.ceil(this.#remainingMs)) || TICK_MS, signal);
    }
  }

  /** Why the run is over; absent: it is not. */
  get #reason(): RunOnceReason | undefined {
    if (this.#signal?.aborted) return "signal";
    if (this.#limits.untilCaughtUp && this.#visit.isDone) return "caughtUp";
    if (this.#visit.lookout.isExhausted) return "requests";
    return this.#remainingMs <= 0 || this.#failure !== undefined ? "budget" : undefined;
  }

  /** @returns whether the handler was done with it */
  async #handOver(record: EdgeRecord): Promise<boolean> {
    if (this.#failure !== undefined) return false;
    const { shardId, signal } = record;
    this.#next = record;
    this.#inHandCount++;
    try {
      await this.#pull?.();
      await this.#handler(record, { shardId, signal, remainingMs: () => this.#remainingMs });
      this.#records++;
      return true;
    } catch (error) {
      this.#failure ??= { error };
      return false;
    } finally {
      this.#inHandCount--;
    }
  }

  #summary(reason: RunOnceReason, isClean: boolean): RunOnceResult {
    const { isDone, lookout: { heldShardIds }, visited: shards } = this.#visit;
    const areThrough = shards.every(({ state }) => state !== "behind");
    return {
      reason,
      records: this.#records,
      shards,
      heldShardIds,
      isCaughtUp: areThrough && isDone,
      isClean,
      requests: this.#requests,
      durationMs: this.#context.clock.monotonicMs() - this.#startedAtMs,
    };
  }

  get #leavingMs(): number {
    return Math.min(LEAVING_MAX_MS, Math.floor(this.#limits.budgetMs * LEAVING_SHARE));
  }

  get #remainingMs(): number {
    const spentMs = this.#context.clock.monotonicMs() - this.#startedAtMs;
    return Math.max(0, this.#limits.budgetMs - this.#leavingMs - spentMs);
  }

  /** Counts; refuses what would break the bound, and the reads before what leaving takes. */
  #fetch(fetch: Fetch, request: Parameters<Fetch>): ReturnType<Fetch> {
    const isRead = request[1].headers["x-amz-target"]?.startsWith("Kinesis") === true;
    const kept = isRead ? this.#visit.lookout.requestsToLeave : 0;
    if (this.#requests + kept >= this.#limits.maxRequests) {
      return Promise.reject(new Error("The run has made as many requests as it may"));
    }
    this.#requests++;
    return fetch(...request);
  }
}
