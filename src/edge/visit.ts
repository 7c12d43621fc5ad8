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
import { Lookout, type VisitOptions } from "../loops/lookout.ts";
import { VisitedRows } from "../loops/visited_rows.ts";
import type { VisitedShard } from "../loops/visited_shard.ts";
import type { Checkpoint, Shard } from "../model.ts";
import { LOOK_INTERVAL_MS } from "../rules/visit.ts";
import { Beats } from "./beats.ts";
import type { EdgeContext } from "./context.ts";
import { ShardVisit } from "./shard_visit.ts";

/** One run's visit to the fleet. */
export class Visit {
  /** Tells what it could take, and can afford. */
  readonly lookout: Lookout;
  readonly #context: EdgeContext;
  readonly #options: VisitOptions;
  readonly #fail: (error: unknown) => void;
  readonly #beats: Beats;
  readonly #others: VisitedRows;
  /** Of each shard that was taken, the last. */
  readonly #visits = new Map<string, ShardVisit>();
  /** Aborts when no more shards are taken. */
  readonly #leaving = new AbortController();
  /** Aborts when even the last writes are given up. */
  readonly #abandoning = new AbortController();
  #looking: Promise<void> | undefined;
  #startedAtMs: Promise<number> | undefined;

  /** @param fail ends the run: it rejects with this error */
  constructor(context: EdgeContext, options: VisitOptions, fail: (error: unknown) => void) {
    this.#context = context;
    this.#options = options;
    this.#fail = fail;
    this.lookout = new Lookout(context, context.roster, options, {
      ownedCount: () => this.#running.length,
      isThrough: (shardId) => this.#isThrough(shardId),
      start: (shard, row) => this.#start(shard, row),
    });
    this.#beats = new Beats(context, {
      onFenced: (reason) => this.#fence(reason),
      onConflict: fail,
    });
    this.#others = new VisitedRows(context, context.roster);
  }

  /** What became of each shard that was taken, sorted by its ID. */
  get visited(): readonly VisitedShard[] {
    return [...this.#visits.values()].filter((visit) => visit.wasOwner)
      .map((visit) => this.#sum(visit)).sort((a, b) => (a.shardId < b.shardId ? -1 : 1));
  }

  /** Whether nothing is left to do: all that could be taken is caught up, the rest is in good hands. */
  get isDone(): boolean {
    return this.lookout.isSettled && this.#running.length === 0;
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
      .catch((error) => signal.aborted ? undefined : this.#fail(error))
      .finally(() => this.#looking = undefined);
  }

  async #join(signal: AbortSignal): Promise<void> {
    // What can fail for want of a table or a stream comes before the row that would be left behind.
    const shards = await this.lookout.readFleet(signal);
    const { announcer, checkpoints, options: { clientId } } = this.#context;
    const ids = shards.map((shard) => shard.shardId);
    const registering = this.#beats.register(signal);
    const [rows] = await Promise.all([checkpoints.readMany(ids, signal), registering]);
    if (rows.length === 0) await this.#startMs(signal);
    this.lookout.take(shards, rows);
    announcer.announce({ type: "started", clientId });
    await this.#others.removeDead(signal);
  }

  /** Does what is due: beats, gives up what may be others', lets go, commits, looks. */
  tick(): void {
    if (!this.lookout.hasLooked) return;
    const { lagMs, untilCaughtUp } = this.#options;
    this.#beats.beatIfDue();
    for (const visit of this.#running) {
      const isOpen = !this.lookout.closedIds.has(visit.shardId);
      if (untilCaughtUp && isOpen && visit.isCaughtUp(lagMs)) visit.stop();
      visit.commitIfDue();
    }
    const mayLook = this.#looking === undefined && !this.#leaving.signal.aborted;
    if (mayLook && this.lookout.isLookDue) {
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

  async #look(): Promise<void> {
    const { signal } = this.#leaving;
    await this.lookout.look(signal);
    await this.#others.removeDead(signal);
  }

  #start(shard: Shard, row: Checkpoint | undefined): void {
    const { shardId } = shard;
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
      // Children may be read now; or somebody else was faster, or has it now.
      if (visit.isFinished) this.lookout.expectWithin(0);
      else if (!isSettled) this.lookout.expectWithin(LOOK_INTERVAL_MS);
    });
  }

  #sum(visit: ShardVisit): VisitedShard {
    const isClosed = this.lookout.closedIds.has(visit.shardId);
    return visit.sumUp(!isClosed && visit.isCaughtUp(this.#options.lagMs));
  }

  /** Whether this visit has a shard, or is through with it. */
  #isThrough(shardId: string): boolean {
    const visit = this.#visits.get(shardId);
    if (visit === undefined) return false;
    if (visit.isRunning || visit.refusal !== undefined) return true;
    return this.#options.untilCaughtUp && this.#sum(visit).state !== "behind";
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
