/**
 * Gets an iterator, also where the service does not answer for a moment that nothing follows yet.
 *
 * @module
 */

import { withDeadline } from "../aws/deadline.ts";
import type { Position } from "../model.ts";
import type { LoopContext } from "./context.ts";

/** An iterator at a moment that nothing follows is not always answered: how long to wait for one. */
const TIMESTAMP_TIMEOUT_MS = 3_000;

/** An iterator, and what of its records does not count. */
export interface OpenedIterator {
  readonly shardIterator: string;
  /** Set when the service did not answer for a moment: read all, and skip what is older. */
  readonly skipBeforeMs?: number | undefined;
}

/** Gets an iterator at a position of a shard. */
export async function openIterator(
  { clock, kinesis }: Pick<LoopContext, "clock" | "kinesis">,
  { shardId, position, signal }: {
    readonly shardId: string;
    readonly position: Position;
    readonly signal: AbortSignal;
  },
): Promise<OpenedIterator> {
  if (position.type !== "AT_TIMESTAMP") {
    return { shardIterator: await kinesis.getShardIterator({ shardId, position }, signal) };
  }
  const ask = (signal: AbortSignal) => kinesis.getShardIterator({ shardId, position }, signal);
  const unanswered = new Error("Nothing follows that moment yet");
  const timeoutError = () => unanswered;
  try {
    const deadline = { clock, timeoutMs: TIMESTAMP_TIMEOUT_MS, signal, timeoutError };
    return { shardIterator: await withDeadline(deadline, ask) };
  } catch (error) {
    if (error !== unanswered) throw error;
    const horizon = { type: "TRIM_HORIZON" } as const;
    const shardIterator = await kinesis.getShardIterator({ shardId, position: horizon }, signal);
    return { shardIterator, skipBeforeMs: position.timestampMs };
  }
}
