/**
 * Decides what the facts of a look mean: who lives, which shard is in whose hands, and what somebody
 * should look at. Pure: facts in, view out.
 *
 * Liveness from outside: a row that was seen to change is alive, and one that was seen unchanged for
 * its time to live is not, as in the fleet itself. At first sight only wall clocks can tell, which
 * is why a single look says "silent" and not "dead".
 *
 * @module
 */

import type { Checkpoint, ClientRow, Shard } from "../model.ts";
import { isClosed, parentIds } from "../rules/lineage.ts";
import { goMaxAgeMs, type Sighting, unchangedMs, wallAgeMs } from "../rules/liveness.ts";
import type { FleetFacts, Lag } from "./fleet_facts.ts";

/** How a client stands. */
export type ClientState = "alive" | "leaving" | "silent";

/** One client. */
export interface ClientView {
  readonly clientId: string;
  readonly clientName: string;
  readonly state: ClientState;
  /** Since its last beat, by wall clocks; never negative. */
  readonly beatAgeMs: number;
  readonly maxAgeMs: number;
  /** True for a client of the Go library. */
  readonly isGo: boolean;
  readonly isLeader: boolean;
  readonly ownedCount: number;
  readonly assignedCount: number;
}

/**
 * How a shard stands: `owned` by a client that lives; `stuck`, its owner is not alive; `free`, may
 * be read and nobody owns it; `waiting` for its parents; `finished`; `gone` from the stream.
 */
export type ShardStatus = "owned" | "stuck" | "free" | "waiting" | "finished" | "gone";

/** One shard. */
export interface ShardView {
  readonly shardId: string;
  readonly status: ShardStatus;
  /** Whether the stream may still add records to it. */
  readonly isOpen: boolean;
  readonly ownerId: string | null;
  readonly ownerName: string | null;
  readonly sequenceNumber: string | null;
  readonly startAtMs: number | null;
  /** Since the checkpoint's row was last written, by wall clocks. */
  readonly checkpointAgeMs: number | null;
  readonly lagMs: number | null;
  readonly isLagUpperBound: boolean;
  readonly parentIds: readonly string[];
}

/** A fleet, as one look shows it. JSON-able. */
export interface FleetView {
  readonly streamName: string;
  readonly applicationName: string;
  readonly atMs: number;
  readonly streamStatus: string;
  readonly hasTables: boolean;
  readonly leaderId: string | null;
  readonly clients: readonly ClientView[];
  readonly shards: readonly ShardView[];
  readonly maxLagMs: number | null;
  /** What somebody should look at, in words; none: all is well. */
  readonly problems: readonly string[];
}

/** What was seen in earlier looks, by client. */
export type Sightings = ReadonlyMap<string, Sighting>;

const GO_SHARD_CHECK_INTERVAL_MS = 60_000;

/** @param sightings of the clients' rows, this look's included; none where it is the only look */
export function viewFleet(facts: FleetFacts, sightings: Sightings = new Map()): FleetView {
  const clients = [...facts.clients]
    .sort((a, b) => (a.clientId < b.clientId ? -1 : 1))
    .map((row) => viewClient(row, facts, sightings.get(row.clientId)));
  const living = new Set(
    clients.filter(({ state }) => state !== "silent").map((each) => each.clientId),
  );
  const shards = viewShards(facts, living);
  const lags = shards.flatMap(({ lagMs }) => (lagMs === null ? [] : [lagMs]));
  const view = {
    streamName: facts.streamName,
    applicationName: facts.applicationName,
    atMs: facts.nowMs,
    streamStatus: facts.streamStatus,
    hasTables: facts.hasTables,
    leaderId: facts.leader?.clientId ?? null,
    clients,
    shards,
    maxLagMs: lags.length === 0 ? null : Math.max(...lags),
  };
  return { ...view, problems: problemsOf(view, living) };
}

function viewClient(row: ClientRow, facts: FleetFacts, sighting: Sighting | undefined): ClientView {
  const { clientId } = row;
  const maxAgeMs = row.maxAgeMs ?? goMaxAgeMs(GO_SHARD_CHECK_INTERVAL_MS);
  const beatAgeMs = Math.max(0, wallAgeMs(row.lastUpdate, facts.nowMs));
  const isSilent = sighting?.hasChanged || (sighting && unchangedMs(sighting) >= maxAgeMs)
    ? unchangedMs(sighting) >= maxAgeMs
    : beatAgeMs > maxAgeMs;
  return {
    clientId,
    clientName: row.clientName ?? clientId,
    state: isSilent ? "silent" : row.isLeaving ? "leaving" : "alive",
    beatAgeMs,
    maxAgeMs,
    isGo: row.maxAgeMs === undefined,
    isLeader: facts.leader?.clientId === clientId,
    ownedCount:
      facts.checkpoints.filter((each) => each.ownerId === clientId && !each.isFinished).length,
    assignedCount: row.assignedShardIds?.length ?? 0,
  };
}

function viewShards(facts: FleetFacts, living: ReadonlySet<string>): readonly ShardView[] {
  const rows = new Map(facts.checkpoints.map((row) => [row.shardId, row]));
  const listed = new Map(facts.shards.map((shard) => [shard.shardId, shard]));
  const isDone = (id: string): boolean => rows.get(id)?.isFinished === true || !listed.has(id);
  const ids = [...new Set([...listed.keys(), ...rows.keys()])].sort();
  return ids.map((shardId) => {
    const shard = listed.get(shardId);
    const row = rows.get(shardId);
    return {
      ...viewRow(row, facts.nowMs),
      shardId,
      status: statusOf(shard, { row, living, isDone }),
      isOpen: shard !== undefined && !isClosed(shard),
      ...lagOf(facts.lags.get(shardId) ?? lagByRow(row, facts.nowMs)),
      parentIds: shard === undefined ? [] : parentIds(shard),
    };
  });
}

/** Where no record was looked at, the row tells through when all is processed. */
function lagByRow(row: Checkpoint | undefined, nowMs: number): Lag | undefined {
  if (row?.processedThroughMs === undefined || row.isFinished) return undefined;
  return { lagMs: Math.max(0, nowMs - row.processedThroughMs), isUpperBound: true };
}

function lagOf(lag: Lag | undefined): Pick<ShardView, "lagMs" | "isLagUpperBound"> {
  return { lagMs: lag?.lagMs ?? null, isLagUpperBound: lag?.isUpperBound ?? false };
}

function viewRow(row: Checkpoint | undefined, nowMs: number) {
  return {
    ownerId: row?.ownerId ?? null,
    ownerName: row?.ownerName ?? row?.ownerId ?? null,
    sequenceNumber: row?.sequenceNumber ?? null,
    startAtMs: row?.startAtMs ?? null,
    checkpointAgeMs: row === undefined || row.lastUpdate === "0"
      ? null
      : Math.max(0, wallAgeMs(row.lastUpdate, nowMs)),
  };
}

function statusOf(
  shard: Shard | undefined,
  { row, living, isDone }: {
    readonly row: Checkpoint | undefined;
    readonly living: ReadonlySet<string>;
    readonly isDone: (shardId: string) => boolean;
  },
): ShardStatus {
  if (shard === undefined) return "gone";
  if (row?.isFinished) return "finished";
  if (row?.ownerId !== undefined) return living.has(row.ownerId) ? "owned" : "stuck";
  return parentIds(shard).every(isDone) ? "free" : "waiting";
}

function problemsOf(
  view: Omit<FleetView, "problems">,
  living: ReadonlySet<string>,
): readonly string[] {
  const { clients, shards, streamName, streamStatus, applicationName, leaderId } = view;
  if (!view.hasTables) return [`application "${applicationName}" has no tables`];
  const count = (status: ShardStatus): number =>
    shards.filter((shard) => shard.status === status).length;
  const silent = clients.filter(({ state }) => state === "silent").length;
  const free = count("free");
  const stuck = count("stuck");
  const hasLeader = leaderId !== null && living.has(leaderId);
  return [
    ...(["ACTIVE", "UPDATING"].includes(streamStatus)
      ? []
      : [`stream "${streamName}" is ${streamStatus}`]),
    ...(living.size === 0 ? ["no client is alive"] : []),
    ...(silent > 0 ? [`${counted(silent, "client")} silent for longer than its time to live`] : []),
    ...(stuck > 0 ? [`${counted(stuck, "shard")} owned by a client that is not alive`] : []),
    ...(living.size > 0 && free > 0 ? [`${counted(free, "shard")} without an owner`] : []),
    ...(living.size > 0 && !hasLeader ? ["nobody leads the fleet"] : []),
  ];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? " is" : "s are"}`;
}
