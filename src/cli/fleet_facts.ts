/**
 * Gathers what can be known of a fleet from outside: the three tables, the stream's list of shards,
 * and, unless told not to, how far behind each shard is. Writes nothing.
 *
 * A look costs one `Scan` each of the clients and checkpoints tables, two `GetItem`, one
 * `DescribeStreamSummary` and one `ListShards`; the lag costs one `GetShardIterator` and one
 * `GetRecords` of a single record a shard, out of the five reads that a shard allows a second.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { KinesisApi } from "../aws/kinesis.ts";
import type { Checkpoint, ClientRow, LeaderRow, Shard, ShardCache } from "../model.ts";
import { readableShards } from "../rules/lineage.ts";
import { LATEST_SENTINEL, startPosition } from "../rules/position.ts";
import type { Tables, World } from "./world.ts";

/** What one look found. */
export interface FleetFacts {
  readonly streamName: string;
  readonly applicationName: string;
  /** When the look was made, by this host's wall clock. */
  readonly nowMs: number;
  /** When the look began and ended, by this process's monotonic clock. */
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  readonly streamStatus: string;
  readonly shards: readonly Shard[];
  /** False where the application has no tables: then the rest is empty. */
  readonly hasTables: boolean;
  readonly clients: readonly ClientRow[];
  readonly checkpoints: readonly Checkpoint[];
  readonly leader: LeaderRow | undefined;
  readonly shardCache: ShardCache | undefined;
  /** By shard; those that were not asked, or did not answer, are missing. */
  readonly lags: ReadonlyMap<string, Lag>;
}

/** How far behind a shard's checkpoint is. */
export interface Lag {
  readonly lagMs: number;
  /** True where it may be less: there is no checkpoint yet, or no record was looked at. */
  readonly isUpperBound: boolean;
}

/** What to look at. */
export interface LookRequest {
  readonly streamName: string;
  readonly applicationName: string;
  readonly hasLag: boolean;
}

/** Looks once. @throws {KinsumerError} when the stream or a table that is there cannot be read */
export async function gatherFacts(
  world: World,
  { streamName, applicationName, hasLag }: LookRequest,
  signal: AbortSignal,
): Promise<FleetFacts> {
  const { clock } = world;
  const askedAtMs = clock.monotonicMs();
  const kinesis = world.stream(streamName);
  const [{ status }, shards, rows] = await Promise.all([
    kinesis.describeStream(signal),
    kinesis.listShards(signal),
    readTables(world.tables(applicationName), signal),
  ]);
  const facts = {
    streamName,
    applicationName,
    nowMs: clock.nowMs(),
    askedAtMs,
    answeredAtMs: clock.monotonicMs(),
    streamStatus: status,
    shards,
    ...rows,
  };
  const lags = hasLag ? await probeLags(world, facts, signal) : new Map<string, Lag>();
  return { ...facts, lags };
}

type Rows = Pick<
  FleetFacts,
  "hasTables" | "clients" | "checkpoints" | "leader" | "shardCache"
>;

async function readTables(tables: Tables, signal: AbortSignal): Promise<Rows> {
  try {
    const [clients, checkpoints, leader, shardCache] = await Promise.all([
      tables.clients.list(signal),
      tables.checkpoints.list(signal),
      tables.metadata.readLeader(signal),
      tables.metadata.readShardCache(signal),
    ]);
    return { hasTables: true, clients, checkpoints, leader, shardCache };
  } catch (error) {
    if (!(error instanceof KinsumerError) || error.code !== "TableNotFound") throw error;
    const none = { clients: [], checkpoints: [], leader: undefined, shardCache: undefined };
    return { hasTables: false, ...none };
  }
}

/** So many shards are asked at once. */
const PROBES_AT_ONCE = 6;

async function probeLags(
  world: World,
  facts: Omit<FleetFacts, "lags">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Lag>> {
  const rows = new Map(facts.checkpoints.map((row) => [row.shardId, row]));
  const finished = new Set(
    facts.checkpoints.filter((row) => row.isFinished).map((row) => row.shardId),
  );
  const open = readableShards(facts.shards, finished).map(({ shardId }) => shardId);
  const lags = new Map<string, Lag>();
  const kinesis = world.glance(facts.streamName);
  const work = async (): Promise<void> => {
    for (let shardId = open.shift(); shardId !== undefined; shardId = open.shift()) {
      const checkpoint = rows.get(shardId);
      const lag = await probeLag(kinesis, { shardId, checkpoint, world, signal });
      if (lag !== undefined) lags.set(shardId, lag);
      signal.throwIfAborted();
    }
  };
  await Promise.all(Array.from({ length: PROBES_AT_ONCE }, work));
  return lags;
}

/**
 * Reads one record after the checkpoint. The lag is how long that record has waited, or, where there
 * is none, how far the answer was behind the tip. A shard that does not answer has no lag: another
 * look may have more luck.
 */
async function probeLag(
  kinesis: KinesisApi,
  { shardId, checkpoint, world, signal }: {
    readonly shardId: string;
    readonly checkpoint: Checkpoint | undefined;
    readonly world: World;
    readonly signal: AbortSignal;
  },
): Promise<Lag | undefined> {
  const isNew = checkpoint?.sequenceNumber === undefined && checkpoint?.startAtMs === undefined;
  const isPinned = checkpoint?.sequenceNumber !== LATEST_SENTINEL ||
    checkpoint.startAtMs !== undefined;
  if (!isPinned) return undefined; // LATEST, never captured: its place is not known yet
  const position = startPosition({
    checkpoint: checkpoint ?? { shardId, lastUpdate: "0", isFinished: false },
    startAt: "horizon",
    startedAtMs: 0,
  });
  try {
    const shardIterator = await kinesis.getShardIterator({ shardId, position }, signal);
    const answer = await kinesis.getRecords({ shardId, shardIterator, limit: 1 }, signal);
    const arrivalMs = answer.records[0]?.approximateArrivalMs;
    const waitedMs = arrivalMs === undefined ? 0 : world.clock.nowMs() - arrivalMs;
    return { lagMs: Math.max(0, answer.lagMs ?? 0, waitedMs), isUpperBound: isNew };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KinsumerError) return undefined;
    throw error;
  }
}
