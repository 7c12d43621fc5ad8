/**
 * Remembers how far each shard is processed, and who owns it: the checkpoints table, one row a
 * shard.
 *
 * Every write names the value that it replaces (`LastUpdate` is new with each write), so that a
 * write that arrives late, or twice, changes nothing.
 *
 * @module
 */

import type { Item } from "../aws/dynamodb_api.ts";
import type { Checkpoint } from "../model.ts";
import { LATEST_SENTINEL } from "../rules/position.ts";
import type { Clock } from "../runtime.ts";
import type {
  CaptureOutcome,
  CheckpointsTable,
  CommitOutcome,
  CommitRequest,
} from "./checkpoints_api.ts";
import { type Change, isAsRead, isUnchanged } from "./expression.ts";
import {
  nextUpdate,
  readDigits,
  readPositive,
  readString,
  readUpdate,
  rfc1123,
  updateAttributes,
} from "./item.ts";
import { Rows, type RowsOptions } from "./rows.ts";

/** What a table in DynamoDB is made of. */
export interface CheckpointsTableOptions extends RowsOptions {
  readonly clock: Clock;
}

/** What a row says of its owner. */
const OWNER = ["OwnerID", "OwnerName", "OwnerIncarnation"];
/** What a row remembers of the records. */
const PROGRESS = ["SequenceNumber", "ProcessedThroughMs", "StartAtMs", "Finished", "FinishedRFC"];

/** The checkpoints table in DynamoDB. */
export function createCheckpointsTable(options: CheckpointsTableOptions): CheckpointsTable {
  return new DynamoDbCheckpointsTable(options);
}

/** Reads a row as any client wrote it, Go's or ours. */
export function parseCheckpoint(item: Item): Checkpoint {
  return {
    shardId: readString(item, "Shard") ?? "",
    sequenceNumber: readString(item, "SequenceNumber"),
    lastUpdate: readUpdate(item),
    ownerId: readString(item, "OwnerID"),
    ownerName: readString(item, "OwnerName"),
    ownerIncarnation: readString(item, "OwnerIncarnation"),
    startAtMs: readPositive(item, "StartAtMs"),
    processedThroughMs: readPositive(item, "ProcessedThroughMs"),
    // A zero is not a time: read a shard's end once too often rather than never.
    isFinished: BigInt(readDigits(item, "Finished") ?? 0) > 0n,
  };
}

class DynamoDbCheckpointsTable implements CheckpointsTable {
  readonly #rows: Rows;
  readonly #clock: Clock;

  constructor(options: CheckpointsTableOptions) {
    this.#rows = new Rows(options, "Shard");
    this.#clock = options.clock;
  }

  async read(shardId: string, signal?: AbortSignal): Promise<Checkpoint | undefined> {
    const item = await this.#rows.read(shardId, signal);
    return item && parseCheckpoint(item);
  }

  async readMany(
    shardIds: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly Checkpoint[]> {
    return (await this.#rows.readMany(shardIds, signal)).map(parseCheckpoint);
  }

  async list(signal?: AbortSignal): Promise<readonly Checkpoint[]> {
    return (await this.#rows.list(signal)).map(parseCheckpoint);
  }

  async capture(
    request: Parameters<CheckpointsTable["capture"]>[0],
    signal?: AbortSignal,
  ): Promise<CaptureOutcome> {
    const { shardId, owner, observed, lastUpdate, startAtMs, isReset = false } = request;
    const set = {
      OwnerID: owner.clientId,
      OwnerName: owner.clientName,
      OwnerIncarnation: owner.incarnation,
      SequenceNumber: isReset && startAtMs !== undefined ? LATEST_SENTINEL : undefined,
      StartAtMs: startAtMs,
      ...updateAttributes(lastUpdate),
    };
    const forgotten = ["OwnerIncarnation", ...isReset ? PROGRESS : []];
    const remove = forgotten.filter((name) => set[name as keyof typeof set] === undefined);
    // Rule: a shard is taken only on the row that the decision was made on.
    const change = { set, remove, ...isObserved(observed) };
    const written = { shardId, lastUpdate, ownerId: owner.clientId };
    const checkpoint = await this.#write(written, change, signal);
    return checkpoint === undefined ? { outcome: "held" } : { outcome: "captured", checkpoint };
  }

  async commit(request: CommitRequest, signal?: AbortSignal): Promise<CommitOutcome> {
    const { observed, lastUpdate, sequenceNumber, processedThroughMs, isFinished } = request;
    const { ownerId, shardId } = observed;
    if (ownerId === undefined) {
      throw new TypeError(`Cannot commit shard "${shardId}": the row has no owner`);
    }
    const isReleased = request.isReleased || isFinished;
    const finished = nextUpdate(this.#clock.nowMs());
    const set = {
      ...updateAttributes(lastUpdate),
      SequenceNumber: sequenceNumber,
      ProcessedThroughMs: processedThroughMs,
      ...isFinished && { Finished: { N: finished }, FinishedRFC: rfc1123(finished) },
    };
    const written = { shardId, lastUpdate, ownerId: isReleased ? undefined : ownerId };
    // Rule: only the owner writes, and only over its own last write: late duplicates do nothing.
    const change = { set, remove: isReleased ? OWNER : [], ...isObserved(observed) };
    const checkpoint = await this.#write(written, change, signal);
    return checkpoint === undefined
      ? { outcome: "conflict" }
      : { outcome: "committed", checkpoint };
  }

  remove(observed: Checkpoint, signal?: AbortSignal): Promise<boolean> {
    // Rule: a row goes only if nobody wrote it since the decision that its shard is gone.
    return this.#rows.remove(observed.shardId, isObserved(observed), signal);
  }

  /**
   * Writes; where the condition failed, looks whether it failed on our own write: an attempt whose
   * answer was lost, and that was then repeated.
   */
  async #write(
    written: Pick<Checkpoint, "shardId" | "lastUpdate" | "ownerId">,
    change: Change,
    signal: AbortSignal | undefined,
  ): Promise<Checkpoint | undefined> {
    const { lastUpdate, ownerId, shardId } = written;
    const item = await this.#rows.write(shardId, change, signal);
    if (item !== undefined) return parseCheckpoint(item);
    const found = await this.read(shardId, signal);
    return found?.lastUpdate === lastUpdate && found.ownerId === ownerId ? found : undefined;
  }
}

/** Holds where the row is as observed: unwritten since, and owned by the same client or by none. */
export function isObserved(observed: Checkpoint | undefined): Change {
  if (observed === undefined) return { condition: "attribute_not_exists(#Shard)" };
  const { lastUpdate, ownerId: was } = observed;
  return {
    condition: `${isUnchanged("Shard", lastUpdate)} AND ${isAsRead("OwnerID", was)}`,
    values: { observed: { N: lastUpdate }, was },
  };
}
