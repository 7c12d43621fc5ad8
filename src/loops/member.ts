/**
 * One client's membership of the fleet, from its registration to its departure: runs the heartbeat,
 * the look at the fleet, and the shards that follow from both.
 *
 * @module
 */

import type { KinsumerError } from "../errors.ts";
import type { LossReason } from "../events.ts";
import type { ClientRow } from "../model.ts";
import { isClosed } from "../rules/lineage.ts";
import type { LoopContext } from "./context.ts";
import type { ShardConsumer } from "./consume_shard.ts";
import { Departure } from "./departure.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Membership } from "./membership.ts";
import { persist } from "./persist.ts";
import { Refresh } from "./refresh.ts";
import { Roster } from "./roster.ts";
import { ShardSet } from "./shard_set.ts";

/** One client's membership of the fleet. */
export class Member implements Membership {
  readonly #context: LoopContext;
  readonly #onFatal: (error: KinsumerError) => void;
  readonly #heartbeat: Heartbeat;
  readonly #refresh: Refresh;
  readonly #shards: ShardSet;
  /** Ends the heartbeat: only once every shard is released. */
  readonly #ending = new AbortController();
  /** Ends the looks at the fleet: as soon as this client stops. */
  readonly #leaving = new AbortController();
  #beating: Promise<void> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();
  #isForeignLed = false;
  /** Whether this client has been told its share, be it none. */
  #hasShare = false;
  /** What must be over before the share is as a finished shard, or the leader, has left it. */
  #lookDue = 0;
  #beatDue = 0;

  /** @param onFatal is told what this client cannot go on with */
  constructor(context: LoopContext, onFatal: (error: KinsumerError) => void) {
    this.#context = context;
    this.#onFatal = onFatal;
    const roster = new Roster(context);
    this.#heartbeat = new Heartbeat(context, {
      onBeat: (row) => this.#applyShare(row),
      onFenced: (reason) => this.#fence(reason),
      onConflict: (error) => this.#onFatal(error),
    }, { ledClientCount: () => this.#refresh.sayInBeat() });
    this.#refresh = new Refresh(context, roster, {
      onAssigned: () => {
        this.#beatDue = this.#heartbeat.startedCount + 1;
        this.#heartbeat.wake();
      },
      onLeading: () => this.#heartbeat.wake(),
      onOwnLeader: () => this.#isForeignLed = false,
      onForeignShare: (shardIds) => this.#applyForeignShare(shardIds),
    });
    this.#shards = new ShardSet(context, {
      roster,
      startedAtMs: (signal) => this.#refresh.applicationStartMs(signal),
      onFinished: () => {
        this.#lookDue = this.#refresh.startedCount + 1;
        this.#refresh.wake();
      },
    });
  }

  /** The shards that this client reads now. */
  get consumers(): readonly ShardConsumer[] {
    return this.#shards.consumers;
  }

  /** Whether this client leads the fleet. */
  get isLeader(): boolean {
    return this.#refresh.isLeader;
  }

  /** The shards that are closed now: caught up only when they are finished, and their children too. */
  async closedShardIds(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { kinesis } = this.#context;
    const what = { operation: "ListShards", signal };
    const shards = await persist(this.#context, what, () => kinesis.listShards(signal)) ?? [];
    return new Set(shards.filter(isClosed).map((shard) => shard.shardId));
  }

  /**
   * Whether every shard of this client is read to its tip, give or take so many milliseconds, and
   * all that was read is processed. Not while the share is about to change: the children of a shard
   * that was just finished may be in it.
   */
  isCaughtUp(withinMs: number, closedIds: ReadonlySet<string>): boolean {
    const isSettled = this.#hasShare && this.#refresh.endedCount >= this.#lookDue &&
      this.#heartbeat.endedCount >= this.#beatDue;
    return isSettled && this.#context.lease.isValid &&
      this.consumers.every((each) => !closedIds.has(each.shardId) && each.isCaughtUp(withinMs));
  }

  /** Joins the fleet: resolves once the client is registered, and goes on from there. */
  async join(signal: AbortSignal): Promise<void> {
    await this.#heartbeat.register(signal);
    this.#beating = this.#heartbeat.run(this.#ending.signal);
    this.#looking = this.#refresh.run(this.#leaving.signal);
  }

  /**
   * Leaves the fleet: releases every shard, hands them to the others, removes the client's row.
   *
   * @returns whether everything was written in time
   */
  async leave(deadlineMs: number): Promise<boolean> {
    const departure = new Departure(this.#context.clock, deadlineMs);
    return await departure.run({
      depart: (signal) => this.#depart(signal),
      hurry: () => this.#shards.hurry(),
      abandon: () => {
        this.#ending.abort();
        this.#shards.abandon();
      },
    });
  }

  async #depart(signal: AbortSignal): Promise<boolean> {
    this.#leaving.abort();
    this.#heartbeat.leave();
    const handedOver = this.#try(() => this.#handOver(signal));
    await this.#shards.stop();
    await handedOver;
    this.#ending.abort();
    await this.#beating;
    const isRemoved = await this.#try(() => this.#heartbeat.deregister(signal));
    return isRemoved && this.#shards.isLetGo && !signal.aborted;
  }

  async #handOver(signal: AbortSignal): Promise<void> {
    await this.#looking; // a look that is still under way must not write over the hand-over
    await this.#refresh.handOver(signal);
  }

  /** Leaving goes on whatever fails: what is not written now, the fleet finds out by itself. */
  async #try(action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch {
      return false;
    }
  }

  #applyShare(row: ClientRow): void {
    if (this.#isForeignLed || this.#leaving.signal.aborted) return;
    this.#hasShare ||= row.assignedShardIds !== undefined;
    this.#shards.apply(row.assignedShardIds ?? []);
  }

  #applyForeignShare(shardIds: readonly string[]): void {
    this.#isForeignLed = true;
    this.#hasShare = true;
    if (!this.#leaving.signal.aborted) this.#shards.apply(shardIds);
  }

  #fence(reason: LossReason): void {
    this.#shards.loseAll(reason);
  }
}
