/**
 * Looks at the fleet: who leads? If nobody does, and this client is first in line, it takes the
 * lead; if a Go client leads, this client works out its own share by Go's rule.
 *
 * @module
 */

import type { LeaderRow } from "../model.ts";
import { assignByModulo } from "../rules/assignment.ts";
import { decideRole, type Role } from "../rules/leadership.ts";
import { isSilent } from "../rules/liveness.ts";
import type { LoopContext } from "./context.ts";
import { applicationStartMs, Leading, shareOut } from "./lead.ts";
import { LeadRecord } from "./lead_record.ts";
import { LeaderWatch, type SeenLeader } from "./leader_watch.ts";
import { persist } from "./persist.ts";
import type { Roster, RosterView } from "./roster.ts";
import { ShardList } from "./shard_list.ts";

/** While nothing changes, the leader looks at the fleet after so many of its heartbeats. */
const CALM_BEATS_OF_LEADER = 2.5;
/** The others need only see in time that it is silent: they look within its time to live. */
const CALM_BEATS_OF_FOLLOWER = 5;
/** Looks without a change after which the fleet counts as calm. */
const CALM_AFTER_LOOKS = 3;

/** A look that fails is tried so many times within the time to live, at least. */
const LOOKS_IN_MAX_AGE = 3;

/** What a look at the fleet tells the rest of the client. */
export interface RefreshListener {
  /** The leader wrote assignments: read them at once. */
  onAssigned(): void;
  /** This client has won the lead: say so at once. */
  onLeading(): void;
  /** A Go client leads: this is the client's share by its rule. */
  onForeignShare(shardIds: readonly string[]): void;
  /** One of ours leads: shares come with the heartbeat. */
  onOwnLeader(): void;
}

/** One client's view of the fleet's lead. */
export class Refresh {
  readonly #context: LoopContext;
  readonly #roster: Roster;
  readonly #listener: RefreshListener;
  /** What may be read, where a Go client leads and does not say. */
  readonly #shardList: ShardList;
  readonly #watch: LeaderWatch;
  readonly #record: LeadRecord;
  #leading: Leading | undefined;
  #calmLooks = 0;
  #waking = new AbortController();
  #knownIds: ReadonlySet<string> | undefined;
  #startedAtMs: number | undefined;
  #startedCount = 0;
  #endedCount = 0;

  constructor(context: LoopContext, roster: Roster, listener: RefreshListener) {
    this.#context = context;
    this.#roster = roster;
    this.#listener = listener;
    this.#shardList = new ShardList(context);
    this.#watch = new LeaderWatch(context, roster);
    this.#record = new LeadRecord(context);
  }

  /** Whether this client leads the fleet. */
  get isLeader(): boolean {
    return this.#leading !== undefined;
  }

  /** How many clients a heartbeat says that this one leads; 0: it does not lead. */
  sayInBeat(): number {
    return this.#record.sayInBeat();
  }

  /** How many looks were begun. */
  get startedCount(): number {
    return this.#startedCount;
  }

  /** How many of them are over. */
  get endedCount(): number {
    return this.#endedCount;
  }

  /** Looks at once, at the stream's shards too. */
  wake(): void {
    this.#leading?.expectChange();
    this.#shardList.expectChange();
    this.#calmLooks = 0;
    this.#waking.abort();
  }

  /** When the application first started: wall-clock milliseconds; 0 when it is older than this record. */
  async applicationStartMs(signal: AbortSignal): Promise<number> {
    if (this.#startedAtMs === undefined) {
      const cache = await this.#context.metadata.readShardCache(signal);
      this.#startedAtMs = await applicationStartMs(this.#context, cache !== undefined, signal);
    }
    return this.#startedAtMs;
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    signal.addEventListener("abort", () => this.#waking.abort(), { once: true });
    while (!signal.aborted) {
      this.#waking = new AbortController();
      this.#startedCount++;
      const what = { operation: "refresh", signal, maxDelayMs: this.#mostDelayMs };
      await persist(this.#context, what, () => this.#look(signal));
      this.#endedCount = this.#startedCount;
      if (!signal.aborted) await clock.sleep(this.#delayMs, this.#waking.signal);
    }
  }

  get #delayMs(): number {
    const { clientRecordMaxAgeMs, shardCheckIntervalMs } = this.#context.options;
    if (this.#calmLooks < CALM_AFTER_LOOKS) return shardCheckIntervalMs;
    const mostMs = Math.max(shardCheckIntervalMs, clientRecordMaxAgeMs);
    const beats = this.isLeader ? CALM_BEATS_OF_LEADER : CALM_BEATS_OF_FOLLOWER;
    return Math.min(mostMs, beats * shardCheckIntervalMs);
  }

  /** A leader whose looks fail must look again before its record is taken for a dead one's. */
  get #mostDelayMs(): number {
    return this.#context.options.clientRecordMaxAgeMs / LOOKS_IN_MAX_AGE;
  }

  /** Shares this client's shards out among the others, and gives the lead up. */
  async handOver(signal: AbortSignal): Promise<void> {
    const { metadata, options: { clientId } } = this.#context;
    const view = await this.#roster.look(signal);
    const others = {
      living: view.living.map((row) =>
        row.clientId === clientId ? { ...row, isLeaving: true } : row
      ),
      dead: view.dead,
    };
    const shardIds = [...others.living, ...others.dead].flatMap((row) =>
      row.assignedShardIds ?? []
    );
    const isOurs = others.living.every((row) => row.maxAgeMs !== undefined);
    const hasHeirs = others.living.some((row) => !row.isLeaving);
    if (isOurs && hasHeirs) {
      const facts = { view: others, shardIds: [...new Set(shardIds)] };
      await shareOut(this.#context, facts, signal);
    }
    await metadata.resign(clientId, signal);
    this.#endLeading();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { leader, isLeaderLiving, isLate } = await this.#seeLeader(signal);
    const isMine = leader?.clientId === this.#context.options.clientId;
    if (leader?.clientId !== undefined && !isMine && isLeaderLiving && !isLate) {
      this.#endLeading();
      return await this.#follow(leader, signal);
    }
    const view = await this.#roster.look(signal);
    const role = this.#decide(leader, isLeaderLiving, view);
    if (role === "lead" || role === "take") return await this.#lead(leader, view, signal);
    if (role === "resign") {
      await this.#context.metadata.resign(this.#context.options.clientId, signal);
    }
    this.#endLeading();
    this.#calmLooks = 0;
    if (role === "follow" && leader !== undefined) await this.#follow(leader, signal, view);
  }

  async #seeLeader(signal: AbortSignal): Promise<SeenLeader> {
    const leader = this.#record.row;
    // The leader need not read its record: renewing it fails if it is another's by now.
    if (leader !== undefined) return { leader, isLeaderLiving: true, isLate: false };
    return await this.#watch.look(signal);
  }

  #decide(leader: LeaderRow | undefined, isLeaderLiving: boolean, view: RosterView): Role {
    return decideRole({
      clientId: this.#context.options.clientId,
      isLeaving: false,
      leaderId: leader?.clientId,
      isLeaderLiving,
      candidateIds: view.living.filter((row) => !row.isLeaving).map((row) => row.clientId),
    });
  }

  async #lead(leader: LeaderRow | undefined, view: RosterView, signal: AbortSignal): Promise<void> {
    const { announcer, options: { clientId } } = this.#context;
    if (!await this.#record.keep(leader, view, signal)) return this.#endLeading();
    if (this.#leading === undefined) {
      this.#leading = new Leading(this.#context);
      this.#calmLooks = 0;
      announcer.announce({ type: "leader-won", clientId });
      this.#listener.onLeading();
    }
    this.#announceMembers(view);
    this.#listener.onOwnLeader();
    const { failure, hasChanged } = await this.#leading.step(view, signal);
    this.#calmLooks = hasChanged || this.#isAnyoneSilent ? 0 : this.#calmLooks + 1;
    if (hasChanged) this.#listener.onAssigned();
    if (failure !== undefined) throw failure.cause;
  }

  /** Whether a client of ours may be about to be given up: that must not wait for calm looks. */
  get #isAnyoneSilent(): boolean {
    return this.#roster.seen.some(({ row: { maxAgeMs }, sighting, isLiving }) =>
      isLiving && maxAgeMs !== undefined && isSilent(sighting, maxAgeMs)
    );
  }

  async #follow(leader: LeaderRow, signal: AbortSignal, seen?: RosterView): Promise<void> {
    if (leader.maxAgeMs !== undefined) {
      // Whoever is to take the lead from a higher ID looks out for when that one yields.
      const isHeir = this.#context.options.clientId < (leader.clientId ?? "");
      this.#calmLooks = isHeir ? 0 : this.#calmLooks + 1;
      return this.#listener.onOwnLeader();
    }
    const view = seen ?? await this.#roster.look(signal);
    await this.#followGo(view, signal);
  }

  /** A Go client leads: its rule decides, but a child still waits for its parents here. */
  async #followGo(view: RosterView, signal: AbortSignal): Promise<void> {
    const { clients, metadata, options: { clientId } } = this.#context;
    // A Go leader knows no time to live but its own: until the row of a dead client of ours is
    // gone, it counts it, and its i mod n is not ours.
    for (const row of view.dead) if (row.maxAgeMs !== undefined) await clients.remove(row, signal);
    const cache = await metadata.readShardCache(signal);
    const clientIds = view.living.map((row) => row.clientId);
    const share = assignByModulo({ clientIds, shardIds: cache?.shardIds ?? [] }).get(clientId);
    await this.#shardList.look(signal);
    const readable = new Set(this.#shardList.readableIds);
    this.#listener.onForeignShare((share ?? []).filter((shardId) => readable.has(shardId)));
  }

  #announceMembers({ living, dead }: RosterView): void {
    const ids = new Set(living.map((row) => row.clientId));
    for (const otherClientId of ids) {
      if (this.#knownIds?.has(otherClientId) === false) {
        this.#context.announcer.announce({ type: "client-joined", otherClientId });
      }
    }
    for (const otherClientId of this.#knownIds ?? []) {
      if (!ids.has(otherClientId) && !dead.some((row) => row.clientId === otherClientId)) {
        this.#context.announcer.announce({ type: "client-left", otherClientId, reason: "stopped" });
      }
    }
    this.#knownIds = ids;
  }

  #endLeading(): void {
    this.#record.drop();
    if (this.#leading === undefined) return;
    this.#leading = undefined;
    this.#knownIds = undefined;
    const { clientId } = this.#context.options;
    this.#context.announcer.announce({ type: "leader-lost", clientId });
  }
}
