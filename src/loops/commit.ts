/**
 * Writes a shard's checkpoint every commit interval while it makes progress, and renews it now and
 * then while it does not, so that no Go client takes an idle owner for a dead one.
 *
 * @module
 */

import type { ResolvedOptions } from "../resolve_options.ts";
import type { Channel } from "./channel.ts";
import { attempt } from "./announcer.ts";
import type { LoopContext } from "./context.ts";
import type { CheckpointChange, OwnedCheckpoint } from "./owned_checkpoint.ts";
import { persist } from "./persist.ts";

/** The longest between two renewals. */
const MAX_RENEWAL_INTERVAL_MS = 60_000;
/** Between two tries of a write that fails: of the five that Go allows, two tries or more remain. */
const MOST_RENEWALS_MISSED = 2;

/** What is committed, and until when. */
export interface Committing {
  readonly channel: Channel;
  readonly owned: OwnedCheckpoint;
  readonly signal: AbortSignal;
  /** Ends a write that is under way; absent: the signal does. */
  readonly cutSignal?: AbortSignal | undefined;
}

/** Commits until the signal aborts (`stopped`) or the shard turns out to be another's (`lost`). */
export async function commitLoop(
  context: LoopContext,
  committing: Committing,
): Promise<"lost" | "stopped"> {
  const { clock, options } = context;
  const { channel, owned, signal } = committing;
  const renewalMs = renewalIntervalMs(options);
  while (!signal.aborted) {
    await clock.sleep(Math.min(options.commitIntervalMs, renewalMs), signal);
    if (signal.aborted) break;
    const hasProgressed = pendingSequenceNumber(channel, owned) !== undefined;
    if (!hasProgressed && clock.monotonicMs() - owned.writtenAtMs < renewalMs) continue;
    if (context.maySpend?.() === false) continue; // the last write says it too
    if (await commit(context, committing, {}) === "lost") return "lost";
  }
  return "stopped";
}

/**
 * Writes how far the shard is processed, with a change of state if one is given. Tried until it
 * succeeds or the signal aborts.
 */
export async function commit(
  context: LoopContext,
  { channel, owned, signal, cutSignal = signal }: Committing,
  change: Omit<CheckpointChange, "sequenceNumber">,
): Promise<"committed" | "lost" | "stopped"> {
  const { shardId } = channel;
  let hasProgressed = false;
  const maxDelayMs = MOST_RENEWALS_MISSED * renewalIntervalMs(context.options);
  const outcome = await persist(
    context,
    { operation: "commit", shardId, signal, maxDelayMs },
    () => {
      const sequenceNumber = pendingSequenceNumber(channel, owned);
      const { processedThroughMs } = channel;
      hasProgressed = sequenceNumber !== undefined;
      return owned.write({ ...change, sequenceNumber, processedThroughMs }, cutSignal);
    },
  );
  if (outcome === "committed") {
    const { sequenceNumber } = owned;
    const isLogged = hasProgressed; // a renewal is no news
    context.announcer.announce({ type: "checkpointed", shardId, sequenceNumber }, { isLogged });
    attempt(() => context.options.statsReceiver?.checkpoint());
  }
  return outcome ?? "stopped";
}

/**
 * How long a row may stay as it is: a Go client may capture what was not written for five of its
 * shard checks.
 */
function renewalIntervalMs({ goShardCheckIntervalMs }: ResolvedOptions): number {
  return Math.min(MAX_RENEWAL_INTERVAL_MS, goShardCheckIntervalMs);
}

/** Whether more is processed than the checkpoint says. */
export function isCommitDue(channel: Channel, owned: OwnedCheckpoint): boolean {
  return pendingSequenceNumber(channel, owned) !== undefined;
}

/** The sequence number to commit; absent when the row has it already, or one beyond it. */
function pendingSequenceNumber(channel: Channel, owned: OwnedCheckpoint): string | undefined {
  const { sequenceNumber } = channel.progress;
  const committed = owned.sequenceNumber;
  if (sequenceNumber === undefined || committed === undefined) return sequenceNumber;
  if (!/^\d+$/.test(committed)) return sequenceNumber; // the sentinel, or a faulty value
  return BigInt(sequenceNumber) > BigInt(committed) ? sequenceNumber : undefined;
}
