/**
 * Takes records apart into the user records that a producer packed into them, each in the shape of a
 * record of the stream.
 *
 * An aggregate has one sequence number, and so one checkpoint: it is processed when all that is in it
 * is. Nothing in it is lost; what of it was processed before a crash comes again with the rest.
 *
 * @module
 */

import type { KinsumerRecord } from "../model.ts";
import { type PackedRecord, readAggregate } from "./aggregate.ts";

/** A record as a producer wrote it: one of those that a record of the stream holds, or that itself. */
export interface UserRecord extends KinsumerRecord {
  /**
   * Its place among those that were packed together: 0, 1, … `id` ends with it; beside
   * `sequenceNumber` it means what it means in the KCL. Absent: it travelled alone.
   */
  readonly subSequenceNumber: number | undefined;
  /** The hash key that the producer chose, in decimal digits; absent: it chose none, or it travelled alone. */
  readonly explicitHashKey: string | undefined;
}

const decoder = new TextDecoder();
/** How many failed records' progress is remembered. */
const MOST_UNFINISHED = 1_000;

/**
 * Takes a record apart into its user records.
 *
 * Whatever is no aggregate, or is damaged, comes as it is: one record, with its own payload. A record
 * is acknowledged once all of its user records are. A producer that sends again while a shard is split
 * or merged may write one twice: then it comes from two shards.
 *
 * @example
 * ```ts
 * import { deaggregate } from "@kinsumer/kinsumer/kpl";
 *
 * for await (const record of kinsumer) {
 *   for (const userRecord of deaggregate(record)) await handle(userRecord.json());
 * }
 * ```
 *
 * @returns in the order in which the producer packed them; none where it packed none
 */
export function deaggregate(record: KinsumerRecord): readonly UserRecord[] {
  const packed = readAggregate(record.data);
  if (packed === undefined) return [new Unpacked(record, undefined, () => record.ack())];
  const open = new Set(packed.keys());
  if (open.size === 0) record.ack(); // nobody else will
  return packed.map((each, index) => {
    const onAck = () => {
      if (open.delete(index) && open.size === 0) record.ack();
    };
    return new Unpacked(record, { ...each, index }, onAck);
  });
}

/**
 * Makes a handler of records out of one of user records: for `process()` and `runOnce()`, also that of
 * `kinsumer/edge`. The user records of one record come one after the other. Where one fails, the record
 * has failed; when it comes again, those that this process has done are left out.
 *
 * With `concurrency: "partitionKey"` it is the record's key that counts, not that of a user record:
 * those of one key keep their order by `"shard"`, the default.
 *
 * @example
 * ```ts
 * import { deaggregated } from "@kinsumer/kinsumer/kpl";
 *
 * await kinsumer.process(deaggregated((userRecord) => handle(userRecord.json())));
 * ```
 */
export function deaggregated<Context>(
  handler: (userRecord: UserRecord, context: Context) => unknown,
): (record: KinsumerRecord, context: Context & { readonly signal: AbortSignal }) => Promise<void> {
  /** Of records that failed, by ID: how many of their user records are done. */
  const unfinished = new Map<string, number>();
  return async (record, context) => {
    const { id } = record;
    const userRecords = deaggregate(record);
    let index = unfinished.get(id) ?? 0;
    unfinished.delete(id);
    try {
      for (; index < userRecords.length; index++) {
        context.signal.throwIfAborted();
        await handler(userRecords[index]!, context);
      }
    } catch (error) {
      if (index > 0) unfinished.set(id, index);
      // Those that never come again (the shard is another's now) must not pile up.
      if (unfinished.size > MOST_UNFINISHED) unfinished.delete([...unfinished.keys()][0]!);
      throw error;
    }
  };
}

/** One of the records that travelled as one. The payload stays private, so that printing it shows none. */
class Unpacked implements UserRecord {
  readonly id: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number | undefined;
  readonly partitionKey: string | undefined;
  readonly explicitHashKey: string | undefined;
  readonly approximateArrivalMs: number | undefined;
  readonly encryptionType: string | undefined;
  readonly lagMs: number | undefined;
  readonly signal: AbortSignal;
  readonly #data: Uint8Array;
  readonly #onAck: () => void;

  constructor(
    record: KinsumerRecord,
    packed: (PackedRecord & { readonly index: number }) | undefined,
    onAck: () => void,
  ) {
    this.id = packed === undefined ? record.id : `${record.id}/${packed.index}`;
    this.shardId = record.shardId;
    this.sequenceNumber = record.sequenceNumber;
    this.subSequenceNumber = packed?.index;
    this.partitionKey = packed === undefined ? record.partitionKey : packed.partitionKey;
    this.explicitHashKey = packed?.explicitHashKey;
    this.approximateArrivalMs = record.approximateArrivalMs;
    this.encryptionType = record.encryptionType;
    this.lagMs = record.lagMs;
    this.signal = record.signal;
    this.#data = packed === undefined ? record.data : packed.data;
    this.#onAck = onAck;
  }

  get data(): Uint8Array {
    return this.#data;
  }

  text(): string {
    return decoder.decode(this.#data);
  }

  json(): unknown {
    return JSON.parse(this.text());
  }

  ack(): void {
    this.#onAck();
  }
}
