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
import type { Checkpoint, SequenceNumber } from "../model.ts";
import { LATEST_SENTINEL } from "../rules/position.ts";
import type { Clock } from "../runtime.ts";
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

/** Who captures a shard. */
export interface Owner {
  /** Who it is. */
  readonly clientId: string;
  /** Its name for people. */
  readonly clientName: string;
  /** Which of the processes under this ID it is; absent: nobody will know. */
  readonly incarnation?: string | undefined;
}

/** What became of a capture. */
export type CaptureOutcome =
  | { readonly outcome: "captured"; readonly checkpoint: Checkpoint }
  /** The row changed since it was observed. */
  | { readonly outcome: "held" };

/** What became of a commit, a renewal or a release. */
export type CommitOutcome =
  | { readonly outcome: "committed"; readonly checkpoint: Checkpoint }
  /** The row is not as `observed`: another took it, or an earlier write of ours landed late. */
  | { readonly outcome: "conflict" };

/** What a commit writes. */
export interface CommitRequest {
  /** The row as this owner knows it; its `lastUpdate` and `ownerId` are the write's condition. */
  readonly observed: Checkpoint;
  /** The row's `lastUpdate` after the write: choose it with {@link uniqueUpdate}. */
  readonly lastUpdate: string;
  /** The last record that is processed; absent leaves the row's value as it is. */
  readonly sequenceNumber?: SequenceNumber | undefined;
  /** Through which moment all is processed; absent leaves the row's value as it is. */
  readonly processedThroughMs?: number | undefined;
  /** True gives the shard up: the row has no owner afterwards. */
  readonly isReleased?: boolean | undefined;
  /** True says that the shard was read to its end and every record processed; implies released. */
  readonly isFinished?: boolean | undefined;
}

/** The checkpoints table. Implement it to keep checkpoints elsewhere. */
export interface CheckpointsTable {
  /** One row; `undefined` where the shard was never captured. */
  read(shardId: string, signal?: AbortSignal): Promise<Checkpoint | undefined>;
  /** The rows of these shards; those that have none are left out. In no order. */
  readMany(shardIds: readonly string[], signal?: AbortSignal): Promise<readonly Checkpoint[]>;
  /** Every row, in no order. */
  list(signal?: AbortSignal): Promise<readonly Checkpoint[]>;
  /**
   * Takes a shard, if its row is still as observed.
   *
   * @param request.observed the row that the decision to capture was made on; absent: no row
   * @param request.lastUpdate the row's `lastUpdate` after the write
   */
  capture(
    request: {
      readonly shardId: string;
      readonly owner: Owner;
      readonly observed: Checkpoint | undefined;
      readonly lastUpdate: string;
      /** Written beside the owner; absent leaves the row's value as it is. */
      readonly startAtMs?: number | undefined;
      /**
       * True forgets what was processed, and that the shard was finished: it was another's. With
       * `startAtMs`, the sentinel takes its place.
       */
      readonly isReset?: boolean | undefined;
    },
    signal?: AbortSignal,
  ): Promise<CaptureOutcome>;
  /**
   * Commits, renews, releases or finishes, if the row is still as observed.
   *
   * @throws {TypeError} when `request.observed` has no owner
   */
  commit(request: CommitRequest, signal?: AbortSignal): Promise<CommitOutcome>;
  /**
   * Removes the row of a shard that the stream no longer has, if it is still as observed.
   *
   * @returns false when it changed or is gone
   */
  remove(observed: Checkpoint, signal?: AbortSignal): Promise<boolean>;
}

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
