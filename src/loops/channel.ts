/**
 * One shard's way to the user: what was read of it, what is in the user's hands, and what is
 * processed.
 *
 * @module
 */

import type { ReceivedRecord, SequenceNumber } from "../model.ts";
import { isAtTip, type LastRead } from "../rules/caught_up.ts";
import { Progress } from "../rules/progress.ts";
import type { ReaderState } from "../rules/stall.ts";

/** What one read of one shard returned. */
export interface ReadBatch {
  readonly channel: Channel;
  readonly received: readonly ReceivedRecord[];
  /** The place of the first record among all that were read of this shard. */
  readonly firstOrdinal: number;
  readonly lagMs: number | undefined;
  /** When the read was answered: wall-clock milliseconds. */
  readonly retrievedMs: number;
  /** Bytes that the batch takes from the budget until every record of it is acknowledged. */
  readonly byteLength: number;
  /** How many of its records are not processed. */
  openCount: number;
}

/** Some of the records of one read: from `from` (included) to `to` (excluded). */
export interface Range {
  readonly batch: ReadBatch;
  from: number;
  readonly to: number;
}

/** What a channel tells the queue that it belongs to. */
export interface ChannelOwner {
  /** A range comes back: it is the next to be handed over. */
  returned(range: Range): void;
  /** So many bytes of the budget are free again. */
  freed(byteLength: number): void;
  /** The shard is let go: whatever is still in hand keeps nobody waiting. */
  disposed(): void;
}

/** One shard's way to the user, from its capture to its release or loss. */
export class Channel {
  readonly streamName: string;
  readonly shardId: string;
  /** Aborts when the shard is lost. */
  readonly signal: AbortSignal;
  readonly progress: Progress = new Progress();
  /** What its reader is doing. */
  reader: ReaderState = { phase: "beginning", sinceMs: 0 };
  readonly #owner: ChannelOwner;
  /** Those with a record that is not processed. */
  readonly #unprocessed = new Set<ReadBatch>();
  readonly #waiters = new Set<() => void>();
  #inHandCount = 0;
  #readThroughMs: number | undefined;
  #lastRead: LastRead | undefined;
  #readSequenceNumber: SequenceNumber | undefined;
  #heldBytes = 0;
  #isOpen = true;
  #isHeld = false;
  #rewindCount = 0;
  #isReadToEnd = false;
  readonly #shut = (): void => void (this.#isOpen = false);

  constructor(
    names: { readonly streamName: string; readonly shardId: string },
    signal: AbortSignal,
    owner: ChannelOwner,
  ) {
    this.streamName = names.streamName;
    this.shardId = names.shardId;
    this.signal = signal;
    this.#owner = owner;
    if (signal.aborted) this.#isOpen = false;
    else signal.addEventListener("abort", this.#shut, { once: true });
  }

  /** Whether records of this shard may still be handed over: asked for each of them. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How many records are handed over, and neither acknowledged nor given back. */
  get inHandCount(): number {
    return this.#inHandCount;
  }

  /** Through which moment all is processed, as far as anybody told: wall-clock milliseconds. */
  get processedThroughMs(): number | undefined {
    return this.progress.isComplete ? this.#readThroughMs : this.progress.arrivalMs;
  }

  /** What the last read returned; absent before the first. */
  get lastRead(): LastRead | undefined {
    return this.#lastRead;
  }

  /** The last record that was read; absent before the first. */
  get readSequenceNumber(): SequenceNumber | undefined {
    return this.#readSequenceNumber;
  }

  /** Notes a read, once what it returned is appended. */
  noteRead(read: LastRead & { readonly askedMs: number }): void {
    const { askedMs, recordCount, limit, lagMs } = read;
    this.#lastRead = { recordCount, limit, lagMs };
    if (lagMs === undefined) return;
    const throughMs = askedMs - lagMs;
    this.#readThroughMs = Math.max(this.#readThroughMs ?? throughMs, throughMs);
  }

  /**
   * Whether the shard is read to its tip, give or take so many milliseconds, and all is processed. A
   * paused one is not: what was dropped of it is still to come.
   */
  isCaughtUp(withinMs: number): boolean {
    return !this.#isHeld && this.progress.isComplete && isAtTip(this.#lastRead, withinMs);
  }

  /** Whether the shard is read to its end, and nothing of that was dropped since. */
  get isReadToEnd(): boolean {
    return this.#isReadToEnd;
  }

  /** Notes that the shard has ended with what was appended last. */
  noteEnd(): void {
    this.#isReadToEnd = true;
  }

  /** Bytes of the budget that what was read and is not processed takes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** How many records were read and are not processed. */
  get heldCount(): number {
    return this.progress.readCount - this.progress.processedCount;
  }

  /** Whether the shard is paused: nothing of it is read or handed over. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** How often the reading was to begin anew: what was read before the last time is void. */
  get rewindCount(): number {
    return this.#rewindCount;
  }

  /** Notes what a read returned; returns what of it waits to be processed. */
  append(
    received: readonly ReceivedRecord[],
    read: Pick<ReadBatch, "lagMs" | "retrievedMs" | "byteLength">,
  ): readonly Range[] {
    const before = this.progress.processedCount;
    const firstOrdinal = this.progress.append(received);
    const knownCount = this.progress.processedCount - before;
    const openCount = received.length;
    const batch = { channel: this, received, firstOrdinal, ...read, openCount };
    this.#unprocessed.add(batch);
    this.#readSequenceNumber = received.at(-1)?.sequenceNumber;
    this.#heldBytes += read.byteLength;
    const whole = { batch, from: 0, to: received.length };
    if (knownCount === 0) return [whole];
    this.#settle(batch, knownCount);
    this.#notify();
    return [...unprocessedRanges(whole, this.progress)];
  }

  /** Notes that so many records were handed over. */
  handedOver(count: number): void {
    this.#inHandCount += count;
  }

  /** Whether every record of the range is processed already. */
  isProcessed({ batch, from, to }: Range): boolean {
    for (let index = from; index < to; index++) {
      if (!this.progress.isProcessed(batch.firstOrdinal + index)) return false;
    }
    return true;
  }

  /** Notes that the records `from` to `to` of a batch are processed. Repeating it does nothing. */
  acknowledge(batch: ReadBatch, from: number, to: number): void {
    if (!this.#unprocessed.has(batch)) return; // all processed, or dropped to be read anew
    const before = this.progress.processedCount;
    this.progress.acknowledge(batch.firstOrdinal + from, to - from);
    const count = this.progress.processedCount - before;
    if (count === 0) return;
    this.#inHandCount -= count;
    this.#settle(batch, count);
    this.#notify();
  }

  /** Takes back what is not acknowledged of a range. */
  giveBack(range: Range): void {
    if (!this.#unprocessed.has(range.batch)) return;
    const kept = [...unprocessedRanges(range, this.progress)];
    for (const each of kept.reverse()) {
      this.#inHandCount -= each.to - each.from;
      if (this.isOpen) this.#owner.returned(each);
    }
    this.#notify();
  }

  /** Ends handing over; what is in hand may still be acknowledged. */
  close(): void {
    this.#isOpen = false;
    this.#notify();
  }

  /** Pauses the shard, or lets it go on. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** Drops all that is read and not processed, in hand or not: it will be read anew. */
  rewind(): void {
    this.#rewindCount++;
    this.#isReadToEnd = false;
    this.#inHandCount = 0;
    this.#lastRead = undefined;
    this.#drop();
    this.progress.rewind();
    this.#readSequenceNumber = this.progress.sequenceNumber;
    this.#notify();
  }

  /** Frees what the channel holds of the budget: call it when the shard is let go. */
  dispose(): void {
    this.signal.removeEventListener("abort", this.#shut);
    this.close();
    this.#drop();
    this.#owner.disposed();
  }

  /** Resolves once the predicate holds, or when `signal` aborts. Looked at with each change. */
  until(predicate: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!signal.aborted && !predicate()) return;
        this.#waiters.delete(look);
        signal.removeEventListener("abort", look);
        resolve();
      };
      this.#waiters.add(look);
      signal.addEventListener("abort", look);
      look();
    });
  }

  #drop(): void {
    for (const batch of this.#unprocessed) this.#owner.freed(batch.byteLength);
    this.#unprocessed.clear();
    this.#heldBytes = 0;
    this.#readThroughMs = undefined;
  }

  #settle(batch: ReadBatch, count: number): void {
    batch.openCount -= count;
    if (batch.openCount > 0) return;
    this.#unprocessed.delete(batch);
    if (batch.firstOrdinal >= this.progress.watermark) this.progress.slim(batch.firstOrdinal);
    this.#heldBytes -= batch.byteLength;
    this.#owner.freed(batch.byteLength);
  }

  #notify(): void {
    if (this.#waiters.size > 0) { for (const look of [...this.#waiters]) look(); }
  }
}

function* unprocessedRanges({ batch, from, to }: Range, progress: Progress): Generator<Range> {
  let start: number | undefined;
  for (let index = from; index < to; index++) {
    if (progress.isProcessed(batch.firstOrdinal + index)) {
      if (start !== undefined) yield { batch, from: start, to: index };
      start = undefined;
    } else start ??= index;
  }
  if (start !== undefined) yield { batch, from: start, to };
}
