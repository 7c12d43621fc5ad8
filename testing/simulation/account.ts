/**
 * Keeps the account of a simulated fleet: what was produced, delivered, processed and checkpointed,
 * and which promise each breach would break.
 *
 * @module
 */

import type { Item } from "../../src/aws/dynamodb_api.ts";
import type { Checkpoint, ClientRow, KinsumerRecord } from "../../src/model.ts";
import type { Clock } from "../../src/runtime.ts";
import { parseCheckpoint } from "../../src/tables/checkpoints.ts";
import { parseClientRow } from "../../src/tables/clients.ts";
import { DeliveryOrder } from "./delivery_order.ts";
import { GoFaults } from "./go_faults.ts";
import type { SimulatedStream } from "./kinesis.ts";
import { keyOf, ProducedRecords, type RecordKey } from "./produced_records.ts";
import type { SimulatedTables } from "./tables.ts";

/** A promise of the protocol. */
export type PromiseName = "P1" | "P2" | "P3" | "P4" | "P5" | "P6" | "P7" | "P8";

/** A promise that was not kept. */
export interface Violation {
  readonly promise: PromiseName;
  readonly what: string;
  /** Simulated milliseconds from the start. */
  readonly atMs: number;
}

/** A delivery of a record. */
export interface Delivery {
  readonly client: string;
  readonly atMs: number;
}

/** A record that was delivered more than once. */
export interface Duplicate {
  readonly key: string;
  readonly deliveries: readonly Delivery[];
}

/** The account of a fleet. Clients go by their names, one for each process. */
export class FleetAccount {
  readonly violations: Violation[] = [];
  readonly #tables: SimulatedTables;
  readonly #clock: Clock;
  readonly #records = new ProducedRecords();
  readonly #deliveries = new Map<string, Delivery[]>();
  readonly #processed = new Set<string>();
  /** How many records of each shard are known to be processed without a gap. */
  readonly #processedWithoutGap = new Map<string, number>();
  readonly #order: DeliveryOrder;
  readonly #excused = new Set<string>();
  readonly #clientIds = new Map<string, string>();
  readonly #names = new Map<string, string>();
  /** When each checkpoint row was last written. */
  readonly #writtenAtMs = new Map<string, number>();
  readonly #go: GoFaults;

  constructor(world: {
    readonly stream: SimulatedStream;
    readonly tables: SimulatedTables;
    readonly clock: Clock;
  }) {
    this.#tables = world.tables;
    this.#clock = world.clock;
    this.#go = new GoFaults(world.clock);
    this.#order = new DeliveryOrder({
      ...world,
      go: this.#go,
      records: this.#records,
      deliveries: this.#deliveries,
      openAmong: (shardId, count) => this.#openAmong(shardId, count),
      violate: (what) => this.violate("P2", what),
    });
    world.tables.onChange(({ table, key, before, after }) => {
      if (table === "metadata" && key === "ShardCache") this.#order.checkPublished();
      if (table === "clients" && before && after) this.#checkBeat(before, after);
      if (table !== "checkpoints" || after === undefined) return;
      const row = parseCheckpoint(after);
      this.#checkpointed(before && parseCheckpoint(before), row);
      this.#writtenAtMs.set(row.shardId, this.#clock.monotonicMs());
    });
  }

  /** How many different records were processed. */
  get processedCount(): number {
    return this.#processed.size;
  }

  /** How many records were produced. */
  get producedCount(): number {
    return this.#records.count;
  }

  /** Whether every record that was produced is processed. */
  get isComplete(): boolean {
    return this.processedCount >= this.producedCount;
  }

  /** A client's name stands for this client ID. */
  known(client: string, clientId: string): void {
    this.#clientIds.set(client, clientId);
    this.#names.set(clientId, client);
  }

  /** What is told of the Go clients in the fleet. */
  get go(): GoFaults {
    return this.#go;
  }

  /** A Go client was killed: what it was handed and did not commit comes again. */
  goKilled(name: string, clientId: string): void {
    this.excuse(name);
    this.#go.gone(clientId);
  }

  /** P4: a date that was put back looks like no beat to who saw it before: the living look dead. */
  #checkBeat(...items: readonly [before: Item, after: Item]): void {
    const [before, after] = items.map(parseClientRow) as [ClientRow, ClientRow];
    if (before.incarnation === undefined || before.incarnation !== after.incarnation) return;
    if (BigInt(after.lastUpdate) >= BigInt(before.lastUpdate)) return;
    const name = this.#names.get(after.clientId) ?? after.clientId;
    this.violate("P4", `the row of ${name} went back to an older date`);
  }

  /** How long a checkpoint row has not been written: milliseconds. */
  rowAgeMs(shardId: string): number {
    return this.#clock.monotonicMs() - (this.#writtenAtMs.get(shardId) ?? 0);
  }

  /** Whether what a client was handed may come again. */
  isExcused(client: string): boolean {
    return this.#excused.has(client);
  }

  /** What this client was handed may be delivered again: it crashed, hung or was cut off. */
  excuse(client: string): void {
    this.#excused.add(client);
  }

  produced(record: RecordKey): void {
    this.#records.add(record);
  }

  /** A client captured a shard: it may read again from the checkpoint. */
  captured(client: string, shardId: string): void {
    this.#order.captured(client, shardId);
    this.#go.captured(client, shardId);
  }

  delivered(client: string, record: KinsumerRecord): void {
    this.#checkOwner(client, record);
    const isFirst = this.#handOver(client, record);
    if (isFirst) this.#order.checkParents(record.shardId);
  }

  /** A Go client was handed a record, and processed it at that moment. */
  deliveredToGo(client: string, record: RecordKey): void {
    this.#go.handsOver(client, record.shardId);
    const isFirst = this.#handOver(client, record);
    const { shardId } = record;
    if (isFirst && !this.#go.mayPrecedeParents(shardId)) this.#order.checkParents(shardId);
    this.processed(client, record);
  }

  /** @returns whether nobody was handed the record before */
  #handOver(client: string, record: RecordKey): boolean {
    const key = keyOf(record);
    const atMs = this.#clock.monotonicMs();
    const earlier = this.#deliveries.get(key) ?? [];
    this.#deliveries.set(key, [...earlier, { client, atMs }]);
    this.#order.checkDelivered(client, record);
    if (earlier.length === 0) return true;
    const place = this.#records.placeOf(record);
    const mayRepeat = earlier.some((each) =>
      this.#excused.has(each.client) || this.#go.mayRepeat(record.shardId, { ...each, place })
    );
    if (!mayRepeat && !this.#go.mayRepeat(record.shardId, { client, atMs, place })) {
      const before = earlier.at(-1)?.client;
      this.violate("P3", `${key} was delivered again, to ${client} after ${before}`);
    }
    return false;
  }

  /** A handler begins with a record; whether it may, but for the owner, its caller checks. */
  begun(client: string, record: KinsumerRecord): void {
    const key = keyOf(record);
    const earlier = this.#deliveries.get(key) ?? [];
    this.#deliveries.set(key, [...earlier, { client, atMs: this.#clock.monotonicMs() }]);
    this.#checkOwner(client, record);
    if (earlier.length === 0) this.#order.checkParents(record.shardId);
  }

  /** The first record before this one, in its shard, that is not processed. */
  openBefore(record: RecordKey): string | undefined {
    return this.#openAmong(record.shardId, this.#records.placeOf(record));
  }

  processed(_client: string, record: RecordKey): void {
    this.#processed.add(keyOf(record));
  }

  /** Records that were delivered more than once. */
  duplicates(): readonly Duplicate[] {
    return [...this.#deliveries].map(([key, deliveries]) => ({ key, deliveries }))
      .filter(({ deliveries }) => deliveries.length > 1);
  }

  /** Records that were produced and not processed. */
  open(): readonly string[] {
    return this.#records.keys().filter((key) => !this.#processed.has(key));
  }

  /** Notes that a promise was not kept. */
  violate(promise: PromiseName, what: string): void {
    this.violations.push({ promise, what, atMs: this.#clock.monotonicMs() });
  }

  #checkpointed(before: Checkpoint | undefined, after: Checkpoint): void {
    const { shardId, sequenceNumber } = after;
    const earlier = before?.sequenceNumber;
    const hasMovedBack = earlier !== undefined && /^\d+$/.test(earlier) &&
      (sequenceNumber === undefined || BigInt(sequenceNumber) < BigInt(earlier));
    const covered = after.isFinished
      ? this.#records.countOf(shardId)
      : this.#records.coveredCount(shardId, sequenceNumber);
    const isTaken = before?.ownerId !== undefined && after.ownerId !== undefined &&
      before.ownerId !== after.ownerId;
    if (isTaken) this.#taken(before, after, covered);
    const isGoCapture = before?.ownerId !== after.ownerId && this.#go.nameOf(after.ownerId);
    if (hasMovedBack && isGoCapture) {
      const to = this.#records.coveredCount(shardId, earlier);
      this.#go.putBack(shardId, { from: covered, to });
    } else if (hasMovedBack) {
      this.violate(
        "P4",
        `${shardId}: the checkpoint went from ${earlier} back to ${sequenceNumber}`,
      );
    }
    const missed = this.#openAmong(shardId, covered);
    if (missed !== undefined) {
      this.violate(
        "P1",
        `${shardId}: checkpoint ${sequenceNumber} covers ${missed}, not processed`,
      );
    }
  }

  /** P4: nobody takes a shard from a living Go client, and none of ours lets Go think it dead. */
  #taken(before: Checkpoint, after: Checkpoint, covered: number): void {
    const { shardId } = after;
    const { ownerId: formerId = "" } = before;
    const former = this.#names.get(formerId) ?? formerId;
    const goTaker = this.#go.nameOf(after.ownerId);
    const goFormer = this.#go.nameOf(formerId);
    if (goTaker === undefined) {
      if (goFormer === undefined || !this.#go.isLiving(formerId)) return;
      return this.violate("P4", `${after.ownerId} took ${shardId} from ${goFormer}, which lives`);
    }
    this.#go.took(shardId, goFormer ?? former, covered);
    if (goFormer !== undefined) return this.excuse(goFormer);
    const ageMs = this.rowAgeMs(shardId);
    if (ageMs >= this.#go.maxAgeMs && !this.#excused.has(former)) {
      this.violate("P4", `${former} let the row of ${shardId} get ${ageMs} ms old: Go took it`);
    }
  }

  /** P4: a record is handed over only by the shard's owner, and with a live signal. */
  #checkOwner(client: string, { shardId, signal }: KinsumerRecord): void {
    if (signal.aborted) this.violate("P4", `${client} was handed a record of lost ${shardId}`);
    const clientId = this.#clientIds.get(client);
    const row = this.#tables.checkpoints().find((each) => each.shardId === shardId);
    if (row?.ownerId !== clientId && !this.#go.mayBeUnaware(client, shardId)) {
      this.violate("P4", `${client} was handed a record of ${shardId}, which ${row?.ownerId} owns`);
    }
  }

  /** The first of a shard's first `count` records that is not processed. */
  #openAmong(shardId: string, count: number): string | undefined {
    return this.#records.firstWithout(
      this.#processedWithoutGap,
      { shardId, count },
      this.#processed,
    );
  }
}
