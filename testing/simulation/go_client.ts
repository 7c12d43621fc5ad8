/**
 * A client of the Go library in a simulated world: registers and looks at each shard check, shares
 * by `i mod n` of the sorted shard cache, leads while its ID is the lowest, and at any change stops
 * all of its consumers and starts them anew.
 *
 * It judges age by its own wall clock, checkpoints what it has handed over, and renews nothing. Its
 * program processes a record at the moment of the hand-over, so that even its crash loses none: what
 * is lost beside it is ours to answer for.
 *
 * @module
 */

import type { KinesisApi } from "../../src/aws/kinesis.ts";
import type { Item } from "../../src/aws/dynamodb_api.ts";
import type { Clock } from "../../src/runtime.ts";
import { readString, readStrings } from "../../src/tables/item.ts";
import { actAsGoLeader, type GoLeadership, resignAsGo } from "./go_lead.ts";
import { type GoRecord, GoShard, type GoShardContext } from "./go_shard.ts";
import { goNanoseconds, goStamps, GoTables, lastUpdateOf } from "./go_tables.ts";
import type { SimulatedTables } from "./tables.ts";

/** How a simulated Go client is started. */
export interface GoClientOptions {
  readonly clientId: string;
  readonly clock: Clock;
  readonly tables: SimulatedTables;
  readonly kinesis: KinesisApi;
  /** Between two shard checks, and between two leader actions: milliseconds. */
  readonly checkIntervalMs: number;
  readonly commitIntervalMs: number;
  /** How long its program takes from one record to the next: milliseconds. */
  readonly workMs: number;
  readonly onCaptured: (shardId: string) => void;
  /** It leads, and published these. */
  readonly onPublished: (shardIds: readonly string[]) => void;
  readonly onRecord: (
    record: { readonly shardId: string; readonly sequenceNumber: string },
  ) => void;
  /** An error ends its program, which stops in order. */
  readonly onError: (error: unknown) => void;
}

/** How many of its shard checks the Go library waits before it takes anybody for dead. */
const MAX_AGE_FACTOR = 5;
const THROTTLE_MS = 250;
const BUFFER_SIZE = 100;

/** A client of the Go library. */
export class GoClient {
  readonly #options: GoClientOptions;
  readonly #tables: GoTables;
  readonly #stopping = new AbortController();
  readonly #buffer: GoRecord[] = [];
  readonly #waiters: (() => void)[] = [];
  #view = "";
  #consuming = new AbortController();
  #consumers: Promise<void>[] = [];
  #leading: { readonly ending: AbortController; readonly done: Promise<void> } | undefined;

  constructor(options: GoClientOptions) {
    this.#options = options;
    this.#tables = new GoTables(options.tables, options.clock);
  }

  /** Stops in order. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Lives the client's life; resolves after an orderly stop. */
  async run(): Promise<void> {
    const { checkIntervalMs, clientId, clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#refresh().catch((error: unknown) => this.#fail(error));
      await clock.sleep(checkIntervalMs, signal);
    }
    await this.#stopConsumers();
    await this.#endLeading();
    await this.#tables.remove("clients", clientId);
  }

  #fail(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#options.onError(error);
    this.stop();
  }

  async #refresh(): Promise<void> {
    const { clientId } = this.#options;
    await this.#tables.put("clients", () => this.#row());
    const ids = await this.#livingIds();
    const index = ids.indexOf(clientId);
    if (index === -1) throw new Error("this client is not in the clients table");
    if (index === 0) this.#lead();
    else await this.#endLeading();
    const cache = await this.#tables.get("metadata", "ShardCache");
    const shardIds = cache === undefined ? [] : readStrings(cache, "ShardIDs");
    const view = JSON.stringify([ids.length, index, shardIds]);
    if (view === this.#view) return;
    this.#view = view;
    await this.#stopConsumers();
    this.#startConsumers(shardIds.filter((_, each) => each % ids.length === index));
  }

  #row(): Item {
    const { clientId, clock } = this.#options;
    return { ID: { S: clientId }, Name: { S: clientId }, ...goStamps(clock) };
  }

  async #livingIds(): Promise<readonly string[]> {
    const rows = await this.#tables.list("clients");
    const cutoff = BigInt(goNanoseconds(this.#options.clock.nowMs() - this.#maxAgeMs));
    return rows.filter((row) => lastUpdateOf(row) > cutoff)
      .map((row) => readString(row, "ID") ?? "").sort();
  }

  get #maxAgeMs(): number {
    return MAX_AGE_FACTOR * this.#options.checkIntervalMs;
  }

  #startConsumers(shardIds: readonly string[]): void {
    const { clientId, clock, commitIntervalMs, kinesis, onCaptured } = this.#options;
    this.#consuming = new AbortController();
    const { signal } = this.#consuming;
    const context: GoShardContext = {
      clientId,
      clock,
      commitIntervalMs,
      kinesis,
      onCaptured,
      tables: this.#tables,
      maxAgeMs: this.#maxAgeMs,
      throttleMs: THROTTLE_MS,
      push: (record, stop) => this.#push(record, stop),
    };
    this.#consumers = shardIds.map((shardId) =>
      new GoShard(context, shardId).run(signal).catch((error: unknown) => this.#fail(error))
    );
    this.#consumers.push(this.#handOver(signal));
  }

  async #stopConsumers(): Promise<void> {
    this.#consuming.abort();
    this.#change();
    await Promise.all(this.#consumers);
    this.#buffer.length = 0; // what nobody was handed is read again
  }

  async #push(record: GoRecord, stop: AbortSignal): Promise<boolean> {
    while (!stop.aborted && this.#buffer.length >= BUFFER_SIZE) await this.#changed();
    if (stop.aborted) return false;
    this.#buffer.push(record);
    this.#change();
    return true;
  }

  /** The checkpoint moves when a record is handed over. */
  async #handOver(stop: AbortSignal): Promise<void> {
    const { clock, onRecord, workMs } = this.#options;
    while (!stop.aborted) {
      const next = this.#buffer.shift();
      if (next === undefined) {
        await this.#changed();
        continue;
      }
      this.#change();
      const { sequenceNumber, shard } = next;
      onRecord({ shardId: shard.shardId, sequenceNumber });
      shard.handedOver(sequenceNumber);
      if (workMs > 0) await clock.sleep(workMs, stop);
    }
  }

  /** Resolves when the buffer has changed, or the stop has come. */
  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #change(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #lead(): void {
    if (this.#leading !== undefined) return;
    const ending = new AbortController();
    this.#leading = { ending, done: this.#leadUntil(ending.signal) };
  }

  async #leadUntil(signal: AbortSignal): Promise<void> {
    const { checkIntervalMs, clientId, clock, kinesis, onPublished } = this.#options;
    const leadership: GoLeadership = {
      clientId,
      clock,
      kinesis,
      onPublished,
      tables: this.#tables,
      actionIntervalMs: checkIntervalMs,
      maxAgeMs: this.#maxAgeMs,
    };
    while (!signal.aborted) {
      await actAsGoLeader(leadership).catch((error: unknown) => this.#fail(error));
      await clock.sleep(checkIntervalMs, signal);
    }
    await resignAsGo(leadership);
  }

  async #endLeading(): Promise<void> {
    this.#leading?.ending.abort();
    await this.#leading?.done;
    this.#leading = undefined;
  }
}
