/**
 * What the checkpoints table is to everybody above it, wherever the rows are kept.
 *
 * @module
 */

import type { Checkpoint, SequenceNumber } from "../model.ts";

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
