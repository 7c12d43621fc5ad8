/**
 * Counts what reads of a simulated stream take of the service's limits: reads and bytes a second of
 * a shard, and bytes of an answer.
 *
 * @module
 */

import type { ReceivedRecord, SequenceNumber } from "../../src/model.ts";
import type { Clock } from "../../src/runtime.ts";
import { failure, type SimulatedShard } from "./shard.ts";

/** What a record, and what an answer, takes as JSON beside its payload, about: bytes. */
const RECORD_OVERHEAD_BYTES = 150;
const ANSWER_OVERHEAD_BYTES = 350;

/** What limits there are. */
export interface ReadLimitsOptions {
  readonly clock: Clock;
  /** How many reads of one shard all clients share in a second. @default unlimited */
  readonly readsPerSecond?: number;
  /** How many bytes of one shard all clients share in a second; what an answer takes beyond it is
   * waited for. @default unlimited */
  readonly bytesPerSecond?: number;
  /** How many bytes one answer has at the most, but for a first record that is larger. @default unlimited */
  readonly mostAnswerBytes?: number;
}

/** The limits of one stream. */
export class ReadLimits {
  readonly #options: ReadLimitsOptions;
  /** By sequence number: what records count as that say so. */
  readonly #countedBytes = new Map<SequenceNumber, number>();

  constructor(options: ReadLimitsOptions) {
    this.#options = options;
  }

  /** Lets a record stand for so many bytes of payload, without having them. */
  countAs(sequenceNumber: SequenceNumber, bytes: number): void {
    this.#countedBytes.set(sequenceNumber, bytes);
  }

  /** Counts a read, unless it is one too many. */
  assertMayRead(shard: SimulatedShard): void {
    const { clock, readsPerSecond = Infinity } = this.#options;
    const nowMs = clock.monotonicMs();
    shard.readTimesMs = shard.readTimesMs.filter((readMs) => nowMs - readMs < 1000);
    if (shard.readTimesMs.length >= readsPerSecond || nowMs < shard.paidUntilMs - 1_000) {
      const { shardId } = shard.lineage;
      throw failure("Throttled", "ProvisionedThroughputExceededException", shardId);
    }
    shard.readTimesMs.push(nowMs);
  }

  /** As many of the records as one answer takes. */
  fitting(records: readonly ReceivedRecord[]): readonly ReceivedRecord[] {
    const { mostAnswerBytes = Infinity } = this.#options;
    let bytes = 0;
    const count = records.findIndex((record, index) => {
      bytes += this.#limitBytes(record);
      return bytes > mostAnswerBytes && index > 0;
    });
    return count < 0 ? records : records.slice(0, count);
  }

  /**
   * A shard gives a second's worth of bytes at once, and then as many as its limit makes up for: a
   * large answer keeps it busy for a while.
   */
  charge(shard: SimulatedShard, records: readonly ReceivedRecord[]): void {
    const { clock, bytesPerSecond = Infinity } = this.#options;
    const bytes = records.reduce((sum, record) => sum + this.#limitBytes(record), 0);
    const fromMs = Math.max(clock.monotonicMs(), shard.paidUntilMs);
    shard.paidUntilMs = fromMs + (bytes / bytesPerSecond) * 1_000;
  }

  /** About what the answer would take as JSON, with base64 in it. */
  byteLengthOf(records: readonly ReceivedRecord[]): number {
    return records.reduce((sum, { data, sequenceNumber }) => {
      const payload = this.#countedBytes.get(sequenceNumber) ?? data.byteLength;
      return sum + Math.ceil(payload / 3) * 4 + RECORD_OVERHEAD_BYTES;
    }, ANSWER_OVERHEAD_BYTES);
  }

  /** What a record takes of the service's limits, which count payload. */
  #limitBytes(record: ReceivedRecord): number {
    return this.#countedBytes.get(record.sequenceNumber) ??
      this.byteLengthOf([record]) - ANSWER_OVERHEAD_BYTES;
  }
}
