/**
 * Keeps the account of a simulated fleet: what was produced, delivered, processed and checkpointed,
 * and which promise each breach would break.
 *
 * @module
 */

import type { KinsumerRecord } from "../../src/model.ts";
import type { Clock } from "../../src/runtime.ts";
import { parseCheckpoint } from "../../src/tables/checkpoints.ts";
import type { SimulatedStream } from "./kinesis.ts";
import type { SimulatedTables } from "./tables.ts";

/** A promise that was not kept. */
export interface Violation {
  readonly promise: "P1" | "P2" | "P3" | "P4";
  readonly what: string;
  readonly atMs: number;
}

/** A delivery of a record. */
export interface Delivery {
  readonly client: string;
  readonly atMs: number;
}

/** The account of a fleet. */
export interface FleetAccount {
  produced(record: { readonly shardId: string; readonly sequenceNumber: string }): void;
  delivered(client: string, record: KinsumerRecord): void;
  processed(client: string, record: KinsumerRecord): void;
  /** How many different records were processed. */
  readonly processedCount: number;
  /** How many records were produced. */
  readonly producedCount: number;
  /** Whether every record that was produced is processed. */
  readonly isComplete: boolean;
  /** Records that were delivered more than once. */
  duplicates(): readonly { readonly key: string; readonly deliveries: readonly Delivery[] }[];
  /** Promises that were not kept so far. */
  readonly violations: readonly Violation[];
}

/** Opens the account of a fleet. */
export function createFleetAccount(world: {
  readonly stream: SimulatedStream;
  readonly tables: SimulatedTables;
  readonly clock: Clock;
}): FleetAccount {
  const account = new Account(world.stream, world.clock);
  world.tables.onChange(({ table, before, after }) => {
    if (table !== "checkpoints") return;
    account.checkpointed(before && parseCheckpoint(before), after && parseCheckpoint(after));
  });
  return account;
}

type Row = ReturnType<typeof parseCheckpoint> | undefined;

class Account implements FleetAccount {
  readonly violations: Violation[] = [];
  readonly #stream: SimulatedStream;
  readonly #clock: Clock;
  readonly #produced = new Map<string, string[]>();
  readonly #deliveries = new Map<string, Delivery[]>();
  readonly #processed = new Set<string>();

  constructor(stream: SimulatedStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  get processedCount(): number {
    return this.#processed.size;
  }

  get producedCount(): number {
    let count = 0;
    for (const records of this.#produced.values()) count += records.length;
    return count;
  }

  get isComplete(): boolean {
    return this.processedCount >= this.producedCount;
  }

  produced({ shardId, sequenceNumber }: { shardId: string; sequenceNumber: string }): void {
    const records = this.#produced.get(shardId) ?? [];
    records.push(sequenceNumber);
    this.#produced.set(shardId, records);
  }

  delivered(client: string, record: KinsumerRecord): void {
    const key = keyOf(record);
    const earlier = this.#deliveries.get(key) ?? [];
    this.#deliveries.set(key, [...earlier, { client, atMs: this.#clock.monotonicMs() }]);
    this.#checkOrder(client, record);
    if (earlier.length === 0) this.#checkParents(record.shardId);
  }

  processed(_client: string, record: KinsumerRecord): void {
    this.#processed.add(keyOf(record));
  }

  duplicates(): readonly { readonly key: string; readonly deliveries: readonly Delivery[] }[] {
    return [...this.#deliveries].map(([key, deliveries]) => ({ key, deliveries }))
      .filter(({ deliveries }) => deliveries.length > 1);
  }

  checkpointed(before: Row, after: Row): void {
    if (after === undefined) return;
    const { shardId, sequenceNumber } = after;
    const earlier = before?.sequenceNumber;
    if (earlier !== undefined && /^\d+$/.test(earlier)) {
      if (sequenceNumber === undefined || BigInt(sequenceNumber) < BigInt(earlier)) {
        this.#violate(
          "P4",
          `${shardId}: checkpoint moved back from ${earlier} to ${sequenceNumber}`,
        );
      }
    }
    const produced = this.#produced.get(shardId) ?? [];
    const covered = after.isFinished
      ? produced
      : produced.filter((each) => isCovered(each, sequenceNumber));
    const missed = covered.find((each) => !this.#processed.has(`${shardId}/${each}`));
    if (missed !== undefined) {
      this.#violate(
        "P1",
        `${shardId}: checkpoint ${sequenceNumber} covers ${missed}, not processed`,
      );
    }
  }

  #checkOrder(client: string, { shardId, sequenceNumber, signal }: KinsumerRecord): void {
    if (signal.aborted) {
      this.#violate("P4", `${shardId}: ${client} was handed a record of a lost shard`);
    }
    const produced = this.#produced.get(shardId) ?? [];
    const index = produced.indexOf(sequenceNumber);
    const skipped = produced.slice(0, index).find((each) =>
      !this.#deliveries.has(`${shardId}/${each}`)
    );
    if (skipped !== undefined) {
      this.#violate("P2", `${shardId}: ${sequenceNumber} was delivered before ${skipped}`);
    }
  }

  #checkParents(shardId: string): void {
    const shard = this.#stream.shards().find((each) => each.shardId === shardId);
    for (const parentId of [shard?.parentShardId, shard?.adjacentParentShardId]) {
      if (parentId === undefined) continue;
      const open = this.#produced.get(parentId)?.find((each) =>
        !this.#processed.has(`${parentId}/${each}`)
      );
      if (open !== undefined) {
        this.#violate("P2", `${shardId} was read before its parent's record ${open} was processed`);
      }
    }
  }

  #violate(promise: Violation["promise"], what: string): void {
    this.violations.push({ promise, what, atMs: this.#clock.monotonicMs() });
  }
}

function isCovered(sequenceNumber: string, checkpoint: string | undefined): boolean {
  return checkpoint !== undefined && /^\d+$/.test(checkpoint) &&
    BigInt(sequenceNumber) <= BigInt(checkpoint);
}

function keyOf({ shardId, sequenceNumber }: { shardId: string; sequenceNumber: string }): string {
  return `${shardId}/${sequenceNumber}`;
}
