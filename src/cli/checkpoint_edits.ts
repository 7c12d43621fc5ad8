/**
 * Writes checkpoints from outside of a fleet: begins a shard anew, or takes its owner off.
 *
 * Rules: a row is written only as it was read, so that no client's write is overwritten unseen; and
 * each write changes `LastUpdate` and takes the owner off, so that an owner that lives after all
 * finds its next commit refused, loses the shard, and claims it from the new place.
 *
 * @module
 */

import type { DynamoDbApi } from "../aws/dynamodb_api.ts";
import type { Checkpoint } from "../model.ts";
import type { Runtime } from "../runtime.ts";
import { isObserved, parseCheckpoint } from "../tables/checkpoints.ts";
import type { Values } from "../tables/expression.ts";
import { rfc1123, uniqueUpdate, updateAttributes } from "../tables/item.ts";
import { Rows } from "../tables/rows.ts";
import type { Start } from "./reset_plan.ts";

/** What an edit needs. */
export interface Editing {
  readonly dynamodb: DynamoDbApi;
  readonly tableName: string;
  readonly runtime: Pick<Runtime, "clock" | "random">;
}

/**
 * Begins a shard anew.
 *
 * @param edit.before the row as it was shown; absent: no row
 * @returns false when the row is not as it was
 */
export function rewriteStart(
  editing: Editing,
  edit: {
    readonly shardId: string;
    readonly before: Checkpoint | undefined;
    readonly after: Start;
  },
  signal: AbortSignal,
): Promise<boolean> {
  const { sequenceNumber, startAtMs, isFinished } = edit.after;
  const lastUpdate = newUpdate(editing, edit.before);
  const set: Values = {
    ...updateAttributes(lastUpdate),
    SequenceNumber: sequenceNumber,
    StartAtMs: startAtMs,
    ...(isFinished && { Finished: { N: lastUpdate }, FinishedRFC: rfc1123(lastUpdate) }),
  };
  const all = [
    "SequenceNumber",
    "StartAtMs",
    "ProcessedThroughMs",
    "Finished",
    "FinishedRFC",
    "OwnerID",
    "OwnerName",
    "OwnerIncarnation",
  ];
  // A finished row keeps its last sequence number, for people.
  const kept = isFinished ? ["SequenceNumber", "StartAtMs", "ProcessedThroughMs"] : [];
  const remove = all.filter((name) => set[name] === undefined && !kept.includes(name));
  return write(editing, { ...edit, lastUpdate, set, remove }, signal);
}

/**
 * Takes the owner off a shard, and leaves its place as it is.
 *
 * @returns false when the row is not as it was
 */
export function removeOwner(
  editing: Editing,
  before: Checkpoint,
  signal: AbortSignal,
): Promise<boolean> {
  const lastUpdate = newUpdate(editing, before);
  const set = updateAttributes(lastUpdate);
  const remove = ["OwnerID", "OwnerName", "OwnerIncarnation"];
  return write(editing, { shardId: before.shardId, before, lastUpdate, set, remove }, signal);
}

function newUpdate({ runtime }: Editing, before: Checkpoint | undefined): string {
  return uniqueUpdate(runtime.clock.nowMs(), before?.lastUpdate, runtime.random.next());
}

async function write(
  { dynamodb, tableName }: Editing,
  { shardId, before, lastUpdate, set, remove }: {
    readonly shardId: string;
    readonly before: Checkpoint | undefined;
    readonly lastUpdate: string;
    readonly set: Values;
    readonly remove: readonly string[];
  },
  signal: AbortSignal,
): Promise<boolean> {
  const rows = new Rows({ api: dynamodb, tableName }, "Shard");
  const change = { set, remove, ...isObserved(before) };
  if (await rows.write(shardId, change, signal) !== undefined) return true;
  // The condition may have failed on our own write, whose answer was lost and which was repeated.
  const found = await rows.read(shardId, signal);
  return found !== undefined && parseCheckpoint(found).lastUpdate === lastUpdate;
}
