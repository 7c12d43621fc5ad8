/**
 * Remembers one shard of a simulated stream: its records, and where a reader may begin.
 *
 * @module
 */

import { KinsumerError, type KinsumerErrorCode } from "../../src/errors.ts";
import type { Position, ReceivedRecord } from "../../src/model.ts";
import type { HashRange } from "./hash_ranges.ts";

/** What a shard is called and came from. */
export interface Lineage {
  readonly shardId: string;
  readonly parentShardId?: string | undefined;
  readonly adjacentParentShardId?: string | undefined;
}

/** One shard. */
export class SimulatedShard {
  readonly lineage: Lineage;
  readonly ranges: readonly HashRange[];
  readonly start: bigint;
  end: bigint | undefined;
  /** The records, and beside them their sequence numbers, in order. */
  records: ReceivedRecord[] = [];
  #numbers: bigint[] = [];
  /** When it was read within the last second: monotonic milliseconds. */
  readTimesMs: number[] = [];
  /** Until when its limit of bytes is used up: monotonic milliseconds. */
  paidUntilMs = 0;
  #trimmedThrough: bigint;

  constructor(lineage: Lineage, ranges: readonly HashRange[], start: bigint) {
    this.lineage = lineage;
    this.ranges = ranges;
    this.start = start;
    this.#trimmedThrough = start - 1n;
  }

  /** The sequence number after which a reader of this position begins. */
  after(position: Position, tip: bigint): bigint {
    if (position.type === "TRIM_HORIZON") return this.#trimmedThrough;
    if (position.type === "LATEST") return tip;
    if (position.type === "AFTER_SEQUENCE_NUMBER") return this.#checked(position, tip);
    if (position.type === "AT_SEQUENCE_NUMBER") return this.#checked(position, tip) - 1n;
    const later = this.records.find(
      ({ approximateArrivalMs = 0 }) => approximateArrivalMs >= position.timestampMs,
    );
    return later === undefined ? tip : BigInt(later.sequenceNumber) - 1n;
  }

  add(record: ReceivedRecord): void {
    this.records.push(record);
    this.#numbers.push(BigInt(record.sequenceNumber));
  }

  /** How many records are not after a sequence number. */
  countThrough(through: bigint): number {
    let low = 0;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] ?? 0n) <= through) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  trim(through: bigint): void {
    const count = this.countThrough(through);
    this.records = this.records.slice(count);
    this.#numbers = this.#numbers.slice(count);
    if (through > this.#trimmedThrough) this.#trimmedThrough = through;
  }

  #checked(position: Position & { readonly sequenceNumber: string }, tip: bigint): bigint {
    const after = /^\d+$/.test(position.sequenceNumber) ? BigInt(position.sequenceNumber) : -1n;
    if (after >= this.#trimmedThrough && after <= (this.end ?? tip)) return after;
    throw failure("InvalidSequenceNumber", "InvalidArgumentException", this.lineage.shardId);
  }
}

/** A refusal, as Kinesis would answer it. */
export function failure(code: KinsumerErrorCode, awsCode: string, shardId: string): KinsumerError {
  const retryable = code === "Throttled";
  return new KinsumerError(code, `Cannot read shard "${shardId}": ${awsCode}`, {
    awsCode,
    httpStatus: 400,
    shardId,
    retryable,
  });
}
