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
import { ShardConsumer } from "./consume_shard.ts";
import type { LoopContext } from "./context.ts";
import { Departure } from "./departure.ts";
import { Heartbeat } from "./heartbeat.ts";
import { applicationStartMs } from "./lead.ts";
import type { Membership } from "./membership.ts";
import { persist } from "./persist.ts";
import { Roster } from "./roster.ts";
import { VisitedRows } from "./visited_rows.ts";
import { sumUp, type VisitedShard } from "./visited_shard.ts";

/** How often it is looked, in memory, whether a shard is caught up. */
const WATCH_INTERVAL_MS = 25;

/** How a visit behaves. */
export interface VisitOptions {
  /** Whether a shard is let go as soon as it is caught up. */
  readonly untilCaughtUp: boolean;
  /** How far behind its tip a shard counts as caught up. */
  readonly lagMs: number;
  /** How many requests may still be made. */
  readonly requestsLeft: () => number;
}

interface Look {
  readonly shards: readonly Shard[];
  readonly rows: ReadonlyMap<string, Checkpoint>;
}

/** One client's visit to the fleet. */
export class Visitor implements Membership {
  readonly isLeader = false;
  readonly #context: LoopContext;
  readonly #options: VisitOptions;
  readonly #heartbeat: Heartbeat;
  readonly #roster: Roster;
  readonly #others: VisitedRows;
  readonly #running = new Map<string, { consumer: ShardConsumer; readonly done: Promise<void> }>();
  readonly #visited = new Map<string, VisitedShard>();
  readonly #ending = new AbortController();
  readonly #leaving = new AbortController();
  #tenures: ReadonlyMap<string, Tenure> = new Map();
  #closedIds: ReadonlySet<string> = new Set();
  readonly #refusedIds = new Set<string>();
  /** The shards whose rows name this client, as far as is known, although it has let them go. */
  readonly #keptIds = new Set<string>();
  #refusal: KinsumerError | undefined;
  #isRegistering = false;
  #looks = 0;
  #lookedAtMs = 0;
  #isLooking = false;
  /** When the next look must be made; absent: none is needed. By the monotonic clock. */
  #dueAtMs: number | undefined = 0;
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
    this.#context = { ...context, maySpend: () => this.#maySpend };
    this.#roster = new Roster(this.#context);
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

  /** The readable shards that others own, sorted. */
  get heldShardIds(): readonly string[] {
    return this.#having("held", "silent");
  }

  /** Whether nothing is left to do: all that could be taken is caught up, the rest is in good hands. */
  get isDone(): boolean {
    return this.#isSettled && this.#running.size === 0 &&
      this.#having("free", "silent").length === 0;
  }

  /** Whether so few requests are left that only leaving is possible. */
  get isExhausted(): boolean {
    const owned = this.#running.size;
    const useful = owned > 0 ? 1 : REQUESTS_PER_LOOK + REQUESTS_PER_SHARD;
    return this.#options.requestsLeft() < this.requestsToLeave + useful;
  }

  /** How many requests must be kept for leaving in order. */
  get requestsToLeave(): number {
    return requestsToLeave(this.#running.size);
  }

  /** Whether a request may be made that is none of leaving. */
  get #maySpend(): boolean {
    return this.#options.requestsLeft() > this.requestsToLeave;
  }

  /** Whether nothing is to be looked at, nor being looked at. */
  get #isSettled(): boolean {
    return this.#dueAtMs === undefined && !this.#isLooking;
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
    return Promise.resolve(this.#closedIds);
  }

  isCaughtUp(withinMs: number): boolean {
    return this.#isSettled && this.#having("free", "silent").length === 0 &&
      this.consumers.every((each) => this.#isCaughtUp(each, withinMs));
  }

  async join(signal: AbortSignal): Promise<void> {
    const { checkpoints, kinesis } = this.#context;
    // What can fail for want of a table or a stream comes before the row that would be left behind.
    const [shards] = await Promise.all([kinesis.listShards(signal), this.#roster.look(signal)]);
    const ids = shards.map((shard) => shard.shardId);
    this.#isRegistering = true;
    try {
      const [rows] = await Promise.all([
        checkpoints.readMany(ids, signal),
        this.#heartbeat.register(signal),
      ]);
      if (rows.length === 0) await this.#applicationStartMs(signal);
      this.#dueAtMs = undefined;
      this.#lookedAtMs = this.#context.clock.monotonicMs();
      this.#take({ shards, rows: new Map(rows.map((row) => [row.shardId, row])) });
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
      if (this.#isLookDue()) {
        const what = { operation: "refresh", signal };
        await persist(this.#context, what, () => this.#look(signal));
      }
      await clock.sleep(WATCH_INTERVAL_MS, signal);
    }
  }

  #isLookDue(): boolean {
    const nowMs = this.#context.clock.monotonicMs();
    const needed = this.requestsToLeave + REQUESTS_PER_LOOK + REQUESTS_PER_SHARD;
    if (this.#options.requestsLeft() < needed) return false;
    if (this.#dueAtMs !== undefined && nowMs >= this.#dueAtMs) return true;
    const intervalMs = lookIntervalMs([...this.#tenures.values()], !this.#options.untilCaughtUp);
    return nowMs >= this.#lookedAtMs + intervalMs;
  }

  #releaseCaughtUp(): void {
    for (const { consumer } of this.#running.values()) {
      if (this.#isCaughtUp(consumer, this.#options.lagMs)) consumer.stop();
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { checkpoints, clock, kinesis } = this.#context;
    const dueAtMs = this.#dueAtMs;
    this.#dueAtMs = undefined; // what becomes due meanwhile needs another look
    this.#isLooking = true;
    try {
      const [shards] = await Promise.all([kinesis.listShards(signal), this.#roster.look(signal)]);
      const rows = await checkpoints.readMany(shards.map((shard) => shard.shardId), signal);
      if (signal.aborted) return;
      this.#take({ shards, rows: new Map(rows.map((row) => [row.shardId, row])) });
      await this.#others.removeDead(signal);
    } catch (error) {
      this.#dueAtMs ??= dueAtMs;
      throw error;
    } finally {
      this.#isLooking = false;
      this.#lookedAtMs = clock.monotonicMs();
    }
  }

  /** Takes what is free of what may be read. */
  #take({ shards, rows }: Look): void {
    const { clock, options: { clientId }, random } = this.#context;
    const isFirstLook = this.#looks++ === 0;
    const { closedIds, readableIds } = survey(shards, rows);
    this.#closedIds = closedIds;
    const open = readableIds.filter((id) => !this.#running.has(id) && !this.#isThrough(id));
    const others = this.#roster.seen.filter(({ row }) => row.clientId !== clientId);
    const owners = new Map(others.map((each) => [each.row.clientId, each]));
    const tenures = new Map(open.map((id) => {
      const row = rows.get(id);
      return [id, tenureOf(row, owners.get(row?.ownerId ?? ""))] as const;
    }));
    this.#tenures = tenures;
    const free = byWaiting(this.#having("free"), rows, {
      wallNowMs: clock.nowMs(),
      chance: () => random.next(),
    });
    const count = takeCount({
      freeCount: free.length,
      readableCount: readableIds.length,
      ownedCount: this.#running.size,
      clientCount: others.filter((each) => each.isLiving).length + 1,
      isFirstLook,
      requestsLeft: this.#options.requestsLeft(),
    });
    for (const shardId of free.slice(0, count)) this.#start(shardId, rows.get(shardId));
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
    this.#tenures = new Map([...this.#tenures].filter(([id]) => id !== shardId));
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
    const nowMs = this.#context.clock.monotonicMs();
    if (end === "finished") this.#dueAtMs = nowMs;
    else if (end !== "released" || !consumer.wasOwner) this.#dueAtMs ??= nowMs + LOOK_INTERVAL_MS;
  }

  #sum(consumer: ShardConsumer): VisitedShard {
    const isClosed = this.#closedIds.has(consumer.shardId);
    return sumUp(consumer, { isClosed, lagMs: this.#options.lagMs });
  }

  /** Whether this visit is through with a shard. */
  #isThrough(shardId: string): boolean {
    if (this.#refusedIds.has(shardId)) return true;
    const state = this.#visited.get(shardId)?.state;
    return this.#options.untilCaughtUp ? state !== undefined && state !== "behind" : false;
  }

  #isCaughtUp(consumer: ShardConsumer, withinMs: number): boolean {
    return !this.#closedIds.has(consumer.shardId) && consumer.isCaughtUp(withinMs);
  }

  #having(...wanted: readonly Tenure[]): readonly string[] {
    return [...this.#tenures].filter(([, tenure]) => wanted.includes(tenure)).map(([id]) => id)
      .sort();
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
