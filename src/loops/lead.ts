/**
 * What the leader does at each look: removes the dead, publishes the shards that may be read, and
 * shares them out.
 *
 * @module
 */

import type { Checkpoint, ClientRow } from "../model.ts";
import {
  assignBalanced,
  assignByModulo,
  type Assignment,
  countMoves,
} from "../rules/assignment.ts";
import { SKEW_ALLOWANCE_MS, wallAgeMs } from "../rules/liveness.ts";
import { isSameList, outlivedCheckpoints } from "../rules/shard_cache.ts";
import type { LoopContext } from "./context.ts";
import type { RosterView } from "./roster.ts";
import { ShardList } from "./shard_list.ts";

/** Rows of the Go library are removed after as long as it keeps them itself: 48 hours. */
const GO_REAP_AGE_MS = 48 * 3_600_000;
/** How often the rows of shards that are gone are looked for. */
const SWEEP_INTERVAL_MS = 3_600_000;

/** How often it is looked, beside Go clients, whether the published list is as it was written. */
const REREAD_INTERVAL_MS = 60_000;

/** How many assignments are written at a time: Node warns of more listeners to one signal than ten. */
const WRITES_AT_ONCE = 8;
/** An item of DynamoDB takes 400 KB; the shard cache is one item, in the Go library's form. */
const MOST_CACHE_BYTES = 380_000;
/** What an entry of the shard cache takes beside its own length: bytes. */
const CACHE_ENTRY_BYTES = 4;

/** What became of one look as leader. */
export interface LeaderStep {
  readonly hasChanged: boolean;
  /** Why the stream could not be listed, or the list not be published. */
  readonly failure: { readonly cause: unknown } | undefined;
}

/** One client's time as leader. Made anew each time it wins the lead. */
export class Leading {
  readonly #context: LoopContext;
  readonly #list: ShardList;
  #sweptAtMs = Number.NEGATIVE_INFINITY;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** The shards that may be read, by the latest list; absent before the first. */
  #publishedIds: readonly string[] | undefined;
  /** The shards that rows of the fleet named since this client leads, before the first list. */
  readonly #givenIds = new Set<string>();

  constructor(context: LoopContext) {
    this.#context = context;
    this.#list = new ShardList(context);
  }

  /** Makes the next step list the shards, whatever the time. */
  expectChange(): void {
    this.#list.expectChange();
  }

  /**
   * Does the leader's work once. While the stream cannot be listed, the shards that ours were given
   * before are shared out all the same: those of the dead must not wait for a list.
   *
   * @returns whether anything changed, and what kept the stream from being listed
   */
  async step(view: RosterView, signal: AbortSignal): Promise<LeaderStep> {
    if (this.#publishedIds === undefined) this.#noteGiven([...view.living, ...view.dead]);
    await this.#removeDead(view.dead, signal);
    const failure = await this.#publishShards(view, signal).catch(toFailure);
    if (failure === undefined) await this.#sweep(view, signal);
    const shardIds = this.#publishedIds ?? this.#givenAmongOurs(view);
    const hasChanged = shardIds !== undefined &&
      await shareOut(this.#context, { view, shardIds }, signal);
    return { hasChanged, failure };
  }

  #noteGiven(rows: readonly ClientRow[]): void {
    for (const { assignedShardIds = [] } of rows) {
      for (const shardId of assignedShardIds) this.#givenIds.add(shardId);
    }
  }

  /**
   * What leaders of ours gave away may be read. The shard cache alone does not tell: where a Go
   * client wrote it, it has children together with their parents. Beside Go clients nothing is
   * shared but the whole list, by which they go.
   */
  #givenAmongOurs({ living }: RosterView): readonly string[] | undefined {
    return hasGoClient(living) || this.#givenIds.size === 0
      ? undefined
      : [...this.#givenIds].sort();
  }

  async #removeDead(dead: readonly ClientRow[], signal: AbortSignal): Promise<void> {
    const { announcer, clients, clock } = this.#context;
    for (const row of dead) {
      const isForeign = row.maxAgeMs === undefined;
      if (
        isForeign && wallAgeMs(row.lastUpdate, clock.nowMs()) <= GO_REAP_AGE_MS + SKEW_ALLOWANCE_MS
      ) {
        continue;
      }
      if (await clients.remove(row, signal)) {
        announcer.announce({ type: "client-left", otherClientId: row.clientId, reason: "dead" });
      }
    }
  }

  async #publishShards({ living }: RosterView, signal: AbortSignal): Promise<undefined> {
    const nowMs = this.#context.clock.monotonicMs();
    // Go clients go by the list alone, and a leader of before may have written it late.
    const isOld = hasGoClient(living) && nowMs - this.#readAtMs >= REREAD_INTERVAL_MS;
    const known = isOld ? undefined : this.#publishedIds;
    const published = known ?? await this.#readPublished(signal);
    if (known === undefined) this.#readAtMs = nowMs;
    await this.#list.look(signal);
    const shardIds = this.#list.readableIds;
    const mustWrite = !isSameList(shardIds, published) && fitsShardCache(shardIds);
    if (mustWrite) await this.#context.metadata.writeShardCache(shardIds, signal);
    this.#publishedIds = shardIds;
  }

  /** What is published now. */
  async #readPublished(signal: AbortSignal): Promise<readonly string[]> {
    const cache = await this.#context.metadata.readShardCache(signal);
    if (this.#publishedIds === undefined) { // this client has just taken the lead
      await applicationStartMs(this.#context, cache !== undefined, signal);
    }
    return cache?.shardIds ?? [];
  }

  async #sweep(view: RosterView, signal: AbortSignal): Promise<void> {
    const { checkpoints, clock } = this.#context;
    const { listedIds, previouslyListedIds } = this.#list;
    const hasTwoLists = previouslyListedIds.size > 0;
    if (!hasTwoLists || clock.monotonicMs() - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = clock.monotonicMs();
    const livingIds = new Set(view.living.map((row) => row.clientId));
    const outlived = outlivedCheckpoints({
      checkpoints: await checkpoints.list(signal),
      listedIds,
      previouslyListedIds,
      livingIds,
    });
    for (const row of outlived) {
      const isRemoved = await checkpoints.remove(row, signal);
      if (isRemoved && !row.isFinished) this.#tellExpired(row);
    }
  }

  /** What the stream kept of the shard is gone, whether or not all of it was processed. */
  #tellExpired({ shardId, sequenceNumber, processedThroughMs }: Checkpoint): void {
    const facts = { shardId, sequenceNumber, processedThroughMs };
    this.#context.announcer.announce({ type: "shard-expired", ...facts });
  }
}

function hasGoClient(rows: readonly ClientRow[]): boolean {
  return rows.some((row) => row.maxAgeMs === undefined);
}

function toFailure(cause: unknown): { readonly cause: unknown } {
  return { cause };
}

/**
 * Whether the shard cache takes so many shards. Only Go clients read it: without it, a fleet of our
 * own goes on as before.
 */
function fitsShardCache(shardIds: readonly string[]): boolean {
  const bytes = shardIds.reduce((sum, id) => sum + id.length + CACHE_ENTRY_BYTES, 0);
  return bytes <= MOST_CACHE_BYTES;
}

/**
 * Writes to each client which shards it reads. Among our own clients shards move as little as an
 * equal share allows; while a Go client lives, its rule holds for all.
 *
 * @returns whether anything changed
 */
export async function shareOut(
  { announcer, clients, telemetry }: Pick<LoopContext, "announcer" | "clients" | "telemetry">,
  facts: { readonly view: RosterView; readonly shardIds: readonly string[] },
  signal: AbortSignal,
): Promise<boolean> {
  const { view: { living, dead }, shardIds } = facts;
  const current: Assignment = new Map(
    [...living, ...dead].map((row) => [row.clientId, row.assignedShardIds ?? []]),
  );
  const next = shareFor(living, shardIds, current);
  const changed = living.filter((row) =>
    row.maxAgeMs !== undefined && !isVisit(row) &&
    !(row.assignedShardIds && isSameList(row.assignedShardIds, next.get(row.clientId) ?? []))
  );
  if (changed.length === 0) return false;
  const rebalance = { living, dead, shardIds, current, next };
  await telemetry.rebalance(rebalance, signal, async () => {
    for (let from = 0; from < changed.length; from += WRITES_AT_ONCE) {
      await Promise.all(
        changed.slice(from, from + WRITES_AT_ONCE).map(({ clientId }) =>
          clients.assign({ clientId, shardIds: next.get(clientId) ?? [] }, signal)
        ),
      );
    }
  });
  announcer.announce({
    type: "rebalanced",
    clientCount: next.size,
    shardCount: shardIds.length,
    moveCount: countMoves(current, next),
  });
  return true;
}

/** A client that is here for one run is leaving from the first: it is given nothing, not even none. */
function isVisit(row: ClientRow): boolean {
  return row.isLeaving === true && row.assignedShardIds === undefined;
}

/** Who reads what, by the rule that the whole fleet speaks. */
function shareFor(
  living: readonly ClientRow[],
  shardIds: readonly string[],
  current: Assignment,
): Assignment {
  if (hasGoClient(living)) {
    return assignByModulo({ clientIds: living.map((row) => row.clientId), shardIds });
  }
  const clientIds = living.filter((row) => !row.isLeaving).map((row) => row.clientId);
  return assignBalanced({ clientIds, shardIds, current });
}

/** When the application first started: now, unless the tables have seen it before. */
export async function applicationStartMs(
  { clock, metadata }: Pick<LoopContext, "clock" | "metadata">,
  hasShardCache: boolean,
  signal: AbortSignal,
): Promise<number> {
  return await metadata.startedAtMs(hasShardCache ? 0 : clock.nowMs(), signal);
}
