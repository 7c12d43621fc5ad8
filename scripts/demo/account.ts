/**
 * Decides what became of every record: consumed, lost, delivered twice (and whether a kill excuses
 * that), or out of order. Pure: what was produced and the journal in, the account out.
 *
 * A second delivery is excused by a kill when the delivery before it was by a client that was killed
 * in between, another client made it, and it lies after the last checkpoint of the shard: the
 * clients may do again what was not committed, and nothing else.
 *
 * @module
 */

import type { Shard } from "../../mod.ts";
import type { JournalEntry, ProcessedEntry } from "./journal.ts";
import { findDisordered } from "./order.ts";

/** A record that the stream accepted. */
export interface ProducedRecord {
  /** From 0, in the order in which the producer put them. */
  readonly index: number;
  readonly key: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
}

/** What the account is taken of. */
export interface AccountFacts {
  readonly produced: readonly ProducedRecord[];
  /** In the order of the journal. */
  readonly entries: readonly JournalEntry[];
  /** Every shard that the stream ever had. */
  readonly shards: readonly Shard[];
}

/** What became of every record. */
export interface Account {
  readonly produced: number;
  /** How many different records were processed. */
  readonly consumed: number;
  readonly lost: number;
  /** Second deliveries that a kill excuses. */
  readonly duplicatesByKill: number;
  readonly duplicatesOtherwise: number;
  readonly outOfOrder: number;
  /** Deliveries of something that the producer does not know. */
  readonly unexpected: number;
  /** Some of what went wrong, in words. */
  readonly findings: readonly string[];
}

/** A delivery of a record that the producer knows. */
export interface Delivery {
  /** Its line in the journal. */
  readonly place: number;
  readonly entry: ProcessedEntry;
  readonly record: ProducedRecord;
  /** The delivery of the same record before this one. */
  readonly previous: Delivery | undefined;
}

const MAX_FINDINGS = 5;

/** Takes the account. */
export function takeAccount({ produced, entries, shards }: AccountFacts): Account {
  const { deliveries, unexpected } = collectDeliveries(produced, entries);
  const seen = new Set(deliveries.map(({ record }) => record.index));
  const lost = produced.filter(({ index }) => !seen.has(index));
  const repeated = deliveries.filter(({ previous }) => previous !== undefined);
  const killed = killsOf(entries);
  const otherwise = repeated.filter((delivery) => !isExcused(delivery, killed));
  const disordered = findDisordered(deliveries, { entries, shards });
  return {
    produced: produced.length,
    consumed: seen.size,
    lost: lost.length,
    duplicatesByKill: repeated.length - otherwise.length,
    duplicatesOtherwise: otherwise.length,
    outOfOrder: disordered.length,
    unexpected: unexpected.length,
    findings: [
      ...some(lost, (record) => `lost: ${describe(record)}`),
      ...some(
        otherwise,
        ({ entry, previous }) =>
          `twice: ${describe(entry)}, by ${previous?.entry.client} and by ${entry.client}`,
      ),
      ...some(disordered, ({ entry }) => `out of order: ${describe(entry)}, by ${entry.client}`),
      ...some(unexpected, (entry) => `unexpected: ${describe(entry)}, by ${entry.client}`),
    ],
  };
}

/** Whether nothing was lost, out of order, made up, or delivered twice without a kill. */
export function isSound(account: Account): boolean {
  const { lost, duplicatesOtherwise, outOfOrder, unexpected } = account;
  return lost + duplicatesOtherwise + outOfOrder + unexpected === 0;
}

function some<Item>(items: readonly Item[], words: (item: Item) => string): string[] {
  return items.slice(0, MAX_FINDINGS).map(words);
}

function describe(record: Pick<ProcessedEntry, "index" | "shardId" | "sequenceNumber">): string {
  return `record ${record.index} (${record.shardId}, ${record.sequenceNumber})`;
}

function collectDeliveries(
  produced: readonly ProducedRecord[],
  entries: readonly JournalEntry[],
): { readonly deliveries: Delivery[]; readonly unexpected: ProcessedEntry[] } {
  const records = new Map(produced.map((record) => [record.index, record]));
  const latest = new Map<number, Delivery>();
  const deliveries: Delivery[] = [];
  const unexpected: ProcessedEntry[] = [];
  for (const [place, entry] of entries.entries()) {
    if (entry.kind !== "processed") continue;
    const record = records.get(entry.index);
    const isKnown = record?.shardId === entry.shardId &&
      record.sequenceNumber === entry.sequenceNumber;
    if (!isKnown) {
      unexpected.push(entry);
      continue;
    }
    const delivery = { place, entry, record, previous: latest.get(entry.index) };
    latest.set(entry.index, delivery);
    deliveries.push(delivery);
  }
  return { deliveries, unexpected };
}

/** A kill, and how far each shard was checkpointed then. */
interface Kill {
  readonly place: number;
  readonly checkpoints: ReadonlyMap<string, bigint>;
}

function killsOf(entries: readonly JournalEntry[]): ReadonlyMap<string, Kill> {
  const checkpoints = new Map<string, bigint>();
  const kills = new Map<string, Kill>();
  entries.forEach((entry, place) => {
    if (entry.kind === "checkpointed") checkpoints.set(entry.shardId, BigInt(entry.sequenceNumber));
    if (entry.kind === "killed") {
      kills.set(entry.client, { place, checkpoints: new Map(checkpoints) });
    }
  });
  return kills;
}

function isExcused(
  { entry, place, previous }: Delivery,
  kills: ReadonlyMap<string, Kill>,
): boolean {
  if (previous === undefined || entry.client === previous.entry.client) return false;
  const kill = kills.get(previous.entry.client);
  if (kill === undefined || !(previous.place < kill.place && kill.place < place)) return false;
  return BigInt(entry.sequenceNumber) > (kill.checkpoints.get(entry.shardId) ?? -1n);
}
