/**
 * The stand-in's membership: registers and looks at each shard check, shares by `i mod n`, leads
 * when its ID is the lowest, and at any change stops all of its consumers and starts them anew.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { consume, type Consuming, sleep, type Waiting } from "./consume.ts";
import { actAsLeader, type Leadership, readShardCache, resign } from "./lead.ts";
import {
  type Ask,
  askDynamoDb,
  askKinesis,
  type Endpoints,
  nowNs,
  scanAll,
  stamps,
  textOf,
} from "./wire.ts";

/** What the stand-in is made from. */
export interface ClientOptions extends Endpoints {
  readonly streamName: string;
  readonly applicationName: string;
  readonly clientName: string;
  readonly shardCheckMs: number;
  readonly leaderActionMs: number;
  readonly commitMs: number;
  readonly throttleMs: number;
  readonly bufferSize: number;
  /** How long each record takes. */
  readonly workMs: number;
  /** Is handed each record's data, in base 64. */
  readonly onRecord: (data: string) => void;
  readonly onError: (error: unknown) => void;
}

const LIVING_FACTOR = 5;
const FULL_WAIT_MS = 5;
const EMPTY_WAIT_MS = 5;

/** A client that follows the Go library's protocol. */
export class Client {
  readonly #options: ClientOptions;
  readonly #ask: Ask;
  readonly #askKinesis: Ask;
  readonly #clientId = randomUUID();
  readonly #stopping = new AbortController();
  readonly #buffer: Waiting[] = [];
  #view = "";
  #consumers: Promise<void>[] = [];
  #consuming = new AbortController();
  #leading: { readonly ending: AbortController; readonly done: Promise<void> } | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#ask = askDynamoDb(options);
    this.#askKinesis = askKinesis(options);
  }

  /** Stops in order. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Lives the client's life; resolves after an orderly stop. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#refresh().catch(this.#options.onError);
      await sleep(this.#options.shardCheckMs, signal);
    }
    await this.#stopConsumers();
    await this.#endLeading();
    await this.#ask("DeleteItem", {
      TableName: this.#clientsTable,
      Key: { ID: { S: this.#clientId } },
    });
  }

  get #clientsTable(): string {
    return `${this.#options.applicationName}_clients`;
  }

  async #refresh(): Promise<void> {
    const { clientName, shardCheckMs } = this.#options;
    await this.#ask("PutItem", {
      TableName: this.#clientsTable,
      Item: { ID: { S: this.#clientId }, Name: { S: clientName }, ...stamps(nowNs()) },
    });
    const cutoff = nowNs() - BigInt(shardCheckMs * LIVING_FACTOR) * 1_000_000n;
    const rows = await scanAll(this.#ask, this.#clientsTable, {
      FilterExpression: "LastUpdate > :cutoff",
      ExpressionAttributeValues: { ":cutoff": { N: String(cutoff) } },
    });
    const ids = rows.map((row) => textOf(row, "ID") ?? "").sort();
    const index = ids.indexOf(this.#clientId);
    if (index === -1) throw new Error("this client is not in the clients table");
    if (index === 0) this.#lead();
    else await this.#endLeading();
    const { shardIds } = await readShardCache({
      ask: this.#ask,
      applicationName: this.#options.applicationName,
    });
    const view = JSON.stringify([ids.length, index, shardIds]);
    if (view === this.#view) return;
    this.#view = view;
    await this.#stopConsumers();
    this.#startConsumers(shardIds.filter((_, each) => each % ids.length === index));
  }

  #startConsumers(shardIds: readonly string[]): void {
    const { applicationName, onError, shardCheckMs } = this.#options;
    this.#consuming = new AbortController();
    const { signal } = this.#consuming;
    const consuming: Consuming = {
      ...this.#options,
      ask: this.#ask,
      askKinesis: this.#askKinesis,
      tableName: `${applicationName}_checkpoints`,
      clientId: this.#clientId,
      maxAgeMs: shardCheckMs * LIVING_FACTOR,
      push: (record, stop) => this.#push(record, stop),
    };
    this.#consumers = shardIds.map((id) => consume(consuming, id, signal).catch(onError));
    this.#consumers.push(this.#handOver(signal));
  }

  async #stopConsumers(): Promise<void> {
    this.#consuming.abort();
    await Promise.all(this.#consumers);
    this.#buffer.length = 0; // what nobody was handed is read again
  }

  async #push(record: Waiting, stop: AbortSignal): Promise<boolean> {
    while (!stop.aborted && this.#buffer.length >= this.#options.bufferSize) {
      await sleep(FULL_WAIT_MS, stop);
    }
    if (stop.aborted) return false;
    this.#buffer.push(record);
    return true;
  }

  /** The checkpoint moves when a record is handed over. */
  async #handOver(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const next = this.#buffer.shift();
      if (next === undefined) {
        await sleep(EMPTY_WAIT_MS, stop);
        continue;
      }
      next.checkpoint.update(next.sequenceNumber);
      this.#options.onRecord(next.data);
      if (this.#options.workMs > 0) await sleep(this.#options.workMs, stop);
    }
  }

  #lead(): void {
    if (this.#leading !== undefined) return;
    const ending = new AbortController();
    this.#leading = { ending, done: this.#leadUntil(ending.signal) };
  }

  async #leadUntil(signal: AbortSignal): Promise<void> {
    const { leaderActionMs, onError } = this.#options;
    const leadership: Leadership = {
      ...this.#options,
      ask: this.#ask,
      askKinesis: this.#askKinesis,
      clientId: this.#clientId,
    };
    while (!signal.aborted) {
      await actAsLeader(leadership).catch(onError);
      await sleep(leaderActionMs, signal);
    }
    await resign(leadership).catch(onError);
  }

  async #endLeading(): Promise<void> {
    this.#leading?.ending.abort();
    await this.#leading?.done;
    this.#leading = undefined;
  }
}
