/**
 * How a shard is let go: what is in the user's hands is waited for, and then the last checkpoint is
 * written.
 *
 * @module
 */

import type { Channel } from "./channel.ts";
import { commit } from "./commit.ts";
import type { LoopContext } from "./context.ts";
import type { OwnedCheckpoint } from "./owned_checkpoint.ts";
import type { ShardEnding } from "./shard_ending.ts";

/** How long a client that lost its lease tries to save what was processed. */
const LAST_COMMIT_TIMEOUT_MS = 2_000;

/** Waits until nothing of a shard is in the user's hands; what is then still there is recalled. */
export async function waitForHands(
  { clock, options }: LoopContext,
  { channel, ending }: { readonly channel: Channel; readonly ending: ShardEnding },
): Promise<void> {
  const waited = new AbortController();
  const enough = AbortSignal.any([waited.signal, ending.hurrySignal]);
  const timeout = clock.sleep(options.drainTimeoutMs, enough).then(() => waited.abort());
  await channel.until(() => channel.inHandCount === 0, enough);
  waited.abort();
  await timeout;
  if (channel.inHandCount === 0) return;
  ending.recall(new Error(`Shard "${channel.shardId}" is let go: it took too long`));
}

/** Writes the last checkpoint, which releases or finishes the shard; after a loss, for a moment only. */
export async function writeLast(
  context: LoopContext,
  { channel, owned, ending, isFinished }: {
    readonly channel: Channel;
    readonly owned: OwnedCheckpoint;
    readonly ending: ShardEnding;
    readonly isFinished: boolean;
  },
): Promise<"committed" | "lost" | "stopped"> {
  const written = new AbortController();
  const signal = AbortSignal.any([written.signal, ending.abandonSignal]);
  const timeout = ending.lossReason === undefined
    ? undefined
    : context.clock.sleep(LAST_COMMIT_TIMEOUT_MS, signal).then(() => written.abort());
  const change = isFinished ? { isFinished } : { isReleased: true };
  const outcome = await commit(context, { channel, owned, signal }, change);
  written.abort();
  await timeout;
  return outcome;
}
