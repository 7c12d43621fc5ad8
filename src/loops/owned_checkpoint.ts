/**
 * Writes the checkpoint of a shard that this client owns. Each write names the one before it, so
 * that a write which arrives late or twice changes nothing; one whose answer was lost is recognised
 * when it turns out to have landed.
 *
 * @module
 */

import type { Checkpoint, SequenceNumber } from "../model.ts";
import { afterConflict } from "../rules/ownership.ts";
import type { Clock, Random } from "../runtime.ts";
import type { CheckpointsTable } from "../tables/checkpoints_api.ts";
import { uniqueUpdate } from "../tables/item.ts";
import type { LoopContext } from "./context.ts";

/** What a write changes; nothing: it renews. */
export interface CheckpointChange {
  readonly sequenceNumber?: SequenceNumber | undefined;
  readonly processedThroughMs?: number | undefined;
  readonly isReleased?: boolean;
  readonly isFinished?: boolean;
}

/** How often a write is tried anew because an earlier one landed late. */
const MAX_ATTEMPTS = 5;

/** The checkpoint of a shard that this client owns. One write at a time. */
export class OwnedCheckpoint {
  readonly #table: CheckpointsTable;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ownerId: string;
  readonly #unconfirmed = new Set<string>();
  #confirmed: Checkpoint;
  #latestUpdate: string;
  #writtenAtMs: number;
  #invalidSequenceNumber: SequenceNumber | undefined;

  /** @param captured the row as the capture left it */
  constructor(
    { checkpoints, clock, options, random }:
      & Pick<
        LoopContext,
        "checkpoints" | "clock" | "random"
      >
      & { readonly options: Pick<LoopContext["options"], "clientId"> },
    captured: Checkpoint,
  ) {
    this.#table = checkpoints;
    this.#clock = clock;
    this.#random = random;
    this.#ownerId = options.clientId;
    this.#confirmed = captured;
    this.#latestUpdate = captured.lastUpdate;
    this.#writtenAtMs = clock.monotonicMs();
  }

  /** The row as it is known to stand. */
  get confirmed(): Checkpoint {
    return this.#confirmed;
  }

  /** The sequence number of the row; absent while it has none, or none that counts. */
  get sequenceNumber(): SequenceNumber | undefined {
    const { sequenceNumber } = this.#confirmed;
    return sequenceNumber === this.#invalidSequenceNumber ? undefined : sequenceNumber;
  }

  /** Makes the row's sequence number count for nothing: whatever is processed next replaces it. */
  invalidate(): void {
    this.#invalidSequenceNumber = this.#confirmed.sequenceNumber;
  }

  /** When the row was last known to be written, by the monotonic clock. */
  get writtenAtMs(): number {
    return this.#writtenAtMs;
  }

  /**
   * Writes a change.
   *
   * @returns `lost` when the shard is another's
   * @throws {KinsumerError} when the table cannot be reached; whether the write landed is then found
   * out by the next one
   */
  async write(change: CheckpointChange, signal?: AbortSignal): Promise<"committed" | "lost"> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const askedAtMs = this.#clock.monotonicMs();
      const lastUpdate = uniqueUpdate(
        this.#clock.nowMs(),
        this.#latestUpdate,
        this.#random.next(),
      );
      this.#latestUpdate = lastUpdate;
      this.#unconfirmed.add(lastUpdate);
      const request = { observed: this.#confirmed, lastUpdate, ...change };
      const result = await this.#table.commit(request, signal);
      if (result.outcome === "committed") {
        this.#adopt(result.checkpoint, askedAtMs);
        return "committed";
      }
      const row = await this.#table.read(this.#confirmed.shardId, signal);
      const facts = { clientId: this.#ownerId, row, unconfirmed: this.#unconfirmed };
      if (row === undefined || afterConflict(facts) === "lost") return "lost";
      this.#adopt(row, askedAtMs);
      if (row.ownerId === undefined) return "committed"; // an earlier release of ours landed
    }
    return "lost";
  }

  #adopt(row: Checkpoint, askedAtMs: number): void {
    this.#confirmed = row;
    this.#unconfirmed.clear();
    this.#writtenAtMs = askedAtMs;
  }
}
