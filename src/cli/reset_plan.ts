/**
 * Decides what a reset does to each shard. Pure: facts in, plan out.
 *
 * A reset never touches what it was not asked for, and says why it leaves a shard alone.
 *
 * @module
 */

import type { Checkpoint, Shard } from "../model.ts";
import { isClosed } from "../rules/lineage.ts";
import { HORIZON_MS, LATEST_SENTINEL } from "../rules/position.ts";
import { UsageError } from "./command.ts";
import type { Place } from "./moment.ts";

/** How a row shall begin anew; it has no owner afterwards. */
export interface Start {
  /** Absent: the row has none afterwards. */
  readonly sequenceNumber?: string | undefined;
  /** Absent: the row has none afterwards. */
  readonly startAtMs?: number | undefined;
  readonly isFinished: boolean;
}

/** What becomes of one shard. */
export type Step =
  | {
    readonly action: "write";
    readonly shardId: string;
    readonly before: Checkpoint | undefined;
    readonly after: Start;
  }
  | {
    readonly action: "leave";
    readonly shardId: string;
    readonly before: Checkpoint | undefined;
    readonly reason: string;
  };

/** What the plan rests on. */
export interface ResetFacts {
  readonly place: Place;
  /** The shards that were asked for; none: all. */
  readonly shardIds: readonly string[];
  readonly shards: readonly Shard[];
  readonly checkpoints: readonly Checkpoint[];
  /** Whether a client is alive, so that this is a reset by force. */
  readonly hasLiving: boolean;
  readonly nowMs: number;
}

/** @throws {UsageError} when a shard does not exist, or a sequence number is for several shards */
export function planReset(facts: ResetFacts): readonly Step[] {
  const { place, shards } = facts;
  const chosen = chooseShards(shards, facts.shardIds);
  if (place.type === "sequence" && facts.shardIds.length !== 1) {
    throw new UsageError("a sequence number belongs to one shard: give one --shard");
  }
  const rows = new Map(facts.checkpoints.map((row) => [row.shardId, row]));
  return chosen.map((shard): Step => {
    const { shardId } = shard;
    const before = rows.get(shardId);
    const reason = reasonToLeave(before, facts);
    if (reason !== undefined) return { action: "leave", shardId, before, reason };
    return { action: "write", shardId, before, after: startAt(place, shard, facts.nowMs) };
  });
}

/** The shards by their IDs, or by the number that `status` shows. @throws {UsageError} when one is unknown */
export function chooseShards(
  shards: readonly Shard[],
  names: readonly string[],
): readonly Shard[] {
  const sorted = [...shards].sort((a, b) => (a.shardId < b.shardId ? -1 : 1));
  if (names.length === 0) return sorted;
  return names.map((name) => {
    const fullName = fullShardId(name);
    const found = sorted.find(({ shardId }) => shardId === name || shardId === fullName);
    if (found === undefined) throw new UsageError(`the stream has no shard "${name}"`);
    return found;
  });
}

/** `12` as `shardId-000000000012`; anything else as it is. */
export function fullShardId(name: string): string {
  return /^\d{1,12}$/.test(name) ? `shardId-${name.padStart(12, "0")}` : name;
}

function reasonToLeave(
  before: Checkpoint | undefined,
  { place, hasLiving }: ResetFacts,
): string | undefined {
  if (!before?.isFinished) return undefined;
  if (place.type === "latest") return "finished: there is nothing to skip";
  // A leader remembers what is finished for as long as it runs.
  return hasLiving ? "finished, and clients are alive: stop them first" : undefined;
}

function startAt(place: Place, shard: Shard, nowMs: number): Start {
  switch (place.type) {
    case "horizon":
      return { startAtMs: HORIZON_MS, isFinished: false };
    case "time":
      return { startAtMs: place.timestampMs, isFinished: false };
    case "sequence":
      return { sequenceNumber: place.sequenceNumber, isFinished: false };
    case "latest":
      return isClosed(shard)
        ? { isFinished: true }
        : { sequenceNumber: LATEST_SENTINEL, startAtMs: nowMs, isFinished: false };
  }
}

/** Where a row begins, in words. */
export function startInWords(
  row: Pick<Checkpoint, "sequenceNumber" | "startAtMs" | "isFinished"> | undefined,
): string {
  if (row === undefined) return "no checkpoint";
  const { sequenceNumber, startAtMs } = row;
  if (row.isFinished) return "finished";
  if (sequenceNumber !== undefined && sequenceNumber !== LATEST_SENTINEL) {
    return `after ${sequenceNumber}`;
  }
  if (startAtMs !== undefined) {
    return startAtMs <= HORIZON_MS ? "horizon" : `from ${new Date(startAtMs).toISOString()}`;
  }
  return sequenceNumber === undefined ? "no record yet" : "latest";
}
