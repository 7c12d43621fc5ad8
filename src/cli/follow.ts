/**
 * Reads shards without a checkpoint: each from a place on, children after their parents, at a pace
 * that leaves reads to the applications. What is printed slowly is read slowly.
 *
 * @module
 */

import type { KinesisApi } from "../aws/kinesis.ts";
import { KinsumerError } from "../errors.ts";
import type { Position, ReceivedRecord, Shard } from "../model.ts";
import { isClosed, readableShards } from "../rules/lineage.ts";
import { nextHalvings } from "../rules/pacing.ts";
import { resumePosition } from "../rules/position.ts";
import type { Clock } from "../runtime.ts";

/** What to read. */
export interface Following {
  readonly kinesis: KinesisApi;
  /** The same stream, with less patience: for iterators. */
  readonly glance: KinesisApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** From where the shards that exist now are read; those of a later reshard are read whole. */
  readonly position: Position;
  /** This shard alone; absent: all. */
  readonly shardId?: string | undefined;
  /** False ends at the tip. */
  readonly isEndless: boolean;
  /** From the start of one read of a shard to the start of the next. */
  readonly intervalMs: number;
  readonly readLimit: number;
  /** Gets the records of one read; the shard is read on when it resolves. */
  readonly onRecords: (shardId: string, records: readonly ReceivedRecord[]) => Promise<void>;
  /** Told of what is tried again. */
  readonly onRetry: (error: KinsumerError) => void;
}

/**
 * Reads until the signal aborts, or until there is nothing more to read. Where one shard cannot be
 * read, the others are read no more.
 */
export async function follow(following: Following): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  if (following.signal.aborted) end();
  following.signal.addEventListener("abort", end, { once: true });
  try {
    await followAll({ ...following, signal: ending.signal });
  } finally {
    following.signal.removeEventListener("abort", end);
    end();
  }
}

async function followAll(following: Following): Promise<void> {
  const { kinesis, position, shardId, signal } = following;
  const first = await kinesis.listShards(signal);
  if (shardId !== undefined) {
    const shard = first.find((each) => each.shardId === shardId)!;
    await followShard(following, shard, position);
    return;
  }
  await new StreamReader(following, first).read();
}

/** Reads all shards of a stream. */
class StreamReader {
  readonly #following: Following;
  readonly #finished = new Set<string>();
  readonly #started = new Set<string>();
  readonly #firstIds: ReadonlySet<string>;
  #shards: readonly Shard[];

  constructor(following: Following, shards: readonly Shard[]) {
    this.#following = following;
    this.#shards = shards;
    this.#firstIds = new Set(shards.map((shard) => shard.shardId));
    if (following.position.type !== "LATEST") return;
    for (const shard of shards) if (isClosed(shard)) this.#finished.add(shard.shardId);
  }

  async read(): Promise<void> {
    const readable = readableShards(this.#shards, this.#finished);
    const next = readable.filter(({ shardId }) => !this.#started.has(shardId));
    for (const { shardId } of next) this.#started.add(shardId);
    await Promise.all(next.map((shard) => this.#readShard(shard)));
  }

  async #readShard(shard: Shard): Promise<void> {
    const isFirst = this.#firstIds.has(shard.shardId);
    const position = isFirst ? this.#following.position : { type: "TRIM_HORIZON" } as const;
    if (await followShard(this.#following, shard, position) !== "ended") return;
    this.#finished.add(shard.shardId);
    const { kinesis, signal } = this.#following;
    this.#shards = await kinesis.listShards(signal);
    await this.read();
  }
}

const MAX_PAUSE_MS = 10_000;
/** Milliseconds that a read may take, about. */
const READ_TIMEOUT_MS = 10_000;

/** @returns "ended" where the shard is closed and was read to its end */
async function followShard(
  following: Following,
  shard: Shard,
  start: Position,
): Promise<"ended" | "left"> {
  const { clock, glance, intervalMs, kinesis, onRecords, onRetry, readLimit, signal } = following;
  const { shardId } = shard;
  let from = start;
  let fromMs = 0;
  let isShardClosed = isClosed(shard);
  let last: string | undefined;
  let iterator: string | undefined;
  let pauseMs = intervalMs;
  let halvings = 0;
  while (!signal.aborted) {
    const startedAtMs = clock.monotonicMs();
    try {
      iterator ??= await glance.getShardIterator(
        { shardId, position: resumePosition(from, last) },
        signal,
      );
      const limit = Math.max(1, Math.floor(readLimit / 2 ** halvings));
      const askedAtMs = clock.monotonicMs();
      const answer = await kinesis.getRecords({ shardId, shardIterator: iterator, limit }, signal);
      const tookMs = clock.monotonicMs() - askedAtMs;
      halvings = nextHalvings({ halvings, tookMs, timeoutMs: READ_TIMEOUT_MS });
      const records = answer.records.filter((record) => isSince(record, fromMs));
      if (records.length > 0) await onRecords(shardId, records);
      last = answer.records.at(-1)?.sequenceNumber ?? last;
      iterator = answer.nextShardIterator;
      pauseMs = intervalMs;
      if (iterator === undefined) {
        if (answer.hasChildShards) return "ended";
        isShardClosed = await isNowClosed(kinesis, shardId, signal);
        if (isShardClosed) return "ended";
      }
      const isAtTip = answer.records.length < limit && (answer.lagMs ?? 0) === 0;
      if (isAtTip && !following.isEndless && !isShardClosed) return "left";
    } catch (error) {
      if (signal.aborted) break;
      if (!mayPass(error)) throw error;
      const isTimeout = error.code === "RequestTimeout";
      if (isTimeout && from.type === "AT_TIMESTAMP" && iterator === undefined) {
        // Kinesalite does not answer where no record is that late: look for them ourselves.
        fromMs = from.timestampMs;
        from = { type: "TRIM_HORIZON" };
        continue;
      }
      if (isTimeout) halvings = nextHalvings({ halvings, tookMs: undefined, timeoutMs: 0 });
      if (error.code === "IteratorExpired") iterator = undefined;
      else pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      onRetry(error);
    }
    await clock.sleep(Math.max(0, pauseMs - (clock.monotonicMs() - startedAtMs)), signal);
  }
  return "left";
}

function isSince({ approximateArrivalMs }: ReceivedRecord, fromMs: number): boolean {
  return fromMs === 0 || (approximateArrivalMs ?? Number.POSITIVE_INFINITY) >= fromMs;
}

async function isNowClosed(
  kinesis: KinesisApi,
  shardId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const shard = (await kinesis.listShards(signal)).find((each) => each.shardId === shardId);
  return shard === undefined || isClosed(shard);
}

function mayPass(error: unknown): error is KinsumerError {
  return error instanceof KinsumerError && (error.retryable || error.code === "IteratorExpired");
}
