/**
 * Decides which shard of a simulated stream takes a partition key. Kinesis spreads keys by their
 * MD5; here a shorter hash will do.
 *
 * @module
 */

/** Hashes from `from` (included) to `to` (excluded), of those from 0 to 1. */
export interface HashRange {
  readonly from: number;
  readonly to: number;
}

/** The hash of a partition key: from 0 (included) to 1 (excluded). */
export function hashOf(partitionKey: string): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (const byte of new TextEncoder().encode(partitionKey)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  // Spreads what short keys leave close together.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Whether a hash lies in one of the ranges. */
export function ownsHash(ranges: readonly HashRange[], hash: number): boolean {
  return ranges.some(({ from, to }) => from <= hash && hash < to);
}

/** Cuts ranges into so many parts of the same size. */
export function splitRanges(
  ranges: readonly HashRange[],
  parts: number,
): readonly (readonly HashRange[])[] {
  const cut = ({ from, to }: HashRange, part: number): number =>
    part === parts ? to : from + ((to - from) * part) / parts; // rounding must not leave a gap
  return Array.from(
    { length: parts },
    (_, part) => ranges.map((range) => ({ from: cut(range, part), to: cut(range, part + 1) })),
  );
}

/** The same hashes in as few ranges as can be. */
export function joinRanges(ranges: readonly HashRange[]): readonly HashRange[] {
  const joined: HashRange[] = [];
  for (const range of [...ranges].sort((one, other) => one.from - other.from)) {
    const last = joined.at(-1);
    if (last?.to === range.from) joined[joined.length - 1] = { from: last.from, to: range.to };
    else joined.push(range);
  }
  return joined;
}
