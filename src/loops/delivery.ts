/**
 * The records and batches that the user holds: views on what a read returned, made when they are
 * handed over. Payloads stay in private fields, so that printing a record shows none.
 *
 * @module
 */

import type { KinsumerRecord, ReceivedRecord, RecordBatch } from "../model.ts";
import type { ReadBatch } from "./channel.ts";

const decoder = new TextDecoder();

/** A record in the user's hands. */
export class DeliveredRecord implements KinsumerRecord {
  readonly #batch: ReadBatch;
  readonly #index: number;
  #isGivenBack = false;

  constructor(batch: ReadBatch, index: number) {
    this.#batch = batch;
    this.#index = index;
  }

  get id(): string {
    const { streamName, shardId } = this.#batch.channel;
    return `${streamName}/${shardId}/${this.sequenceNumber}`;
  }

  get shardId(): string {
    return this.#batch.channel.shardId;
  }

  get sequenceNumber(): string {
    return this.#received.sequenceNumber;
  }

  get partitionKey(): string | undefined {
    return this.#received.partitionKey;
  }

  get data(): Uint8Array {
    return this.#received.data;
  }

  get approximateArrivalMs(): number | undefined {
    return this.#received.approximateArrivalMs;
  }

  get encryptionType(): string | undefined {
    return this.#received.encryptionType;
  }

  get lagMs(): number | undefined {
    return this.#batch.lagMs;
  }

  get signal(): AbortSignal {
    return this.#batch.channel.signal;
  }

  text(): string {
    return decoder.decode(this.data);
  }

  json(): unknown {
    return JSON.parse(this.text());
  }

  ack(): void {
    if (!this.#isGivenBack) {
      this.#batch.channel.acknowledge(this.#batch, this.#index, this.#index + 1);
    }
  }

  /** Puts the record back to be handed over next, unless it is acknowledged. */
  giveBack(): void {
    if (this.#isGivenBack) return;
    this.revoke();
    this.#batch.channel.giveBack({ batch: this.#batch, from: this.#index, to: this.#index + 1 });
  }

  /** Makes `ack()` do nothing from now on. */
  revoke(): void {
    this.#isGivenBack = true;
  }

  get #received(): ReceivedRecord {
    return this.#batch.received[this.#index]!;
  }
}

/** A batch in the user's hands: a range of what one read returned. */
export class DeliveredBatch implements RecordBatch {
  readonly #batch: ReadBatch;
  readonly #from: number;
  readonly #to: number;
  #records: readonly DeliveredRecord[] | undefined;
  #isGivenBack = false;

  constructor(batch: ReadBatch, from: number, to: number) {
    this.#batch = batch;
    this.#from = from;
    this.#to = to;
  }

  get shardId(): string {
    return this.#batch.channel.shardId;
  }

  get records(): readonly KinsumerRecord[] {
    if (this.#records !== undefined) return this.#records;
    const records = new Array<DeliveredRecord>(this.#to - this.#from);
    for (let index = 0; index < records.length; index++) {
      records[index] = new DeliveredRecord(this.#batch, this.#from + index);
    }
    return this.#records = records;
  }

  get lagMs(): number | undefined {
    return this.#batch.lagMs;
  }

  get signal(): AbortSignal {
    return this.#batch.channel.signal;
  }

  ack(): void {
    if (!this.#isGivenBack) this.#batch.channel.acknowledge(this.#batch, this.#from, this.#to);
  }

  /** Makes `ack()`, of the batch and of its records, do nothing from now on. */
  revoke(): void {
    this.#isGivenBack = true;
    for (const record of this.#records ?? []) record.revoke();
  }

  /** Puts the records that are not acknowledged back to be handed over next. */
  giveBack(): void {
    if (this.#isGivenBack) return;
    this.revoke();
    this.#batch.channel.giveBack({ batch: this.#batch, from: this.#from, to: this.#to });
  }
}
