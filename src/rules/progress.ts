/**
 * Decides how far a shard is processed: the low watermark under acknowledgements in any order.
 *
 * Records are counted from 0 in the order in which they were read; the count is their *ordinal*.
 *
 * @module
 */

import type { SequenceNumber } from "../model.ts";

/** What progress needs to know of a record. */
export interface Sequenced {
  readonly sequenceNumber: SequenceNumber;
  readonly approximateArrivalMs?: number | undefined;
}

interface Run {
  readonly first: number;
  records: readonly Sequenced[];
}

/** The progress of one shard since it was captured. Costs no allocation for a record acknowledged in order. */
export class Progress {
  #read = 0;
  #watermark = 0;
  #sequenceNumber: SequenceNumber | undefined;
  #arrivalMs: number | undefined;
  /** The last processed record, while its run is not done: it is read when it is asked for. */
  #last: Sequenced | undefined;
  readonly #ahead = new Set<number>();
  readonly #runs: Run[] = [];
  /** Records that were processed ahead of the low watermark when the reading began anew. */
  readonly #carried = new Set<SequenceNumber>();

  /** The last record of the unbroken row of processed records; absent before the first. */
  get sequenceNumber(): SequenceNumber | undefined {
    return this.#last === undefined ? this.#sequenceNumber : this.#last.sequenceNumber;
  }

  /** When that record arrived: wall-clock milliseconds. */
  get arrivalMs(): number | undefined {
    return this.#last === undefined ? this.#arrivalMs : this.#last.approximateArrivalMs;
  }

  /** The ordinal of the first record that is not processed. */
  get watermark(): number {
    return this.#watermark;
  }

  /** How many records are processed ahead of one that is not: each is remembered until that one is. */
  get aheadCount(): number {
    return this.#ahead.size;
  }

  /** How many records were read. */
  get readCount(): number {
    return this.#read;
  }

  /** How many records are processed, in order or ahead of it. */
  get processedCount(): number {
    return this.#watermark + this.#ahead.size;
  }

  /** Whether every record that was read is processed. */
  get isComplete(): boolean {
    return this.#watermark === this.#read;
  }

  /** Adds records that were read; returns the ordinal of the first. */
  append(records: readonly Sequenced[]): number {
    const first = this.#read;
    if (records.length > 0) this.#runs.push({ first, records });
    this.#read += records.length;
    if (this.#carried.size > 0) this.#recognise(records, first);
    return first;
  }

  /**
   * Lets go of the records that were appended together, all of them processed, ahead of one that is
   * not: their places are all that is needed any more, and their payloads would take memory.
   *
   * @param ordinal of the first of them
   */
  slim(ordinal: number): void {
    for (let at = this.#runs.length - 1; at >= 0; at--) { // the latest are done first
      const run = this.#runs[at]!;
      if (run.first === ordinal) run.records = run.records.map(placeOf);
      if (run.first <= ordinal) return;
    }
  }

  /**
   * Forgets what was read and is not processed: it will be read, and appended, again. What was
   * processed ahead of the low watermark is recognised then.
   */
  rewind(): void {
    for (const { first, records } of this.#runs) {
      for (let index = 0; index < records.length; index++) {
        if (this.#ahead.has(first + index)) this.#carried.add(records[index]!.sequenceNumber);
      }
    }
    this.#ahead.clear();
    this.#runs.length = 0;
    this.#read = this.#watermark;
    if (this.#last !== undefined) this.#last = placeOf(this.#last);
  }

  /** Whether this record is processed. */
  isProcessed(ordinal: number): boolean {
    return ordinal < this.#watermark || this.#ahead.has(ordinal);
  }

  /**
   * Says that `count` records from `ordinal` on are processed. Repeating it does nothing.
   *
   * @throws {RangeError} when a record was never read
   */
  acknowledge(ordinal: number, count = 1): void {
    if (ordinal < 0 || ordinal + count > this.#read) {
      throw new RangeError(
        `Cannot acknowledge record ${ordinal + count - 1}: ${this.#read} were read`,
      );
    }
    if (ordinal > this.#watermark) {
      for (let each = ordinal; each < ordinal + count; each++) this.#ahead.add(each);
      return;
    }
    if (ordinal + count > this.#watermark) this.#advance(ordinal + count);
  }

  #recognise(records: readonly Sequenced[], first: number): void {
    for (let index = 0; index < records.length; index++) {
      const isProcessed = this.#carried.delete(records[index]!.sequenceNumber);
      if (isProcessed) this.acknowledge(first + index);
    }
  }

  #advance(to: number): void {
    for (let each = this.#watermark; this.#ahead.size > 0 && each < to; each++) {
      this.#ahead.delete(each);
    }
    this.#watermark = to;
    while (this.#ahead.delete(this.#watermark)) this.#watermark++;
    this.#dropRuns();
  }

  #dropRuns(): void {
    const last = this.#watermark - 1;
    let drop = 0;
    for (const run of this.#runs) {
      if (run.first > last) break;
      const index = Math.min(last - run.first, run.records.length - 1);
      this.#last = run.records[index]!;
      if (index < run.records.length - 1) continue;
      this.#sequenceNumber = this.#last.sequenceNumber; // and the run is let go
      this.#arrivalMs = this.#last.approximateArrivalMs;
      this.#last = undefined;
      drop++;
    }
    if (drop > 0) this.#runs.splice(0, drop);
  }
}

/** What is needed of a record that is processed. */
function placeOf({ sequenceNumber, approximateArrivalMs }: Sequenced): Sequenced {
  return { sequenceNumber, approximateArrivalMs };
}
