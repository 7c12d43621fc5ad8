/**
 * One shard on a simulated Go client: captured by the age of its row, read into the client's one
 * buffer, checkpointed as records are handed over, committed by a timer, released.
 *
 * @module
 */

import type { Item } from "../../src/aws/dynamodb_api.ts";
import type { KinesisApi, RecordsAnswer } from "../../src/aws/kinesis.ts";
import { KinsumerError } from "../../src/errors.ts";
import type { Position } from "../../src/model.ts";
import type { Clock } from "../../src/runtime.ts";
import { readString } from "../../src/tables/item.ts";
import type { WriteCondition } from "./dynamodb.ts";
import { goNanoseconds, goStamps, type GoTables, lastUpdateOf } from "./go_tables.ts";

/** A record that was read and waits to be handed over. */
export interface GoRecord {
  readonly shard: GoShard;
  readonly sequenceNumber: string;
}

/** What a shard of a Go client works with. */
export interface GoShardContext {
  readonly clientId: string;
  readonly clock: Clock;
  readonly tables: GoTables;
  readonly kinesis: KinesisApi;
  /** Go counts anything as dead that is older, by its own wall clock: milliseconds. */
  readonly maxAgeMs: number;
  readonly commitIntervalMs: number;
  readonly throttleMs: number;
  /** Puts a record into the client's buffer; false when the stop came first. */
  readonly push: (record: GoRecord, stop: AbortSignal) => Promise<boolean>;
  readonly onCaptured: (shardId: string) => void;
}

const NULL = { NULL: true } as const;
const MOST_RECORDS = 10_000;

/** One shard on a simulated Go client. */
export class GoShard {
  readonly shardId: string;
  readonly #context: GoShardContext;
  /** The last record handed over; `""` before the first. */
  #sequenceNumber = "";
  #isDirty = false;
  /** The last record of a shard that has ended; `""` when this client read none. */
  #finalSequenceNumber: string | undefined;

  constructor(context: GoShardContext, shardId: string) {
    this.#context = context;
    this.shardId = shardId;
  }

  /** A record was handed over: nobody asks whether it is processed. */
  handedOver(sequenceNumber: string): void {
    this.#isDirty ||= this.#sequenceNumber !== sequenceNumber;
    this.#sequenceNumber = sequenceNumber;
  }

  /**
   * Consumes the shard until the stop or its end.
   *
   * @throws what the services answer: nothing but throttling is tried again
   */
  async run(stop: AbortSignal): Promise<void> {
    const { clock, throttleMs } = this.#context;
    while (!await this.#capture()) {
      await clock.sleep(throttleMs, stop);
      if (stop.aborted) return;
    }
    this.#context.onCaptured(this.shardId);
    try {
      await this.#read(stop);
    } finally {
      await this.#release();
    }
  }

  /** @returns false while another holds the shard and its row is young enough */
  async #capture(): Promise<boolean> {
    const { clock, maxAgeMs, tables } = this.#context;
    const row = await tables.get("checkpoints", this.shardId);
    const cutoff = goNanoseconds(clock.nowMs() - maxAgeMs);
    const isOwned = row !== undefined && readString(row, "OwnerID") !== undefined;
    if (isOwned && lastUpdateOf(row) > BigInt(cutoff)) return false;
    const isCaptured = await tables.put(
      "checkpoints",
      () => ({
        // It writes the attributes that it knows, and so drops all others.
        ...this.#row(row?.["SequenceNumber"] ?? NULL),
        Finished: row?.["Finished"] ?? NULL,
        FinishedRFC: row?.["FinishedRFC"] ?? NULL,
      }),
      {
        conditionExpression:
          "attribute_not_exists(#owner) OR attribute_type(#owner, :null) OR #at <= :cutoff",
        attributeNames: { "#owner": "OwnerID", "#at": "LastUpdate" },
        attributeValues: {
          ":null": { S: "NULL" },
          ":cutoff": { N: cutoff },
        },
      },
    );
    this.#sequenceNumber = (row && readString(row, "SequenceNumber")) ?? "";
    return isCaptured;
  }

  async #read(stop: AbortSignal): Promise<void> {
    const { clock, commitIntervalMs, push, throttleMs } = this.#context;
    let iterator: string | undefined = await this.#openIterator();
    let delayMs = throttleMs;
    let last = "";
    let committedAtMs = clock.monotonicMs();
    for (;;) {
      if (iterator === undefined) this.#finalSequenceNumber = last;
      const untilCommitMs = Math.max(0, committedAtMs + commitIntervalMs - clock.monotonicMs());
      await clock.sleep(Math.min(delayMs, untilCommitMs), stop);
      if (stop.aborted) return;
      if (clock.monotonicMs() - committedAtMs >= commitIntervalMs) {
        committedAtMs = clock.monotonicMs();
        if (await this.#commit()) return;
      }
      delayMs = throttleMs;
      if (iterator === undefined) continue;
      const answer = await this.#getRecords(iterator);
      if (answer === undefined) continue;
      for (const { sequenceNumber } of answer.records) {
        if (!await push({ shard: this, sequenceNumber }, stop)) return;
        last = sequenceNumber;
        delayMs = 0;
      }
      iterator = answer.nextShardIterator;
    }
  }

  #openIterator(): Promise<string> {
    const sequenceNumber = this.#sequenceNumber;
    const position: Position = sequenceNumber === ""
      ? { type: "TRIM_HORIZON" }
      : { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber };
    return this.#context.kinesis.getShardIterator({ shardId: this.shardId, position });
  }

  /** @returns nothing when the shard throttles */
  async #getRecords(shardIterator: string): Promise<RecordsAnswer | undefined> {
    const { shardId } = this;
    try {
      return await this.#context.kinesis.getRecords({
        shardId,
        shardIterator,
        limit: MOST_RECORDS,
      });
    } catch (error) {
      if (error instanceof KinsumerError && error.code === "Throttled") return undefined;
      throw error;
    }
  }

  /** @returns true once the shard is written down as finished */
  async #commit(): Promise<boolean> {
    const { clock, tables } = this.#context;
    const final = this.#finalSequenceNumber;
    if (!this.#isDirty && final === undefined) return false;
    const isFinished = final !== undefined && (final === "" || final === this.#sequenceNumber);
    this.#isDirty = false;
    const number = this.#sequenceNumber;
    const isCommitted = await tables.put("checkpoints", () => {
      const { LastUpdate, LastUpdateRFC } = goStamps(clock);
      return {
        ...this.#row(number === "" ? NULL : { S: number }),
        Finished: isFinished ? LastUpdate : NULL,
        FinishedRFC: isFinished ? LastUpdateRFC : NULL,
      };
    }, this.#isOwner());
    if (!isCommitted) throw new Error(`Cannot commit shard "${this.shardId}": another has it`);
    return isFinished;
  }

  async #release(): Promise<void> {
    const { clock, tables } = this.#context;
    const { LastUpdate, LastUpdateRFC } = goStamps(clock);
    const { attributeNames, attributeValues, conditionExpression } = this.#isOwner();
    await tables.update("checkpoints", this.shardId, {
      updateExpression: "REMOVE #owner, #name SET #at = :at, #rfc = :rfc, #number = :number",
      conditionExpression,
      attributeNames: {
        ...attributeNames,
        "#name": "OwnerName",
        "#at": "LastUpdate",
        "#rfc": "LastUpdateRFC",
        "#number": "SequenceNumber",
      },
      attributeValues: {
        ...attributeValues,
        ":at": LastUpdate,
        ":rfc": LastUpdateRFC,
        ":number": { S: this.#sequenceNumber },
      },
    });
  }

  #isOwner(): Required<WriteCondition> {
    return {
      conditionExpression: "#owner = :owner",
      attributeNames: { "#owner": "OwnerID" },
      attributeValues: { ":owner": { S: this.#context.clientId } },
    };
  }

  #row(sequenceNumber: Item[string]): Item {
    const { clientId, clock } = this.#context;
    return {
      Shard: { S: this.shardId },
      SequenceNumber: sequenceNumber,
      OwnerID: { S: clientId },
      OwnerName: { S: clientId },
      ...goStamps(clock),
    };
  }
}
