/**
 * Looks for a visit at the stream and the fleet: when it is worth its requests, what is to be taken
 * of what is seen there, and which requests must be kept for leaving.
 *
 * @module
 */

import type { Checkpoint, Shard } from "../model.ts";
import {
  byWaiting,
  lookIntervalMs,
  REQUESTS_PER_LOOK,
  REQUESTS_PER_SHARD,
  requestsToLeave,
  survey,
  takeCount,
  type Tenure,
  tenureOf,
} from "../rules/visit.ts";
import type { LoopContext } from "./context.ts";
import type { Roster } from "./roster.ts";

/** How a visit behaves. */
export interface VisitOptions {
  /** Whether a shard is let go as soon as it is caught up. */
  readonly untilCaughtUp: boolean;
  /** How far behind its tip a shard counts as caught up. */
  readonly lagMs: number;
  /** How many requests may still be made. */
  readonly requestsLeft: () => number;
}

/** For whom a lookout looks. */
export interface LookingVisit {
  /** How many shards it has now. */
  ownedCount(): number;
  /** Whether it has a shard already, or is through with it. */
  isThrough(shardId: string): boolean;
  /** Takes a shard. */
  start(shard: Shard, row: Checkpoint | undefined): void;
}

/** What a lookout needs. */
type LookoutContext =
  & Pick<LoopContext, "checkpoints" | "clock" | "kinesis" | "random">
  & { readonly options: Pick<LoopContext["options"], "clientId"> };

/** What a visit knows of the shards that it does not have, and what it can afford. */
export class Lookout {
  readonly #context: LookoutContext;
  readonly #roster: Roster;
  readonly #options: VisitOptions;
  readonly #visit: LookingVisit;
  #tenures = new Map<string, Tenure>();
  #closedIds: ReadonlySet<string> = new Set();
  #looks = 0;
  #lookedAtMs = 0;
  #isLooking = false;
  /** When the next look must be made; absent: none is needed. By the monotonic clock. */
  #dueAtMs: number | undefined;

  constructor(
    context: LookoutContext,
    roster: Roster,
    options: VisitOptions,
    visit: LookingVisit,
  ) {
    this.#context = context;
    this.#roster = roster;
    this.#options = options;
    this.#visit = visit;
  }

  /** The shards that get no more records, as of the last look. */
  get closedIds(): ReadonlySet<string> {
    return this.#closedIds;
  }

  /** Whether the first look was made. */
  get hasLooked(): boolean {
    return this.#looks > 0;
  }

  /** The readable shards that others own, sorted. */
  get heldShardIds(): readonly string[] {
    return this.#having("held", "silent").sort();
  }

  /** Whether nothing is left to take, or to look at: all that this visit does not have is in good hands. */
  get isSettled(): boolean {
    return this.hasLooked && this.#dueAtMs === undefined && !this.#isLooking &&
      this.#having("free", "silent").length === 0;
  }

  /** Whether so few requests are left that only leaving is possible. */
  get isExhausted(): boolean {
    const useful = this.#visit.ownedCount() > 0 ? 1 : REQUESTS_PER_LOOK + REQUESTS_PER_SHARD;
    return this.#requestsToSpare < useful;
  }

  /** How many requests must be kept for leaving in order. */
  get requestsToLeave(): number {
    return requestsToLeave(this.#visit.ownedCount());
  }

  /** Whether a request may be made that is none of leaving. */
  get maySpend(): boolean {
    return this.#requestsToSpare > 0;
  }

  /** How many requests may be made that are none of leaving. */
  get #requestsToSpare(): number {
    return this.#options.requestsLeft() - this.requestsToLeave;
  }

  /** Whether another look is worth its requests now. */
  get isLookDue(): boolean {
    const nowMs = this.#context.clock.monotonicMs();
    if (this.#requestsToSpare < REQUESTS_PER_LOOK + REQUESTS_PER_SHARD) return false;
    if (this.#dueAtMs !== undefined && nowMs >= this.#dueAtMs) return true;
    const intervalMs = lookIntervalMs([...this.#tenures.values()], !this.#options.untilCaughtUp);
    return nowMs >= this.#lookedAtMs + intervalMs;
  }

  /** What became of a shard changes what can be taken: looks again, at the latest so much later. */
  expectWithin(delayMs: number): void {
    const atMs = this.#context.clock.monotonicMs() + delayMs;
    this.#dueAtMs = Math.min(this.#dueAtMs ?? atMs, atMs);
  }

  /** Reads which shards there are, and who the clients are. */
  async readFleet(signal: AbortSignal): Promise<readonly Shard[]> {
    const { kinesis } = this.#context;
    return (await Promise.all([kinesis.listShards(signal), this.#roster.readAll(signal)]))[0];
  }

  /** Looks, and takes what is free of what may be read; a look that fails stays due. */
  async look(signal: AbortSignal): Promise<void> {
    const dueAtMs = this.#dueAtMs;
    this.#dueAtMs = undefined; // what becomes due meanwhile needs another look
    this.#isLooking = true;
    try {
      const shards = await this.readFleet(signal);
      const ids = shards.map((shard) => shard.shardId);
      const rows = await this.#context.checkpoints.readMany(ids, signal);
      if (!signal.aborted) this.take(shards, rows);
    } catch (error) {
      this.#dueAtMs ??= dueAtMs;
      throw error;
    } finally {
      this.#isLooking = false;
    }
  }

  /** Takes what is free of what may be read, those first that have waited longest. */
  take(shards: readonly Shard[], all: readonly Checkpoint[]): void {
    const { clock, options: { clientId }, random } = this.#context;
    const isFirstLook = this.#looks++ === 0;
    this.#lookedAtMs = clock.monotonicMs();
    const rows = new Map(all.map((row) => [row.shardId, row]));
    const others = this.#roster.seen.filter(({ row }) => row.clientId !== clientId);
    const { closedIds, readableIds } = survey(shards, rows);
    this.#closedIds = closedIds;
    const owners = new Map(others.map((each) => [each.row.clientId, each]));
    this.#tenures = new Map(
      readableIds.filter((id) => !this.#visit.isThrough(id)).map((id) => {
        const row = rows.get(id);
        return [id, tenureOf(row, owners.get(row?.ownerId ?? ""))];
      }),
    );
    const free = byWaiting(this.#having("free"), rows, {
      wallNowMs: clock.nowMs(),
      chance: () => random.next(),
    });
    const count = takeCount({
      freeCount: free.length,
      readableCount: readableIds.length,
      ownedCount: this.#visit.ownedCount(),
      clientCount: others.filter((each) => each.isLiving).length + 1,
      isFirstLook,
      requestsLeft: this.#options.requestsLeft(),
    });
    const byId = new Map(shards.map((shard) => [shard.shardId, shard]));
    for (const id of free.slice(0, count)) {
      this.#tenures.delete(id);
      this.#visit.start(byId.get(id)!, rows.get(id));
    }
  }

  #having(...wanted: readonly Tenure[]): string[] {
    return [...this.#tenures].filter(([, tenure]) => wanted.includes(tenure)).map(([id]) => id);
  }
}
