/**
 * Watches the tables from outside: which shard has which owner, for how long one had none, and how
 * often owners changed.
 *
 * @module
 */

import { readShardCache } from "./stand_in/lead.ts";
import {
  type Ask,
  askDynamoDb,
  type Endpoints,
  numberOf,
  scanAll,
  textOf,
} from "./stand_in/wire.ts";

/** What was seen since the last mark. */
export interface Watch {
  /** The longest that a published, unfinished shard was without an owner: milliseconds. */
  readonly longestUnownedMs: number;
  /** How often a shard got an owner that it did not have before. */
  readonly captures: number;
}

/** Who is in the fleet, and who owns what, at one moment. */
export interface Standing {
  /** Names of the clients with a row, by ID in ascending order. */
  readonly clients: readonly { readonly id: string; readonly name: string }[];
  /** The name of the owner of each published, unfinished shard. */
  readonly owners: ReadonlyMap<string, string | undefined>;
  readonly leaderName: string | undefined;
}

const SAMPLE_INTERVAL_MS = 100;

/** Watches one application's tables until it is stopped. */
export class Observer {
  readonly #ask: Ask;
  readonly #applicationName: string;
  readonly #unownedSinceMs = new Map<string, number>();
  readonly #lastOwner = new Map<string, string>();
  readonly #finished = new Set<string>();
  #longestUnownedMs = 0;
  #captures = 0;
  #isStopped = false;
  #watching: Promise<void>;

  constructor(endpoints: Endpoints, applicationName: string) {
    this.#ask = askDynamoDb(endpoints);
    this.#applicationName = applicationName;
    this.#watching = this.#watch();
  }

  /** What was seen since the last call. Shards that have no owner now count from now on. */
  mark(): Watch {
    const watch = { longestUnownedMs: this.#longestUnownedMs, captures: this.#captures };
    this.#longestUnownedMs = 0;
    this.#captures = 0;
    for (const shardId of this.#unownedSinceMs.keys()) {
      this.#unownedSinceMs.set(shardId, performance.now());
    }
    return watch;
  }

  async look(): Promise<Standing> {
    const { shardIds } = await readShardCache({
      ask: this.#ask,
      applicationName: this.#applicationName,
    });
    const [rows, clients, metadata] = await Promise.all([
      scanAll(this.#ask, `${this.#applicationName}_checkpoints`),
      scanAll(this.#ask, `${this.#applicationName}_clients`),
      scanAll(this.#ask, `${this.#applicationName}_metadata`),
    ]);
    const owners = new Map<string, string | undefined>(shardIds.map((id) => [id, undefined]));
    for (const row of rows) {
      const shardId = textOf(row, "Shard") ?? "";
      if (numberOf(row, "Finished") > 0n) {
        this.#finished.add(shardId);
        owners.delete(shardId);
      } else if (owners.has(shardId)) owners.set(shardId, textOf(row, "OwnerName"));
    }
    const leader = metadata.find((row) => textOf(row, "Key") === "Leader");
    return {
      clients: clients.map((row) => ({
        id: textOf(row, "ID") ?? "",
        name: textOf(row, "Name") ?? "",
      })).sort((a, b) => (a.id < b.id ? -1 : 1)),
      owners,
      leaderName: textOf(leader, "ID") === undefined ? undefined : textOf(leader, "Name"),
    };
  }

  /** Whether a shard was processed to its end. */
  isFinished(shardId: string): boolean {
    return this.#finished.has(shardId);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.#note((await this.look()).owners);
      } catch {
        // The tables are being made or deleted: look again.
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_INTERVAL_MS));
    }
  }

  #note(owners: Standing["owners"]): void {
    const nowMs = performance.now();
    for (const shardId of this.#unownedSinceMs.keys()) {
      if (!owners.has(shardId)) this.#unownedSinceMs.delete(shardId);
    }
    for (const [shardId, owner] of owners) {
      const sinceMs = this.#unownedSinceMs.get(shardId) ?? nowMs;
      if (owner === undefined) {
        this.#unownedSinceMs.set(shardId, sinceMs);
        this.#longestUnownedMs = Math.max(this.#longestUnownedMs, nowMs - sinceMs);
        continue;
      }
      this.#unownedSinceMs.delete(shardId);
      if (this.#lastOwner.get(shardId) !== owner) this.#captures++;
      this.#lastOwner.set(shardId, owner);
    }
  }
}
