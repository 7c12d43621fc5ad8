/**
 * Keeps full account of what a fleet hands over: every record exactly once, each shard's in the
 * order of its sequence numbers, each key's in the order in which it was put.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Kinsumer } from "../src/kinsumer.ts";
import type { KinsumerRecord } from "../src/model.ts";
import { systemRuntime } from "../src/runtime.ts";
import type { PutRecord, PutResult } from "./streams.ts";

/** One record in somebody's hands. */
export interface Delivery {
  readonly clientId: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** The record's place among those of its key, from 0. */
  readonly ordinal: number;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

const { clock } = systemRuntime();

/**
 * Waits until a condition holds, looking at it every 10 ms.
 *
 * @param what completes "still not so: …"
 * @param condition a value that counts as false, or a failed assertion, means: not yet
 * @param withinMs a deadline, far beyond what is expected
 */
export async function eventually<Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  withinMs = 15_000,
): Promise<NonNullable<Value>> {
  const untilMs = clock.monotonicMs() + withinMs;
  for (;;) {
    let problem: unknown;
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      if (!(error instanceof assert.AssertionError)) throw error;
      problem = error;
    }
    if (clock.monotonicMs() > untilMs) {
      const message = `Still not so after ${withinMs} ms: ${what}`;
      throw new Error(message, { cause: problem });
    }
    await clock.sleep(10);
  }
}

/** Makes records that know their place among those of their key. */
export class Producer {
  readonly #ordinals = new Map<string, number>();
  readonly #keyCount: number;
  #made = 0;

  constructor(options: { readonly keyCount?: number } = {}) {
    this.#keyCount = options.keyCount ?? 97;
  }

  /** The next so many records, spread over the keys. */
  make(count: number): PutRecord[] {
    return Array.from({ length: count }, () => {
      const partitionKey = `key-${this.#made++ % this.#keyCount}`;
      const ordinal = this.#ordinals.get(partitionKey) ?? 0;
      this.#ordinals.set(partitionKey, ordinal + 1);
      return { partitionKey, data: JSON.stringify({ ordinal }) };
    });
  }
}

/** What was handed over, by whom, in the order in which it was. */
export class Collector {
  readonly deliveries: Delivery[] = [];
  readonly #timesById = new Map<string, number>();

  /** Notes a record. */
  add(record: KinsumerRecord, clientId: string): Delivery {
    const { shardId, sequenceNumber, partitionKey = "" } = record;
    const { ordinal } = record.json() as { readonly ordinal: number };
    const atMs = clock.monotonicMs();
    const delivery = { clientId, shardId, sequenceNumber, partitionKey, ordinal, atMs };
    this.deliveries.push(delivery);
    this.#timesById.set(idOf(record), this.timesOf(record) + 1);
    return delivery;
  }

  /**
   * Consumes until the consumer stops, or fails.
   *
   * @param options.work takes its time over a record
   */
  async consume(
    kinsumer: Kinsumer,
    options: { readonly work?: (record: KinsumerRecord) => Promise<void> | undefined } = {},
  ): Promise<void> {
    for await (const record of kinsumer) {
      this.add(record, kinsumer.clientId);
      await options.work?.(record);
    }
  }

  /** How many different records were handed over. */
  get distinctCount(): number {
    return this.#timesById.size;
  }

  /** How often this record was handed over. */
  timesOf(record: PutResult): number {
    return this.#timesById.get(idOf(record)) ?? 0;
  }

  /** The records that were handed over before. */
  duplicates(): readonly Delivery[] {
    const seen = new Set<string>();
    return this.deliveries.filter((each) => seen.size === seen.add(idOf(each)).size);
  }

  /** The last record of each shard. */
  lastByShard(): ReadonlyMap<string, string> {
    return new Map(this.deliveries.map((each) => [each.shardId, each.sequenceNumber]));
  }

  /** Waits until every record was handed over at least once. */
  async all(put: readonly PutResult[], withinMs?: number): Promise<void> {
    const count = () => put.filter((each) => this.timesOf(each) > 0).length;
    try {
      await eventually("all records are handed over", () => count() === put.length, withinMs);
    } catch {
      assert.fail(`${put.length - count()} of ${put.length} records were not handed over in time`);
    }
  }

  /** Every record that was put was handed over once, and nothing else was; all in order. */
  assertExactlyOnce(put: readonly PutResult[]): void {
    const lost = put.filter((each) => this.timesOf(each) === 0);
    assert.deepEqual(lost.slice(0, 5), [], `${lost.length} of ${put.length} records are lost`);
    const twice = this.duplicates();
    assert.deepEqual(twice.slice(0, 5), [], `${twice.length} records were handed over again`);
    assert.equal(this.distinctCount, put.length, "records that nobody put");
    this.assertOrdered();
  }

  /** First deliveries are in order, by shard and by key, whichever clients made them. */
  assertOrdered(): void {
    const lastByShard = new Map<string, bigint>();
    const lastByKey = new Map<string, number>();
    const repeated = new Set(this.duplicates());
    for (const each of this.deliveries) {
      if (repeated.has(each)) continue;
      const { shardId, sequenceNumber, partitionKey, ordinal } = each;
      const last = lastByShard.get(shardId) ?? -1n;
      assert.ok(last < BigInt(sequenceNumber), `${shardId}: ${sequenceNumber} came after ${last}`);
      lastByShard.set(shardId, BigInt(sequenceNumber));
      const lastOfKey = lastByKey.get(partitionKey) ?? -1;
      assert.ok(lastOfKey < ordinal, `${partitionKey}: ${ordinal} came after ${lastOfKey}`);
      lastByKey.set(partitionKey, ordinal);
    }
  }
}

function idOf({ shardId, sequenceNumber }: PutResult): string {
  return `${shardId}/${sequenceNumber}`;
}
