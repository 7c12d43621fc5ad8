/**
 * Decides who is alive.
 *
 * A row is dead when this observer has seen it unchanged for its time to live, by its own monotonic
 * clock: no clock of another host is compared with ours, so skew steals nothing. One exception: a
 * row of the Go library lives by wall clocks; at first sight it is dead when it is older than its
 * time to live by more than {@linkcode SKEW_ALLOWANCE_MS}.
 *
 * @module
 */

/** How many of its shard check intervals the Go library counts a client as alive. */
const GO_MAX_AGE_FACTOR = 5;

/** After how long without a beat the Go library takes a client for dead. */
export function goMaxAgeMs(goShardCheckIntervalMs: number): number {
  return GO_MAX_AGE_FACTOR * goShardCheckIntervalMs;
}

/** The largest difference between two hosts' wall clocks that must not cost a living client its shards. */
export const SKEW_ALLOWANCE_MS = 600_000;

/** A row that beats. */
export interface BeatingRow {
  readonly id: string;
  /** Changes with each beat: Unix nanoseconds by the writer's clock. */
  readonly lastUpdate: string;
  /** Absent in rows of the Go library. */
  readonly maxAgeMs?: number | undefined;
  /** For how long observers before this one have seen it without a beat, one after the other. */
  readonly witnessedMs?: number | undefined;
}

/** What one observer has seen of one row. Times are the observer's monotonic milliseconds. */
export interface Sighting {
  readonly lastUpdate: string;
  /** When the answer arrived that first showed this value. */
  readonly sinceMs: number;
  /** When the latest read that still showed it was sent. */
  readonly untilMs: number;
  /** Whether the row was seen with an earlier value too. */
  readonly hasChanged: boolean;
  /** For how long others had seen this value before, as the row said when it was first seen with it. */
  readonly witnessedMs?: number | undefined;
}

/** When a read was sent and answered, by the observer's monotonic clock. */
export interface ReadTimes {
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

/**
 * Adds one read to what was seen of a row. Ages count from an answer to a later question, so that
 * neither a slow answer nor a pause of the observer makes a row look older than it is.
 */
export function observe(
  before: Sighting | undefined,
  row: Pick<BeatingRow, "lastUpdate" | "witnessedMs">,
  read: ReadTimes,
): Sighting {
  if (before === undefined || before.lastUpdate !== row.lastUpdate) {
    return {
      // Later values overlap with what this observer sees itself, and would count twice.
      ...(row.witnessedMs !== undefined && { witnessedMs: row.witnessedMs }),
      lastUpdate: row.lastUpdate,
      sinceMs: read.answeredAtMs,
      untilMs: read.answeredAtMs,
      hasChanged: before !== undefined,
    };
  }
  return { ...before, untilMs: Math.max(before.untilMs, read.askedAtMs) };
}

/** {@linkcode observe} for every row of one read; rows that are gone are forgotten. */
export function observeAll(
  before: ReadonlyMap<string, Sighting>,
  rows: readonly BeatingRow[],
  read: ReadTimes,
): ReadonlyMap<string, Sighting> {
  return new Map(rows.map((row) => [row.id, observe(before.get(row.id), row, read)]));
}

/**
 * How long the row has been seen unchanged, in milliseconds: by this observer, and by those before it
 * who wrote down what they had seen. Their times do not overlap, so that the sum is never more than
 * what has passed, and no two clocks are compared.
 */
export function unchangedMs(sighting: Sighting): number {
  return (sighting.witnessedMs ?? 0) + sighting.untilMs - sighting.sinceMs;
}

/** The part of its time to live after which a row that stands still is worth a closer look. */
const SILENT_PART = 0.4;

/** Whether a row has stood still for long enough to be watched closely. */
export function isSilent(sighting: Sighting, maxAgeMs: number): boolean {
  return unchangedMs(sighting) > SILENT_PART * maxAgeMs;
}

/** Whether the client that writes this row counts as alive. */
export function isLiving(
  row: Pick<BeatingRow, "lastUpdate" | "maxAgeMs">,
  sighting: Sighting,
  { wallNowMs, goMaxAgeMs }: { readonly wallNowMs: number; readonly goMaxAgeMs: number },
): boolean {
  if (unchangedMs(sighting) >= (row.maxAgeMs ?? goMaxAgeMs)) return false;
  const isForeignAtFirstSight = row.maxAgeMs === undefined && !sighting.hasChanged;
  return !isForeignAtFirstSight ||
    wallAgeMs(row.lastUpdate, wallNowMs) <= goMaxAgeMs + SKEW_ALLOWANCE_MS;
}

/** How old a row of the Go library is by the wall clocks of its writer and this host. */
export function wallAgeMs(lastUpdate: string, wallNowMs: number): number {
  return wallNowMs - Number(BigInt(lastUpdate) / 1_000_000n);
}

/**
 * Whether a client may still act as an owner: its last beat that landed was *sent* less than its
 * time to live ago, by its own monotonic clock. Every observer started counting later, so the
 * client stops before anyone may take its shards.
 */
export function isLeaseValid(
  lease: { readonly beatenAtMs: number; readonly maxAgeMs: number },
  nowMs: number,
): boolean {
  return nowMs < lease.beatenAtMs + lease.maxAgeMs;
}
