/**
 * Holds what a simulated fleet delivers and publishes against P2: each shard in order, and children
 * after their parents.
 *
 * @module
 */

import type { GoFaults } from "./go_faults.ts";
import type { SimulatedStream } from "./kinesis.ts";
import type { ProducedRecords, RecordKey } from "./produced_records.ts";
import type { SimulatedTables } from "./tables.ts";

/** What the order of deliveries is held against. */
export interface OrderFacts {
  readonly stream: SimulatedStream;
  readonly tables: SimulatedTables;
  readonly go: GoFaults;
  readonly records: ProducedRecords;
  /** By key: what was delivered. */
  readonly deliveries: Pick<ReadonlySet<string>, "has">;
  /** The first of a shard's first `count` records that is not processed. */
  readonly openAmong: (shardId: string, count: number) => string | undefined;
  /** Is told what breaks the promise. */
  readonly violate: (what: string) => void;
}

/** The order of deliveries. */
export class DeliveryOrder {
  readonly #facts: OrderFacts;
  /** How many records of each shard are known to be delivered without a gap. */
  readonly #deliveredWithoutGap = new Map<string, number>();
  /** The place of the last record that a client was handed of a shard since it captured it. */
  readonly #lastPlace = new Map<string, number>();

  constructor(facts: OrderFacts) {
    this.#facts = facts;
  }

  /** A client captured a shard: it may read again from the checkpoint. */
  captured(client: string, shardId: string): void {
    this.#lastPlace.delete(`${client}/${shardId}`);
  }

  /** No record is skipped, and none comes twice, or too late, while the shard stays captured. */
  checkDelivered(client: string, { shardId, sequenceNumber }: RecordKey): void {
    const { deliveries, records, violate } = this.#facts;
    const place = records.placeOf({ shardId, sequenceNumber });
    const facts = { shardId, count: place };
    const skipped = records.firstWithout(this.#deliveredWithoutGap, facts, deliveries);
    if (skipped !== undefined) {
      violate(`${shardId}: ${sequenceNumber} was delivered before ${skipped}`);
    }
    const key = `${client}/${shardId}`;
    const last = this.#lastPlace.get(key);
    if (last !== undefined && place <= last) {
      violate(`${shardId}: ${client} was handed ${sequenceNumber} out of order`);
    }
    this.#lastPlace.set(key, place);
  }

  /** No record of a child before every record of its parents is processed. */
  checkParents(shardId: string): void {
    const { openAmong, records, stream, violate } = this.#facts;
    const shard = stream.shards().find((each) => each.shardId === shardId);
    for (const parentId of [shard?.parentShardId, shard?.adjacentParentShardId]) {
      if (!parentId) continue;
      const open = openAmong(parentId, records.countOf(parentId));
      if (open !== undefined) {
        violate(`${shardId} was read before ${open} of its parent was processed`);
      }
    }
  }

  /** Ours publish no child before its parents are finished, so that Go clients wait too. */
  checkPublished(): void {
    const { go, stream, tables, violate } = this.#facts;
    const listed = new Map(stream.shards().map((shard) => [shard.shardId, shard]));
    const rows = tables.checkpoints();
    const finished = new Set(rows.filter((row) => row.isFinished).map(({ shardId }) => shardId));
    for (const shardId of tables.shardCache()?.shardIds ?? []) {
      const { parentShardId, adjacentParentShardId } = listed.get(shardId) ?? {};
      const open = [parentShardId, adjacentParentShardId]
        .find((id) => id !== undefined && listed.has(id) && !finished.has(id));
      if (open === undefined || go.mayPrecedeParents(shardId)) continue;
      violate(`${shardId} was published before its parent ${open} was finished`);
    }
  }
}
