/**
 * Remembers what was produced in each shard, in order: the place of each record, and how many of them
 * a checkpoint covers.
 *
 * @module
 */

import type { KinsumerRecord } from "../../src/model.ts";

/** What names a record. */
export type RecordKey = Pick<KinsumerRecord, "shardId" | "sequenceNumber">;

/** What was produced. */
export class ProducedRecords {
  readonly #shards = new Map<
    string,
    { readonly ids: string[]; readonly places: Map<string, number> }
  >();
  #count = 0;

  /** How many records were produced. */
  get count(): number {
    return this.#count;
  }

  add({ shardId, sequenceNumber }: RecordKey): void {
    let shard = this.#shards.get(shardId);
    if (shard === undefined) this.#shards.set(shardId, shard = { ids: [], places: new Map() });
    shard.places.set(sequenceNumber, shard.ids.length);
    shard.ids.push(sequenceNumber);
    this.#count++;
  }

  /** How many records a shard got. */
  countOf(shardId: string): number {
    return this.#shards.get(shardId)?.ids.length ?? 0;
  }

  /** Its place in its shard, from 0. */
  placeOf({ shardId, sequenceNumber }: RecordKey): number {
    return this.#shards.get(shardId)?.places.get(sequenceNumber) ?? 0;
  }

  /** The keys of all records. */
  keys(): readonly string[] {
    return [...this.#shards].flatMap(([shardId, { ids }]) =>
      ids.map((sequenceNumber) => keyOf({ shardId, sequenceNumber }))
    );
  }

  /** How many records of a shard a checkpoint covers. */
  coveredCount(shardId: string, sequenceNumber: string | undefined): number {
    if (sequenceNumber === undefined || !/^\d+$/.test(sequenceNumber)) return 0;
    const { ids = [], places } = this.#shards.get(shardId) ?? {};
    const place = places?.get(sequenceNumber);
    if (place !== undefined) return place + 1;
    return ids.filter((id) => BigInt(id) <= BigInt(sequenceNumber)).length;
  }

  /**
   * The first of a shard's first `count` records whose key is not among these.
   *
   * @param withoutGap how many of each shard are known to be: what is found is remembered there
   */
  firstWithout(
    withoutGap: Map<string, number>,
    { shardId, count }: { readonly shardId: string; readonly count: number },
    keys: Pick<ReadonlySet<string>, "has">,
  ): string | undefined {
    const { ids = [] } = this.#shards.get(shardId) ?? {};
    let place = withoutGap.get(shardId) ?? 0;
    while (place < count && keys.has(`${shardId}/${ids[place]}`)) place++;
    withoutGap.set(shardId, place);
    return place < count ? `${shardId}/${ids[place]}` : undefined;
  }
}

/** One string for a record. */
export function keyOf({ shardId, sequenceNumber }: RecordKey): string {
  return `${shardId}/${sequenceNumber}`;
}
