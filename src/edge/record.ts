/**
 * A record in the user's hands, in a run at the edge.
 *
 * @module
 */

import type { KinsumerRecord, ReceivedRecord } from "../model.ts";

/** What a record is of. */
export interface RecordOrigin {
  readonly streamName: string;
  readonly shardId: string;
  readonly lagMs: number | undefined;
  readonly signal: AbortSignal;
}

const decoder = new TextDecoder();

/** A record in the user's hands. The payload stays private, so that printing it shows none. */
export class EdgeRecord implements KinsumerRecord {
  readonly id: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly partitionKey: string | undefined;
  readonly approximateArrivalMs: number | undefined;
  readonly encryptionType: string | undefined;
  readonly lagMs: number | undefined;
  readonly signal: AbortSignal;
  readonly #received: ReceivedRecord;
  readonly #onAck: (record: EdgeRecord) => void;

  constructor(
    received: ReceivedRecord,
    { streamName, shardId, lagMs, signal }: RecordOrigin,
    onAck: (record: EdgeRecord) => void,
  ) {
    this.shardId = shardId;
    this.sequenceNumber = received.sequenceNumber;
    this.id = `${streamName}/${shardId}/${this.sequenceNumber}`;
    this.partitionKey = received.partitionKey;
    this.approximateArrivalMs = received.approximateArrivalMs;
    this.encryptionType = received.encryptionType;
    this.lagMs = lagMs;
    this.signal = signal;
    this.#received = received;
    this.#onAck = onAck;
  }

  get data(): Uint8Array {
    return this.#received.data;
  }

  text(): string {
    return decoder.decode(this.data);
  }

  json(): unknown {
    return JSON.parse(this.text());
  }

  ack(): void {
    this.#onAck(this);
  }
}
