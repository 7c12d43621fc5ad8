/**
 * The stand-in's checkpoint of one shard: captured by age of the row, overwritten whole, and moved
 * when a record is handed over (PROTOCOL §2 and §3), as the Go library does it.
 *
 * @module
 */

import {
  type Ask,
  getRow,
  isConditionFailure,
  nowNs,
  numberOf,
  type Row,
  stamps,
  textOf,
} from "./wire.ts";

/** Who captures, and by which rule. */
export interface Captor {
  readonly ask: Ask;
  readonly tableName: string;
  readonly clientId: string;
  readonly clientName: string;
  /** Five times the shard check interval. */
  readonly maxAgeMs: number;
}

const NULL = { NULL: true } as const;

/** A shard that the stand-in owns. */
export class Checkpoint {
  readonly shardId: string;
  readonly #captor: Captor;
  #sequenceNumber: string;
  #isDirty = false;
  #finalSequenceNumber: string | undefined;

  constructor(captor: Captor, shardId: string, sequenceNumber: string) {
    this.#captor = captor;
    this.shardId = shardId;
    this.#sequenceNumber = sequenceNumber;
  }

  /** The last record handed over; `""` before the first. */
  get sequenceNumber(): string {
    return this.#sequenceNumber;
  }

  /** A record was handed over: whether it is processed is not asked. */
  update(sequenceNumber: string): void {
    this.#isDirty ||= this.#sequenceNumber !== sequenceNumber;
    this.#sequenceNumber = sequenceNumber;
  }

  /** The shard is read to its end. @param last the last record read; `""` when there was none */
  finish(last: string): void {
    this.#finalSequenceNumber = last;
  }

  /** @returns true once the shard is written down as finished */
  async commit(): Promise<boolean> {
    const final = this.#finalSequenceNumber;
    if (!this.#isDirty && final === undefined) return false;
    const { ask, tableName, clientId, clientName } = this.#captor;
    const now = nowNs();
    const isFinished = final !== undefined && (final === "" || final === this.#sequenceNumber);
    this.#isDirty = false;
    await ask("PutItem", {
      TableName: tableName,
      Item: {
        Shard: { S: this.shardId },
        SequenceNumber: this.#sequenceNumber === "" ? NULL : { S: this.#sequenceNumber },
        OwnerID: { S: clientId },
        OwnerName: { S: clientName },
        ...stamps(now),
        ...(isFinished ? stamps(now, "Finished") : { Finished: NULL, FinishedRFC: NULL }),
      },
      ConditionExpression: "OwnerID = :owner",
      ExpressionAttributeValues: { ":owner": { S: clientId } },
    });
    return isFinished;
  }

  async release(): Promise<void> {
    const { ask, tableName, clientId } = this.#captor;
    const { LastUpdate, LastUpdateRFC } = stamps(nowNs());
    await ask("UpdateItem", {
      TableName: tableName,
      Key: { Shard: { S: this.shardId } },
      UpdateExpression: "REMOVE OwnerID, OwnerName " +
        "SET LastUpdate = :at, LastUpdateRFC = :rfc, SequenceNumber = :number",
      ConditionExpression: "OwnerID = :owner",
      ExpressionAttributeValues: {
        ":owner": { S: clientId },
        ":at": LastUpdate,
        ":rfc": LastUpdateRFC,
        ":number": { S: this.#sequenceNumber },
      },
    });
  }
}

/** Tries once; `undefined` while another holds the shard and its row is young enough. */
export async function capture(captor: Captor, shardId: string): Promise<Checkpoint | undefined> {
  const { ask, tableName, clientId, clientName, maxAgeMs } = captor;
  const cutoff = nowNs() - BigInt(maxAgeMs) * 1_000_000n;
  const row = await getRow(ask, tableName, { Shard: { S: shardId } });
  if (textOf(row, "OwnerID") !== undefined && numberOf(row, "LastUpdate") > cutoff) {
    return undefined;
  }
  // A Go client writes the attributes that it knows, and by that drops all others.
  const item: Row = {
    Shard: { S: shardId },
    SequenceNumber: row?.["SequenceNumber"] ?? NULL,
    Finished: row?.["Finished"] ?? NULL,
    FinishedRFC: row?.["FinishedRFC"] ?? NULL,
    OwnerID: { S: clientId },
    OwnerName: { S: clientName },
    ...stamps(nowNs()),
  };
  try {
    await ask("PutItem", {
      TableName: tableName,
      Item: item,
      ConditionExpression: "attribute_not_exists(OwnerID) OR " +
        "attribute_type(OwnerID, :null) OR LastUpdate <= :cutoff",
      ExpressionAttributeValues: { ":null": { S: "NULL" }, ":cutoff": { N: String(cutoff) } },
    });
  } catch (error) {
    if (isConditionFailure(error)) return undefined;
    throw error;
  }
  return new Checkpoint(captor, shardId, textOf(row, "SequenceNumber") ?? "");
}
