/**
 * A run's visit to the fleet: takes the shards that are free, by itself, without a leader, and lets
 * each go as soon as it is caught up. Everything that comes back in time is done by one beat of the
 * loop, {@linkcode Visit.tick}.
 *
 * Its row says from the first that it is leaving: so it is given no shards and never leads, but
 * counts as living while it owns some.
 *
 * @module
 */

import type { KinsumerError } from "../errors.ts";
import type { LossReason } from "../events.ts";
import { Departure } from "../loops/departure.ts";
import { applicationStartMs } from "../loops/lead.ts";
import { persist } from "../loops/persist.ts";
import { VisitedRows } from "../loops/visited_rows.ts";
import type { VisitedShard } from "../loops/visited_shard.ts";
import type { Checkpoint, Shard } from "../model.ts";
import {
  byWaiting,
  LOOK_INTERVAL_MS,
  lookIntervalMs,
  REQUESTS_PER_LOOK,
  REQUESTS_PER_SHARD,
  requestsToLeave,
  survey,
  takeCount,
  type Tenure,
  tenureOf,
} from "../rules/visit.ts";
import { Beats } from "./beats.ts";
import type { EdgeContext } from "./context.ts";
import { ShardVisit } from "./shard_visit.ts";

/** How a visit behaves. */
export interface VisitOptions {
  /** Whether a shard is let go as soon as it is caught up. */
  readonly untilCaughtUp: boolean;
  /** How far behind its tip a shard counts as caught up. */
  readonly lagMs: number;
  /** How many requests may still be made. */
  readonly requestsLeft: () => number;
  /** Ends the run: it rejects with this error. */
  readonly fail: (error: unknown) => void;
}

/** One run's visit to the fleet. */
export class Visit {
  readonly #context: EdgeContext;
  readonly #options: VisitOptions;
  readonly #beats: Beats;
  readonly #others: VisitedRows;
  /** Of each shard that was taken, the last. */
  readonly #visits = new Map<string, ShardVisit>();
  /** Aborts when no more shards are taken. */
  readonly #leaving = new AbortController();
  /** Aborts when even the last writes are given up. */
  readonly #abandoning = new AbortController();
  #tenures: ReadonlyMap<string, Tenure> = new Map();
  #closedIds: ReadonlySet<string> = new Set();
  #looks = 0;
  #lookedAtMs = 0;
  /** When the next look must be made; absent: none is needed. By the monotonic clock. */
  #dueAtMs: number | undefined;
  #looking: Promise<void> | undefined;
  #startedAtMs: Promise<number> | undefined;

  constructor(context: EdgeContext, options: VisitOptions) {
    this.#context = context;
    this.#options = options;
    this.#beats = new Beats(context, {
      onFenced: (reason) => this.#fence(reason),
      onConflict: options.fail,
    });
    this.#others = new VisitedRows(context, context.roster);
  }

  /** What became of each shard that was taken, sorted by its ID. */
  get visited(): readonly VisitedShard[] {
    return [...this.#visits.values()].filter((visit) => visit.wasOwner)
      .map((visit) => this.#sum(visit)).sort((a, b) => (a.shardId < b.shardId ? -1 : 1));
  }

  /** The readable shards that others own, sorted. */
  get heldShardIds(): readonly string[] {
    return this.#having("held", "silent").sort();
  }

  /** Whether nothing is left to do: all that could be taken is caught up, the rest is in good hands. */
  get isDone(): boolean {
    return this.#looks > 0 && this.#dueAtMs === undefined && this.#looking === undefined &&
      this.#running.length === 0 &&
      this.#having("free", "silent").length === 0;
  }

  /** Whether so few requests are left that only leaving is possible. */
  get isExhausted(): boolean {
    const useful = this.#running.length > 0 ? 1 : REQUESTS_PER_LOOK + REQUESTS_PER_SHARD;
    return this.#requestsToSpare < useful;
  }

  /** How many requests must be kept for leaving in order. */
  get requestsToLeave(): number {
    return requestsToLeave(this.#running.length);
  }

  /** How many requests may be made that are none of leaving. */
  get #requestsToSpare(): number {
    return this.#options.requestsLeft() - this.requestsToLeave;
  }

  /** Whether a request may be made that is none of leaving. */
  get maySpend(): boolean {
    return this.#requestsToSpare > 0;
  }

  /** Why a shard cannot be read: one of those that cannot. */
  get refusal(): KinsumerError | undefined {
    return [...this.#visits.values()].find((visit) => visit.refusal !== undefined)?.refusal;
  }

  get #running(): readonly ShardVisit[] {
    return [...this.#visits.values()].filter((visit) => visit.isRunning);
  }

  /** Begins to join the fleet, and to take what is free; what keeps it from that ends the run. */
  join(): void {
    const { signal } = this.#leaving;
    this.#looking = this.#join(signal)
      .catch((error) => signal.aborted ? undefined : this.#options.fail(error))
      .finally(() => this.#looking = undefined);
  }

  async #join(signal: AbortSignal): Promise<void> {
    // What can fail for want of a table or a stream comes before the row that would be left behind.
    const [shards] = await this.#lookAround(signal);
    const { announcer, checkpoints, options: { clientId } } = this.#context;
    const ids = shards.map((shard) => shard.shardId);
    const registering = this.#beats.register(signal);
    const [rows] = await Promise.all([checkpoints.readMany(ids, signal), registering]);
    if (rows.length === 0) await this.#startMs(signal);
    this.#take(shards, rows);
    announcer.announce({ type: "started", clientId });
    await this.#others.removeDead(signal);
  }

  /** Does what is due: beats, gives up what may be others', lets go, commits, looks. */
  tick(): void {
    if (this.#looks === 0) return;
    const { lagMs, untilCaughtUp } = this.#options;
    const nowMs = this.#context.clock.monotonicMs();
    this.#beats.beatIfDue();
    for (const visit of this.#running) {
      const isOpen = !this.#closedIds.has(visit.shardId);
      if (untilCaughtUp && isOpen && visit.isCaughtUp(lagMs)) visit.stop();
      visit.commitIfDue();
    }
    if (this.#looking === undefined && this.#isLookDue(nowMs)) {
      const what = { operation: "refresh", signal: this.#leaving.signal };
      this.#looking = persist(this.#context, what, () => this.#look())
        .finally(() => this.#looking = undefined);
    }
  }

  /**
   * Leaves the fleet: lets the shards go, and removes the row.
   *
   * @returns whether all was written in time
   */
  async leave(deadlineMs: number): Promise<boolean> {
    return await new Departure(this.#context.clock, deadlineMs).run({
      depart: () => this.#depart(),
      hurry: () => this.#running.forEach((visit) => visit.hurry()),
      abandon: () => {
        this.#beats.end();
        this.#running.forEach((visit) => visit.abandon());
        this.#abandoning.abort();
      },
    });
  }

  async #depart(): Promise<boolean> {
    const { signal } = this.#abandoning;
    this.#leaving.abort();
    await Promise.all(this.#running.map((visit) => {
      visit.stop();
      return visit.done;
    }));
    await this.#looking;
    await this.#beats.end();
    const witnessing = this.#others.witness(this.#options.requestsLeft, signal);
    const isRemoved = await this.#beats.removeRow(signal)
      .then(() => !signal.aborted, () => false); // others will find the row unchanged
    await witnessing;
    return isRemoved && [...this.#visits.values()].every((visit) => visit.isLetGo);
  }

  #isLookDue(nowMs: number): boolean {
    if (this.#leaving.signal.aborted) return false;
    if (this.#requestsToSpare < REQUESTS_PER_LOOK + REQUESTS_PER_SHARD) return false;
    if (this.#dueAtMs !== undefined) return nowMs >= this.#dueAtMs;
    const intervalMs = lookIntervalMs([...this.#tenures.values()], !this.#options.untilCaughtUp);
    return nowMs >= this.#lookedAtMs + intervalMs;
  }

  async #look(): Promise<void> {
    const { signal } = this.#leaving;
    const dueAtMs = this.#dueAtMs;
    this.#dueAtMs = undefined; // what becomes due meanwhile needs another look
    try {
      const [shards] = await this.#lookAround(signal);
      const ids = shards.map((shard) => shard.shardId);
      const rows = await this.#context.checkpoints.readMany(ids, signal);
      if (!signal.aborted) this.#take(shards, rows);
      await this.#others.removeDead(signal);
    } catch (error) {
      this.#dueAtMs ??= dueAtMs;
      throw error;
    }
  }

  #lookAround(signal: AbortSignal) {
    const { kinesis, roster } = this.#context;
    return Promise.all([kinesis.listShards(signal), roster.readAll(signal)]);
  }

  /** Takes what is free of what may be read. */
  #take(shards: readonly Shard[], all: readonly Checkpoint[]): void {
    const { clock, options: { clientId }, random, roster } = this.#context;
    const rows = new Map(all.map((row) => [row.shardId, row]));
    const isFirstLook = this.#looks++ === 0;
    this.#lookedAtMs = clock.monotonicMs();
    const { closedIds, readableIds } = survey(shards, rows);
    this.#closedIds = closedIds;
    const open = readableIds.filter((id) => !this.#isThrough(id));
    const others = roster.seen.filter(({ row }) => row.clientId !== clientId);
    this.#tenures = new Map(open.map((id) => {
      const row = rows.get(id);
      const owner = others.find((other) => other.row.clientId === row?.ownerId);
      return [id, tenureOf(row, owner)];
    }));
    const free = byWaiting(this.#having("free"), rows, {
      wallNowMs: clock.nowMs(),
      chance: () => random.next(),
    });
    const count = takeCount({
      freeCount: free.length,
      readableCount: readableIds.length,
      ownedCount: this.#running.length,
      clientCount: others.filter((each) => each.isLiving).length + 1,
      isFirstLook,
      requestsLeft: this.#options.requestsLeft(),
    });
    const taken = new Set(free.slice(0, count));
    for (const shard of shards) {
      if (taken.has(shard.shardId)) this.#start(shard, rows.get(shard.shardId));
    }
  }

  #start(shard: Shard, row: Checkpoint | undefined): void {
    const { shardId } = shard;
    this.#tenures = new Map([...this.#tenures].filter(([id]) => id !== shardId));
    const visit = new ShardVisit(this.#context, {
      shard,
      row,
      startedAtMs: (signal) => this.#startMs(signal),
    });
    const before = this.#visits.get(shardId);
    this.#visits.set(shardId, visit);
    visit.done.then((isSettled) => {
      // What came to nothing does not hide what was done before.
      const isNothing = !visit.wasOwner && visit.refusal === undefined;
      if (isNothing && before !== undefined) this.#visits.set(shardId, before);
      const nowMs = this.#context.clock.monotonicMs();
      // Children may be read now; or somebody else was faster, or has it now.
      if (visit.isFinished) this.#dueAtMs = nowMs;
      else if (!isSettled) this.#dueAtMs ??= nowMs + LOOK_INTERVAL_MS;
    });
  }

  #sum(visit: ShardVisit): VisitedShard {
    const isClosed = this.#closedIds.has(visit.shardId);
    return visit.sumUp(!isClosed && visit.isCaughtUp(this.#options.lagMs));
  }

  /** Whether this visit has a shard, or is through with it. */
  #isThrough(shardId: string): boolean {
    const visit = this.#visits.get(shardId);
    if (visit === undefined) return false;
    if (visit.isRunning || visit.refusal !== undefined) return true;
    return this.#options.untilCaughtUp && this.#sum(visit).state !== "behind";
  }

  #having(...wanted: readonly Tenure[]): string[] {
    return [...this.#tenures].filter(([, tenure]) => wanted.includes(tenure)).map(([id]) => id);
  }

  #startMs(signal: AbortSignal): Promise<number> {
    const { metadata } = this.#context;
    return this.#startedAtMs ??= metadata.readShardCache(signal)
      .then((cache) => applicationStartMs(this.#context, cache !== undefined, signal))
      .catch((error) => {
        this.#startedAtMs = undefined;
        throw error;
      });
  }

  #fence(reason: LossReason): void {
    for (const visit of this.#running) visit.lose(reason);
  }
}
