/**
 * Looks at a client from outside: how each shard stands, and all of it as a snapshot.
 *
 * @module
 */

import type { PausedShard } from "../handling.ts";
import { type ClientState, judgeHealth } from "../rules/health.ts";
import { isStillStalled, type ShardFacts, type Stall, waitingFor } from "../rules/stall.ts";
import type { KinsumerSnapshot, ShardSnapshot } from "../snapshot.ts";
import { isCommitDue } from "./commit.ts";
import type { ShardConsumer } from "./consume_shard.ts";
import type { LoopContext } from "./context.ts";
import { codeOf, type LastErrors } from "./last_errors.ts";

const BEGINNING = { phase: "beginning", sinceMs: 0 } as const;

/** How a shard stands. */
export function inspect(consumer: ShardConsumer, hasHandlers: boolean): ShardFacts {
  const { channel, owned, otherOwner: owner, state } = consumer;
  return {
    state,
    owner,
    reader: channel?.reader ?? BEGINNING,
    isHeld: channel?.isHeld ?? false,
    position: channel === undefined
      ? `${owner?.ownerId}/${owner?.sequenceNumber}`
      : `${channel.progress.processedCount}/${channel.processedThroughMs}`,
    lagMs: channel?.lastRead?.lagMs,
    heldCount: channel?.heldCount ?? 0,
    hasHandlers,
    committed: owned?.confirmed.sequenceNumber,
    isCommitDue: channel !== undefined && owned !== undefined && isCommitDue(channel, owned),
  };
}

/** What a snapshot is made of. */
export interface Inspected {
  readonly context: Pick<LoopContext, "clock" | "handoff" | "lease" | "options">;
  readonly state: ClientState;
  readonly isLeader: boolean;
  readonly consumers: readonly ShardConsumer[];
  readonly pausedShards: readonly PausedShard[];
  readonly stalls: ReadonlyMap<string, Stall>;
  readonly errors: LastErrors;
}

/** The state of a client, as plain data. */
export function takeSnapshot(inspected: Inspected): KinsumerSnapshot {
  const { consumers, context: { clock, handoff, lease, options }, errors } = inspected;
  const shards = consumers.map((each) => shardSnapshot(each, inspected))
    .sort((a, b) => a.shardId < b.shardId ? -1 : 1);
  const { clientId, clientName, streamName, applicationName, clientRecordMaxAgeMs } = options;
  return {
    takenAtMs: clock.nowMs(),
    state: inspected.state,
    health: judgeHealth({
      state: inspected.state,
      isLeaseValid: lease.isValid,
      heartbeatAgeMs: lease.ageMs,
      maxAgeMs: clientRecordMaxAgeMs,
      shards: shards.map(({ shardId, paused, stalledMs }) => ({
        shardId,
        isPaused: paused !== null,
        isStalled: stalledMs !== null,
        isRefused: consumers.find((each) => each.shardId === shardId)?.channel?.reader.phase ===
          "refused",
      })),
    }),
    clientId,
    clientName,
    streamName,
    applicationName,
    isLeader: inspected.isLeader,
    heartbeatAgeMs: lease.ageMs ?? null,
    leaseRemainingMs: lease.remainingMs,
    buffer: {
      heldBytes: handoff.heldBytes,
      maxBytes: handoff.maxBytes,
      waitingRecords: handoff.waitingCount,
      inHandRecords: handoff.inHandCount,
    },
    shards,
    lastError: errors.last ?? null,
  };
}

function shardSnapshot(consumer: ShardConsumer, inspected: Inspected): ShardSnapshot {
  const { context: { clock, handoff, options }, errors, pausedShards, stalls } = inspected;
  const { channel, owned, shardId, state, isOwner } = consumer;
  const facts = inspect(consumer, handoff.hasTaker);
  const [nowMs, inHandCount] = [clock.monotonicMs(), channel?.inHandCount ?? 0];
  const stall = stalls.get(shardId);
  const paused = pausedShards.find((each) => each.shardId === shardId);
  return {
    shardId,
    state,
    isOwner,
    readSequenceNumber: channel?.readSequenceNumber ?? null,
    processedSequenceNumber: channel?.progress.sequenceNumber ?? null,
    checkpointSequenceNumber: owned?.sequenceNumber ?? null,
    checkpointAgeMs: owned === undefined ? null : nowMs - owned.writtenAtMs,
    lagMs: facts.lagMs ?? null,
    heldBytes: channel?.heldBytes ?? 0,
    waitingRecords: Math.max(0, facts.heldCount - inHandCount),
    inHandRecords: inHandCount,
    waitingFor: waitingFor(facts, nowMs, options.stalledAfterMs) ?? null,
    stalledMs: stall !== undefined && isStillStalled(stall, facts) ? stall.stalledMs : null,
    paused: paused === undefined ? null : {
      error: codeOf(paused.error),
      sinceMs: paused.pausedAtMs,
      resumesAtMs: paused.resumesAtMs ?? null,
    },
    lastError: errors.of(shardId) ?? null,
  };
}
