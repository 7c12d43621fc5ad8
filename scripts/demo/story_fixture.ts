/**
 * Writes journals for the tests of the account: a few words a line.
 *
 * @module
 */

import type { Shard } from "../../mod.ts";
import { type Account, type ProducedRecord, takeAccount } from "./account.ts";
import type { JournalEntry } from "./journal.ts";

/** Record `index` of shard `shardId`; its sequence number is as long as a real one. */
export function record(index: number, shardId = "s0", key = `key-${index}`): ProducedRecord {
  const sequenceNumber = String(49_600_000_000_000_000_000_000n + BigInt(index));
  return { index, key, shardId, sequenceNumber };
}

/** Shards without parents. */
export function roots(...shardIds: readonly string[]): readonly Shard[] {
  return shardIds.map((shardId) => ({ shardId }));
}

/** A journal in the making. */
export class Story {
  readonly entries: JournalEntry[] = [];
  readonly produced: readonly ProducedRecord[];
  readonly shards: readonly Shard[];

  constructor(produced: readonly ProducedRecord[], shards: readonly Shard[] = roots("s0")) {
    this.produced = produced;
    this.shards = shards;
  }

  captures(client: string, shardId = "s0"): this {
    return this.#add({ kind: "captured", client, atMs: this.#nowMs, shardId });
  }

  processes(client: string, ...indexes: readonly number[]): this {
    for (const index of indexes) {
      const { shardId, sequenceNumber } = this.produced.find((each) => each.index === index)!;
      const atMs = this.#nowMs;
      this.#add({ kind: "processed", client, atMs, shardId, sequenceNumber, index });
    }
    return this;
  }

  checkpoints(client: string, index: number): this {
    const { shardId, sequenceNumber } = this.produced.find((each) => each.index === index)!;
    return this.#add({ kind: "checkpointed", client, atMs: this.#nowMs, shardId, sequenceNumber });
  }

  kills(client: string): this {
    return this.#add({ kind: "killed", client, atMs: this.#nowMs });
  }

  account(): Account {
    return takeAccount(this);
  }

  /** One millisecond a line. */
  get #nowMs(): number {
    return 1_000 + this.entries.length;
  }

  #add(entry: JournalEntry): this {
    this.entries.push(entry);
    return this;
  }
}
