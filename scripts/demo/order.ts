/**
 * Decides which deliveries are out of order.
 *
 * Within one client's tenure of a shard each delivery comes after the one before it; the first
 * deliveries of a shard, and those of a key, rise whoever makes them; and a shard is delivered only
 * after the last delivery of each of its ancestors.
 *
 * @module
 */

import type { Shard } from "../../mod.ts";
import type { Delivery } from "./account.ts";
import type { JournalEntry } from "./journal.ts";
import { ancestorsOf } from "./lineage.ts";

/** The deliveries that break a rule, each once. */
export function findDisordered(
  deliveries: readonly Delivery[],
  { entries, shards }: {
    readonly entries: readonly JournalEntry[];
    readonly shards: readonly Shard[];
  },
): readonly Delivery[] {
  const tenures = tenuresOf(entries);
  const lastPlaces = new Map(deliveries.map(({ entry, place }) => [entry.shardId, place]));
  const ancestors = ancestorsOf(shards);
  const inTenure = new Rising();
  const inShard = new Rising();
  const inKey = new Rising();
  return deliveries.filter(({ entry: { sequenceNumber, shardId }, place, previous, record }) => {
    const sequence = BigInt(sequenceNumber);
    // Each is asked, whatever the others say: each remembers what it has seen.
    const rises = [inTenure.take(tenures[place] ?? "", sequence)];
    if (previous === undefined) {
      rises.push(inShard.take(shardId, sequence), inKey.take(record.key, BigInt(record.index)));
    }
    const isEarly = (ancestors.get(shardId) ?? []).some((id) => (lastPlaces.get(id) ?? -1) > place);
    return isEarly || rises.includes(false);
  });
}

/** For each line of a processed record: the tenure of its shard, from one capture to the next. */
function tenuresOf(entries: readonly JournalEntry[]): readonly (string | undefined)[] {
  const captures = new Map<string, number>();
  return entries.map((entry, place) => {
    if (entry.kind !== "captured" && entry.kind !== "processed") return undefined;
    const owner = `${entry.client} ${entry.shardId}`;
    if (entry.kind === "captured") captures.set(owner, place);
    return `${owner} ${captures.get(owner)}`;
  });
}

/** Series that must rise. */
class Rising {
  readonly #highest = new Map<string, bigint>();

  /** Whether the value is above all before it. */
  take(name: string, value: bigint): boolean {
    const highest = this.#highest.get(name);
    if (highest !== undefined && value <= highest) return false;
    this.#highest.set(name, value);
    return true;
  }
}
