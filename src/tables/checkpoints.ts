/**
 * Remembers how far each shard is processed, and who owns it: the checkpoints table, one row a
 * shard.
 *
 * Every write names the value that it replaces (`LastUpdate` is new with each write), so that a
 * write that arrives late, or twice, changes nothing.
 *
 * @module
 */

import type { Item, ItemsApi } from "../aws/dynamodb_api.ts";
import type { Checkpoint } from "../model.ts";
import { LATEST_SENTINEL } from "../rules/position.ts";
import type { Clock } from "../runtime.ts";
import type {
  CaptureOutcome,
  CheckpointsTable,
  CommitOutcome,
  CommitRequest,
} from "./checkpoints_api.ts";
import {
  Expression,
  isAsRead,
  isMissing,
  isUnchanged,
  removeAttributes,
  setAttributes,
  writtenItem,
} from "./expression.ts";
import {
  nextUpdate,
  readNanoseconds,
  readPositive,
  readString,
  readUpdate,
  rfc1123,
  updateAttributes,
} from "./item.ts";

/** What a table in DynamoDB is made of. */
export interface CheckpointsTableOptions {
  readonly api: ItemsApi;
  readonly tableName: string;
  readonly clock: Clock;
}

/** What a row says of its owner. */
const OWNER = ["OwnerID", "OwnerName", "OwnerIncarnation"];
/** What a row remembers of the records. */
const PROGRESS = ["SequenceNumber", "ProcessedThroughMs", "StartAtMs", "Finished", "FinishedRFC"];

/** What stands for "from that moment on". */
function isTip(attribute: string): boolean {
  return attribute === "SequenceNumber" || attribute === "StartAtMs";
}

/** The checkpoints table in DynamoDB. */
export function createCheckpointsTable(options: CheckpointsTableOptions): CheckpointsTable {
  return new DynamoDbCheckpointsTable(options);
}

/** Reads a row as any client wrote it, Go's or ours. */
export function parseCheckpoint(item: Item): Checkpoint {
  const finished = readNanoseconds(item, "Finished") ?? "0";
  const ownerIncarnation = readString(item, "OwnerIncarnation");
  return {
    shardId: readString(item, "Shard") ?? "",
    sequenceNumber: readString(item, "SequenceNumber"),
    lastUpdate: readUpdate(item),
    ownerId: readString(item, "OwnerID"),
    ownerName: readString(item, "OwnerName"),
    ...(ownerIncarnation !== undefined && { ownerIncarnation }),
    ...optional(item, "StartAtMs", "startAtMs"),
    ...optional(item, "ProcessedThroughMs", "processedThroughMs"),
    // A zero is not a time: read a shard's end once too often rather than never.
    isFinished: BigInt(finished) > 0n,
  };
}

function optional<Name extends "startAtMs" | "processedThroughMs">(
  item: Item,
  attribute: string,
  name: Name,
): Pick<Checkpoint, Name> {
  const value = readPositive(item, attribute);
  return (value === undefined ? {} : { [name]: value }) as Pick<Checkpoint, Name>;
}

class DynamoDbCheckpointsTable implements CheckpointsTable {
  readonly #api: ItemsApi;
  readonly #tableName: string;
  readonly #clock: Clock;

  constructor(options: CheckpointsTableOptions) {
    this.#api = options.api;
    this.#tableName = options.tableName;
    this.#clock = options.clock;
  }

  async read(shardId: string, signal?: AbortSignal): Promise<Checkpoint | undefined> {
    const item = await this.#api.getItem(this.#row(shardId), signal);
    return item === undefined ? undefined : parseCheckpoint(item);
  }

  async readMany(
    shardIds: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly Checkpoint[]> {
    if (shardIds.length === 0) return [];
    const keys = [...new Set(shardIds)].map((shardId) => this.#row(shardId).key);
    const items = await this.#api.batchGetItem({ tableName: this.#tableName, keys }, signal);
    return items.map(parseCheckpoint);
  }

  async list(signal?: AbortSignal): Promise<readonly Checkpoint[]> {
    const items = await this.#api.scan({ tableName: this.#tableName }, signal);
    return items.map(parseCheckpoint);
  }

  async capture(
    request: Parameters<CheckpointsTable["capture"]>[0],
    signal?: AbortSignal,
  ): Promise<CaptureOutcome> {
    const { shardId, owner, observed, lastUpdate, startAtMs, isReset = false } = request;
    const expression = new Expression();
    const set = setAttributes(expression, {
      OwnerID: { S: owner.clientId },
      OwnerName: { S: owner.clientName },
      ...(owner.incarnation !== undefined && { OwnerIncarnation: { S: owner.incarnation } }),
      ...(startAtMs !== undefined && {
        ...(isReset && { SequenceNumber: { S: LATEST_SENTINEL } }),
        StartAtMs: { N: String(startAtMs) },
      }),
      ...updateAttributes(lastUpdate),
    });
    const isForgotten = (name: string) => isReset && (startAtMs === undefined || !isTip(name));
    const forgotten = PROGRESS.filter(isForgotten);
    if (owner.incarnation === undefined) forgotten.push("OwnerIncarnation");
    const forget = forgotten.length > 0 ? removeAttributes(expression, forgotten) : "";
    const updateExpression = `${set} ${forget}`.trim();
    // Rule: a shard is taken only on the row that the decision was made on.
    const conditionExpression = isObserved(expression, observed);
    const checkpoint = await this.#write(
      { shardId, lastUpdate, ownerId: owner.clientId },
      { updateExpression, conditionExpression, ...expression.placeholders() },
      signal,
    );
    return checkpoint === undefined ? { outcome: "held" } : { outcome: "captured", checkpoint };
  }

  async commit(request: CommitRequest, signal?: AbortSignal): Promise<CommitOutcome> {
    const { observed, lastUpdate } = request;
    if (observed.ownerId === undefined) {
      throw new TypeError(`Cannot commit shard "${observed.shardId}": the row has no owner`);
    }
    const isReleased = request.isReleased === true || request.isFinished === true;
    const expression = new Expression();
    const set = setAttributes(expression, this.#commitAttributes(request));
    const remove = isReleased ? removeAttributes(expression, OWNER) : "";
    // Rule: only the owner writes, and only over its own last write: late duplicates do nothing.
    const conditionExpression = isObserved(expression, observed);
    const checkpoint = await this.#write(
      {
        shardId: observed.shardId,
        lastUpdate,
        ownerId: isReleased ? undefined : observed.ownerId,
      },
      {
        updateExpression: `${set} ${remove}`.trim(),
        conditionExpression,
        ...expression.placeholders(),
      },
      signal,
    );
    return checkpoint === undefined
      ? { outcome: "conflict" }
      : { outcome: "committed", checkpoint };
  }

  async remove(observed: Checkpoint, signal?: AbortSignal): Promise<boolean> {
    const expression = new Expression();
    // Rule: a row goes only if nobody wrote it since the decision that its shard is gone.
    const conditionExpression = isObserved(expression, observed);
    const { outcome } = await this.#api.deleteItem(
      { ...this.#row(observed.shardId), conditionExpression, ...expression.placeholders() },
      signal,
    );
    return outcome === "applied";
  }

  /**
   * Writes; where the condition failed, looks whether it failed on our own write: an attempt whose
   * answer was lost, and that was then repeated.
   */
  async #write(
    written: Pick<Checkpoint, "shardId" | "lastUpdate" | "ownerId">,
    update: Omit<Parameters<ItemsApi["updateItem"]>[0], "tableName" | "key">,
    signal: AbortSignal | undefined,
  ): Promise<Checkpoint | undefined> {
    const row = this.#row(written.shardId);
    const outcome = await this.#api.updateItem({ ...row, ...update }, signal);
    const item = writtenItem(outcome, this.#tableName);
    if (item !== undefined) return parseCheckpoint(item);
    const found = await this.read(written.shardId, signal);
    const isOurs = found?.lastUpdate === written.lastUpdate && found.ownerId === written.ownerId;
    return isOurs ? found : undefined;
  }

  #commitAttributes(request: CommitRequest): Item {
    const finished = nextUpdate(this.#clock.nowMs());
    return {
      ...updateAttributes(request.lastUpdate),
      ...(request.sequenceNumber !== undefined && {
        SequenceNumber: { S: request.sequenceNumber },
      }),
      ...(request.processedThroughMs !== undefined && {
        ProcessedThroughMs: { N: String(Math.floor(request.processedThroughMs)) },
      }),
      ...(request.isFinished === true && {
        Finished: { N: finished },
        FinishedRFC: { S: rfc1123(finished) },
      }),
    };
  }

  #row(shardId: string): { readonly tableName: string; readonly key: Item } {
    return { tableName: this.#tableName, key: { Shard: { S: shardId } } };
  }
}

/** Holds where the row is as observed: unwritten since, and owned by the same client or by none. */
function isObserved(expression: Expression, observed: Checkpoint | undefined): string {
  if (observed === undefined) return isMissing(expression, "Shard");
  const isUnwritten = isUnchanged(expression, {
    hashKey: "Shard",
    lastUpdate: observed.lastUpdate,
  });
  return `${isUnwritten} AND ${isAsRead(expression, "OwnerID", observed.ownerId)}`;
}
