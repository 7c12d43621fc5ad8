/**
 * Remembers the stream's shards, and which of them are finished, asking for as little as it can.
 *
 * @module
 */

import type { SequenceNumber, Shard } from "../model.ts";
import { isForeign } from "../rules/checkpoint_validity.ts";
import { isClosed } from "../rules/lineage.ts";
import { shardCacheIds } from "../rules/shard_cache.ts";
import type { LoopContext } from "./context.ts";

/** The stream's shards as this client last saw them. */
export class ShardList {
  readonly #context: Pick<LoopContext, "checkpoints" | "clock" | "kinesis" | "options">;
  /** By ID: where the shard began. Another stream of the same name has other shards of the same IDs. */
  readonly #finished = new Map<string, SequenceNumber | undefined>();
  #shards: readonly Shard[] = [];
  #previouslyListedIds: ReadonlySet<string> = new Set();
  #listedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: Pick<LoopContext, "checkpoints" | "clock" | "kinesis" | "options">) {
    this.#context = context;
  }

  /** The shards of the latest list. */
  get listedIds(): ReadonlySet<string> {
    return new Set(this.#shards.map((shard) => shard.shardId));
  }

  /** The shards of the list before it; none before the second list. */
  get previouslyListedIds(): ReadonlySet<string> {
    return this.#previouslyListedIds;
  }

  /** The shards that may be read now, sorted. */
  get readableIds(): readonly string[] {
    return shardCacheIds(this.#shards, new Set(this.#finished.keys()));
  }

  /** Makes the next look list the shards, whatever the time. */
  expectChange(): void {
    this.#listedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Lists the shards where that is due, and learns which are finished. */
  async look(signal: AbortSignal): Promise<void> {
    const { clock, kinesis, options } = this.#context;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#listedAtMs >= options.leaderActionIntervalMs) {
      const listedIds = this.listedIds;
      this.#shards = await kinesis.listShards(signal);
      this.#previouslyListedIds = listedIds;
      this.#listedAtMs = nowMs;
      this.#forget();
    }
    await this.#learnFinished(signal);
  }

  /** Shards that are gone, or are of a stream that was made anew, are finished no more. */
  #forget(): void {
    const starts = new Map(
      this.#shards.map((shard) => [shard.shardId, shard.startingSequenceNumber]),
    );
    for (const [shardId, start] of this.#finished) {
      if (!starts.has(shardId) || starts.get(shardId) !== start) this.#finished.delete(shardId);
    }
  }

  /** Only closed shards can be finished, and a finished shard stays so: few rows are read. */
  async #learnFinished(signal: AbortSignal): Promise<void> {
    const open = this.#shards.filter((shard) =>
      isClosed(shard) && !this.#finished.has(shard.shardId)
    );
    if (open.length === 0) return;
    const byId = new Map(open.map((shard) => [shard.shardId, shard]));
    const rows = await this.#context.checkpoints.readMany([...byId.keys()], signal);
    for (const row of rows) {
      const shard = byId.get(row.shardId);
      // A row of another stream that had this name says nothing of this shard.
      if (row.isFinished && shard !== undefined && !isForeign(row, shard)) {
        this.#finished.set(row.shardId, shard.startingSequenceNumber);
      }
    }
  }
}
