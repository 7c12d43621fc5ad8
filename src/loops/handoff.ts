/**
 * Hands records over: one bounded queue from every shard's reader to whoever pulls.
 *
 * A record that is handed over is *in hand* until it is acknowledged or given back; one that is given
 * back is the next to be handed over.
 *
 * @module
 */

import type { RecordsAnswer } from "../aws/kinesis.ts";
import { type Admission, Admissions } from "./admissions.ts";
import { ByteBudget } from "./byte_budget.ts";
import { Channel, type Range, type ReadBatch } from "./channel.ts";
import { DeliveredBatch, DeliveredRecord } from "./delivery.ts";
import { Pullers } from "./pullers.ts";
import { WaitingRecords } from "./waiting_records.ts";

/** What the queue is bounded by, and who may stop it. */
export interface HandoffOptions {
  /** Names the stream in the identity of each record. */
  readonly streamName: string;
  /** Bytes that may wait or be in hand. */
  readonly maxBufferedBytes: number;
  /** In its place: a budget that others use too. */
  readonly budget?: ByteBudget | undefined;
  /** Records that may wait. */
  readonly bufferSize: number;
  /** False while this client must not hand records over, because others may take it for dead. */
  readonly isLeaseValid: () => boolean;
  /** Is told of each record that is handed over. */
  readonly onHandedOver?: ((batch: ReadBatch, from: number, to: number) => void) | undefined;
  /** Is told of each pull that has to wait. */
  readonly onWait?: ((pull: Promise<unknown>) => void) | undefined;
}

/** What a record is taken for before one was seen. */
const FIRST_RECORD_BYTES = 10_240;

/** Takes what waits shard by shard, in place of those who pull. */
export interface Taker {
  /** There may be something to take. */
  ready(): void;
  /** No more of this shard is handed over; what is in hand may still be acknowledged. */
  closing(channel: Channel): void;
  /** Nothing is handed over any more, by a stop or by a failure. */
  over(failure: { readonly error: unknown } | undefined): void;
}

/** The queue between the shards' readers and the user. */
export class Handoff {
  readonly #options: HandoffOptions;
  readonly #waiting = new WaitingRecords();
  readonly #pullers = new Pullers();
  readonly #channels = new Set<Channel>();
  #taker: Taker | undefined;
  readonly #budget: ByteBudget;
  readonly #admissions: Admissions;
  /** What a record takes, in bytes, as the last read of any shard showed. */
  recordBytes: number = FIRST_RECORD_BYTES;
  #isClosed = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: HandoffOptions) {
    this.#options = options;
    this.#budget = options.budget ?? new ByteBudget(options.maxBufferedBytes);
    this.#admissions = new Admissions(this.#budget, this);
  }

  /** Bytes of the budget that are taken: records waiting, records in hand, reads under way. */
  get heldBytes(): number {
    return this.#admissions.heldBytes;
  }

  /** Bytes that may wait or be in hand. */
  get maxBytes(): number {
    return this.#budget.maxBytes;
  }

  /** How many shards share the budget: those of others that use it too are among them. */
  get shardCount(): number {
    return this.#budget.shardCount;
  }

  /** How many shards have a way to the user here. */
  get channelCount(): number {
    return this.#channels.size;
  }

  /** Records that may wait. */
  get bufferSize(): number {
    return this.#options.bufferSize;
  }

  /** Whether nothing is handed over any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Records that wait to be handed over. */
  get waitingCount(): number {
    return this.#waiting.count;
  }

  /** Records of shards that are not let go: handed over, neither acknowledged nor given back. */
  get inHandCount(): number {
    let count = 0;
    for (const channel of this.#channels) count += channel.inHandCount;
    return count;
  }

  /** Whether somebody waits for a record. */
  get hasPullers(): boolean {
    return this.#pullers.count > 0;
  }

  /** Opens a shard's way to the user. */
  open(shardId: string, signal: AbortSignal): Channel {
    const { streamName } = this.#options;
    const channel: Channel = new Channel({ streamName, shardId }, signal, {
      returned: (range) => this.#enqueue(range, "front"),
      freed: (byteLength) => this.#admissions.free(byteLength),
      disposed: () => this.#let(channel),
    });
    this.#channels.add(channel);
    this.#budget.join();
    return channel;
  }

  /** The shard that is open under this ID. */
  channel(shardId: string): Channel | undefined {
    for (const channel of this.#channels) if (channel.shardId === shardId) return channel;
    return undefined;
  }

  /** Whether somebody takes what waits shard by shard. */
  get hasTaker(): boolean {
    return this.#taker !== undefined;
  }

  /** Whether this client may hand records over: nobody takes it for dead. */
  get isLeaseValid(): boolean {
    return this.#options.isLeaseValid();
  }

  /**
   * Lets somebody take what waits shard by shard.
   *
   * @returns ends that
   */
  attach(taker: Taker): () => void {
    this.#taker = taker;
    if (this.#pullers.hasRaised) taker.over({ error: this.#pullers.takeRaised() });
    else if (this.#failure !== undefined || this.#isClosed) taker.over(this.#failure);
    else taker.ready();
    return () => {
      if (this.#taker === taker) this.#taker = undefined;
    };
  }

  /**
   * Waits until the budget has room for a read of about `byteLength` bytes. First come, first
   * served, but for shards that are paused or have their share. One read is always admitted when
   * nothing else is held here.
   *
   * @returns `undefined` when `signal` aborted first
   */
  admit(
    byteLength: number,
    signal: AbortSignal,
    channel?: Channel,
  ): Promise<Admission | undefined> {
    return this.#admissions.admit(byteLength, signal, channel);
  }

  /** Gives the admission back: the read failed or returned nothing. */
  dismiss(admission: Admission): void {
    this.#admissions.free(admission.byteLength);
  }

  /** Queues what an admitted read returned. */
  push(channel: Channel, admission: Admission, answer: RecordsAnswer, retrievedMs: number): void {
    this.#admissions.hold(answer.byteLength);
    const { records, lagMs, byteLength } = answer;
    for (const range of channel.append(records, { lagMs, retrievedMs, byteLength })) {
      this.#enqueue(range, "back");
    }
    this.#admissions.free(admission.byteLength); // others may wait for what the read did not need
    this.#admissions.admitWaiting();
  }

  /** Removes what waits of a shard: it will be read again by the shard's next owner. */
  discard(channel: Channel): void {
    channel.close();
    this.#waiting.drop(channel);
    this.#taker?.closing(channel);
    this.#admissions.admitWaiting();
  }

  /** Pauses a shard: nothing of it is read or handed over. */
  hold(channel: Channel): void {
    channel.hold(true);
  }

  /** Drops all that was read of a shard and is not processed: it will be read anew. */
  rewind(channel: Channel): void {
    if (!channel.isOpen) return;
    this.#waiting.drop(channel);
    channel.rewind();
    this.#admissions.admitWaiting();
  }

  /** Lets a paused shard go on. */
  unhold(channel: Channel): void {
    channel.hold(false);
    this.#admissions.admitWaiting();
    this.wake();
  }

  /**
   * Takes some of what waits of one shard: of those that are free, the one that was served the
   * longest ago.
   *
   * @param most how many records at the most
   */
  takeSlice(isFree: (channel: Channel) => boolean, most: number): Range | undefined {
    if (this.#isClosed || !this.#mayTake()) return undefined;
    const index = this.#waiting.choose(isFree);
    if (index === undefined) return undefined;
    const { batch, from, to: end } = this.#waiting.at(index)!;
    const to = Math.min(end, from + most);
    return this.#cut(index, to) ? { batch, from, to } : undefined;
  }

  /** The next record, if one is there that nobody has waited for longer. */
  takeRecord(): DeliveredRecord | undefined {
    const isAsked = this.#pullers.count > 0 || this.#pullers.hasRaised;
    if (this.#failure !== undefined || this.#isClosed || isAsked) return undefined;
    while (this.#mayTake()) {
      const { batch, from } = this.#waiting.at(0)!;
      if (this.#cut(0, from + 1)) return new DeliveredRecord(batch, from); // a range less to make
    }
    return undefined;
  }

  /** The next record; `undefined` once the queue is closed. */
  async pullRecord(): Promise<DeliveredRecord | undefined> {
    const range = await this.#pull(false);
    return range && new DeliveredRecord(range.batch, range.from);
  }

  /** The rest of what one read of one shard returned; `undefined` once the queue is closed. */
  async pullBatch(): Promise<DeliveredBatch | undefined> {
    const range = await this.#pull(true);
    return range && new DeliveredBatch(range.batch, range.from, range.to);
  }

  /** Looks again whether anyone can be served: call it when the lease was renewed. */
  wake(): void {
    this.#taker?.ready();
    for (;;) {
      const isBatch = this.#pullers.wantsBatch;
      const range = isBatch === undefined ? undefined : this.#take(isBatch);
      if (range === undefined) return;
      this.#pullers.serve(range);
    }
  }

  /** Ends every pull, now and later, with `undefined`. What waits is dropped. */
  close(): void {
    this.#isClosed = true;
    this.#admissions.close();
    this.#waiting.clear();
    this.#pullers.end();
    this.#taker?.over(undefined);
  }

  /** Ends every pull, now and later, with an error that the user has to act on. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#pullers.fail(error);
    this.#taker?.over(this.#failure);
  }

  /**
   * Ends one pull, the one that waits longest or the next to come, with an error: once. Who takes
   * shard by shard is over with it.
   */
  raise(error: unknown): void {
    if (this.#taker !== undefined) return this.#taker.over({ error });
    this.#pullers.raise(error);
  }

  #pull(isBatch: boolean): Promise<Range | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#pullers.hasRaised) return Promise.reject(this.#pullers.takeRaised());
    if (this.#isClosed) return Promise.resolve(undefined);
    const range = this.#pullers.count === 0 ? this.#take(isBatch) : undefined;
    if (range !== undefined) return Promise.resolve(range);
    const pull = this.#pullers.wait(isBatch);
    this.#options.onWait?.(pull);
    return pull;
  }

  #mayTake(): boolean {
    return this.#waiting.count > 0 && this.#options.isLeaseValid();
  }

  #take(isBatch: boolean): Range | undefined {
    while (this.#mayTake()) {
      const { batch, from, to: end } = this.#waiting.at(0)!;
      const to = isBatch ? end : from + 1;
      if (this.#cut(0, to)) return { batch, from, to };
    }
    return undefined;
  }

  /**
   * Takes what waits at a place, up to `to`, into hand.
   *
   * @returns false where its shard is let go: then it is dropped
   */
  #cut(index: number, to: number): boolean {
    const { batch, from } = this.#waiting.at(index)!;
    this.#waiting.take(index, to);
    const { isOpen } = batch.channel;
    if (isOpen) {
      batch.channel.handedOver(to - from);
      this.#options.onHandedOver?.(batch, from, to);
    }
    this.#admissions.admitWaiting();
    return isOpen;
  }

  #enqueue(range: Range, end: "front" | "back"): void {
    if (this.#isClosed) return;
    if (end === "front") this.#waiting.putBack(range);
    else this.#waiting.append(range);
    this.wake();
  }

  #let(channel: Channel): void {
    if (this.#channels.delete(channel)) this.#budget.leave();
  }
}
