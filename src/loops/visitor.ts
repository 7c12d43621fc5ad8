/**
 * One client's visit to the fleet, for one run: takes the shards that are free, by itself, without a
 * leader, and lets each go as soon as it is caught up.
 *
 * Its row says from the first that it is leaving: so it is given no shards and never leads, but
 * counts as living while it owns some.
 *
 * @module
 */

import type { KinsumerError } from "../errors.ts";
import type { LossReason } from "../events.ts";
import type { Checkpoint } from "../model.ts";
import { LOOK_INTERVAL_MS } from "../rules/visit.ts";
import { ShardConsumer } from "./consume_shard.ts";
import type { LoopContext } from "./context.ts";
import { Departure } from "./departure.ts";
import { Heartbeat } from "./heartbeat.ts";
import { applicationStartMs } from "./lead.ts";
import type { Membership } from "./membership.ts";
import { persist } from "./persist.ts";
import { Roster } from "./roster.ts";
import { Lookout, type VisitOptions } from "./lookout.ts";
import { VisitedRows } from "./visited_rows.ts";
import { sumUp, type VisitedShard } from "./visited_shard.ts";

/** How often it is looked, in memory, whether a shard is caught up. */
const WATCH_INTERVAL_MS = 25;

/** One client's visit to the fleet. */
export class Visitor implements Membership {
  readonly isLeader = false;
  /** Tells what it could take, and can afford. */
  readonly lookout: Lookout;
  readonly #context: LoopContext;
  readonly #options: VisitOptions;
  readonly #heartbeat: Heartbeat;
  readonly #roster: Roster;
  readonly #others: VisitedRows;
  readonly #running = new Map<string, { consumer: ShardConsumer; readonly done: Promise<void> }>();
  readonly #visited = new Map<string, VisitedShard>();
  readonly #ending = new AbortController();
  readonly #leaving = new AbortController();
  readonly #refusedIds = new Set<string>();
  /** The shards whose rows name this client, as far as is known, although it has let them go. */
  readonly #keptIds = new Set<string>();
  #refusal: KinsumerError | undefined;
  #isRegistering = false;
  #beating: Promise<void> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();
  #startedAtMs: number | undefined;

  /** @param onFatal is told what this client cannot go on with */
  constructor(
    context: LoopContext,
    onFatal: (error: KinsumerError) => void,
    options: VisitOptions,
  ) {
    this.#options = options;
    this.#context = { ...context, maySpend: () => this.lookout.maySpend };
    this.#roster = new Roster(this.#context);
    this.lookout = new Lookout(context, this.#roster, options, {
      ownedCount: () => this.#running.size,
      isThrough: (shardId) => this.#running.has(shardId) || this.#isThrough(shardId),
      start: ({ shardId }, row) => this.#start(shardId, row),
    });
    this.#others = new VisitedRows(this.#context, this.#roster);
    this.#heartbeat = new Heartbeat(this.#context, {
      onBeat: () => {},
      onFenced: (reason) => this.#fence(reason),
      onConflict: onFatal,
    }, { isVisit: true });
  }

  get consumers(): readonly ShardConsumer[] {
    return [...this.#running.values()].map(({ consumer }) => consumer);
  }

  /** What became of each shard that was taken, by its ID. */
  get visited(): readonly VisitedShard[] {
    const running = this.consumers.filter((each) => each.wasOwner).map((each) => this.#sum(each));
    const all = new Map(
      [...this.#visited.values(), ...running].map((each) => [each.shardId, each]),
    );
    return [...all.values()].sort((a, b) => (a.shardId < b.shardId ? -1 : 1));
  }

  /** Whether nothing is left to do: all that could be taken is caught up, the rest is in good hands. */
  get isDone(): boolean {
    return this.lookout.isSettled && this.#running.size === 0;
  }

  /** Why a shard cannot be read: the first that was found. */
  get refusal(): KinsumerError | undefined {
    return this.#refusal;
  }

  /** Lets a shard go that cannot be read: it must not keep the others waiting until it is mended. */
  #giveUp(shardId: string, error: KinsumerError): void {
    this.#refusal ??= error;
    this.#refusedIds.add(shardId);
    this.#running.get(shardId)?.consumer.stop();
  }

  closedShardIds(): Promise<ReadonlySet<string>> {
    return Promise.resolve(this.lookout.closedIds);
  }

  isCaughtUp(withinMs: number): boolean {
    return this.lookout.isSettled &&
      this.consumers.every((each) => this.#isCaughtUp(each, withinMs));
  }

  async join(signal: AbortSignal): Promise<void> {
    const { checkpoints } = this.#context;
    // What can fail for want of a table or a stream comes before the row that would be left behind.
    const shards = await this.lookout.readFleet(signal);
    const ids = shards.map((shard) => shard.shardId);
    this.#isRegistering = true;
    try {
      const [rows] = await Promise.all([
        checkpoints.readMany(ids, signal),
        this.#heartbeat.register(signal),
      ]);
      if (rows.length === 0) await this.#applicationStartMs(signal);
      this.lookout.take(shards, rows);
    } catch (error) {
      signal.throwIfAborted(); // who aborts it leaves, and so removes the row
      await this.#heartbeat.removeRow(signal).catch(() => {});
      throw error;
    }
    this.#beating = this.#heartbeat.run(this.#ending.signal);
    this.#looking = this.#lookLoop();
  }

  async leave(deadlineMs: number): Promise<boolean> {
    const departure = new Departure(this.#context.clock, deadlineMs);
    return await departure.run({
      depart: (signal) => this.#depart(signal),
      hurry: () => this.consumers.forEach((each) => each.hurry()),
      abandon: () => {
        this.#ending.abort();
        this.consumers.forEach((each) => each.abandon());
      },
    });
  }

  async #depart(signal: AbortSignal): Promise<boolean> {
    this.#leaving.abort();
    for (const { consumer } of this.#running.values()) consumer.stop();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    await this.#looking;
    this.#ending.abort();
    await this.#beating;
    const witnessing = this.#others.witness(this.#options.requestsLeft, signal);
    const removing = this.#isRegistering ? this.#heartbeat.removeRow(signal) : Promise.resolve();
    const isRemoved = await removing
      .then(() => !signal.aborted, () => false); // others will find the row unchanged
    await witnessing;
    return isRemoved && this.#keptIds.size === 0;
  }

  /** Lets shards go that are caught up, and looks again where that may bring something. */
  async #lookLoop(): Promise<void> {
    const { clock } = this.#context;
    const { signal } = this.#leaving;
    await this.#others.removeDead(signal);
    while (!signal.aborted) {
      if (this.#options.untilCaughtUp) this.#releaseCaughtUp();
      if (this.lookout.isLookDue) {
        const what = { operation: "refresh", signal };
        await persist(this.#context, what, () => this.#look(signal));
      }
      await clock.sleep(WATCH_INTERVAL_MS, signal);
    }
  }

  #releaseCaughtUp(): void {
    for (const { consumer } of this.#running.values()) {
      if (this.#isCaughtUp(consumer, this.#options.lagMs)) consumer.stop();
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    await this.lookout.look(signal);
    await this.#others.removeDead(signal);
  }

  #start(shardId: string, row: Checkpoint | undefined): void {
    const consumer = new ShardConsumer(this.#context, {
      shardId,
      mayBeOwned: false,
      roster: this.#roster,
      startedAtMs: (signal) => this.#applicationStartMs(signal),
      observed: { row },
      onRefused: (error) => this.#giveUp(shardId, error),
    });
    this.#running.set(shardId, { consumer, done: this.#run(consumer) });
  }

  async #run(consumer: ShardConsumer): Promise<void> {
    const { shardId } = consumer;
    await Promise.resolve(); // so that it is among those that run
    let end: string;
    try {
      end = await consumer.run();
    } catch (error) {
      end = "failed";
      this.#context.announcer.announce({ type: "failed", shardId, error });
    }
    if (consumer.wasOwner) this.#visited.set(shardId, this.#sum(consumer));
    if (!consumer.isLetGo) this.#keptIds.add(shardId);
    else if (consumer.wasOwner) this.#keptIds.delete(shardId);
    this.#running.delete(shardId);
    // Children may be read now; or somebody else was faster, or has it now.
    if (end === "finished") this.lookout.expectWithin(0);
    else if (end !== "released" || !consumer.wasOwner) this.lookout.expectWithin(LOOK_INTERVAL_MS);
  }

  #sum(consumer: ShardConsumer): VisitedShard {
    const isClosed = this.lookout.closedIds.has(consumer.shardId);
    return sumUp(consumer, { isClosed, lagMs: this.#options.lagMs });
  }

  /** Whether this visit is through with a shard. */
  #isThrough(shardId: string): boolean {
    if (this.#refusedIds.has(shardId)) return true;
    const state = this.#visited.get(shardId)?.state;
    return this.#options.untilCaughtUp ? state !== undefined && state !== "behind" : false;
  }

  #isCaughtUp(consumer: ShardConsumer, withinMs: number): boolean {
    return !this.lookout.closedIds.has(consumer.shardId) && consumer.isCaughtUp(withinMs);
  }

  async #applicationStartMs(signal: AbortSignal): Promise<number> {
    if (this.#startedAtMs === undefined) {
      const cache = await this.#context.metadata.readShardCache(signal);
      this.#startedAtMs = await applicationStartMs(this.#context, cache !== undefined, signal);
    }
    return this.#startedAtMs;
  }

  #fence(reason: LossReason): void {
    for (const { consumer } of this.#running.values()) consumer.lose(reason);
  }
}
