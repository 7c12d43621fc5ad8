/**
 * Decides whether a shard stands still although there is something to do, what it waits for, and
 * whether beginning to read it anew could help.
 *
 * @module
 */

import type { WaitingFor } from "../events.ts";
import type { ShardState } from "./shard_state.ts";

/** What the reader of a shard is doing. */
export interface ReaderState {
  /**
   * `beginning`: finds out where; `admission`: waits for the budget; `wait`: for its next turn; `call`:
   * for the stream's answer; `pause`: to try again; `refused`: for somebody to do something about it.
   */
  readonly phase: "beginning" | "admission" | "wait" | "call" | "pause" | "refused";
  /** Since when, by the monotonic clock. */
  readonly sinceMs: number;
  /** Why the last read failed; absent after one that succeeded. */
  readonly trouble?: "throttled" | "retrying" | undefined;
}

/** Another client that owns a shard which is ours to take. */
export interface OtherOwner {
  readonly ownerId: string;
  /** After how long without a beat it counts as dead, in milliseconds. */
  readonly maxAgeMs: number;
  /** What its checkpoint says. */
  readonly sequenceNumber: string | undefined;
}

/** How a shard stands. */
export interface ShardFacts {
  readonly state: ShardState;
  /** Who has the shard while it is to be captured; absent: nobody, or nobody knows. */
  readonly owner?: OtherOwner | undefined;
  readonly reader: ReaderState;
  /** Whether it is paused, which somebody has been told already. */
  readonly isHeld: boolean;
  /** Changes whenever the shard makes progress. */
  readonly position: string;
  /** How far behind the tip the last read was; absent before the first. */
  readonly lagMs: number | undefined;
  /** Records that were read and are not processed. */
  readonly heldCount: number;
  readonly hasHandlers: boolean;
  /** What the checkpoint says. */
  readonly committed: string | undefined;
  /** Whether more is processed than it says. */
  readonly isCommitDue: boolean;
}

/** What a watchdog remembers of a shard from one look to the next. */
export interface Standing {
  readonly position: string;
  readonly movedAtMs: number;
  readonly committed: string | undefined;
  /** Since when a checkpoint is due, as far as was seen. */
  readonly dueSinceMs: number | undefined;
  /** What was reported last, and when, since the shard moved. */
  readonly told?: { readonly waitingFor: WaitingFor; readonly atMs: number } | undefined;
}

/** A shard that stands still. */
export interface Stall {
  readonly waitingFor: WaitingFor;
  readonly stalledMs: number;
  /** Where it stands. */
  readonly position: string;
  /** Whether nobody was told of it yet, or it is time to restart its reading once more. */
  readonly isNews: boolean;
  /** Whether to begin reading anew. Never while records are held: they would come twice. */
  readonly mustRestart: boolean;
}

/** How long a shard may stand still. */
export interface StallLimits {
  readonly stalledAfterMs: number;
  readonly commitIntervalMs: number;
  /** For how long an owner that lets a shard go waits for what is in hand. */
  readonly drainTimeoutMs: number;
}

/** What a shard waits for now; absent: for nothing, it is at the tip or nobody's to read. */
export function waitingFor(
  facts: ShardFacts,
  nowMs: number,
  patienceMs: number,
): WaitingFor | undefined {
  const { heldCount, isHeld, lagMs, reader, state } = facts;
  if (state === "capturing") return facts.owner && "owner";
  if (!["reading", "draining"].includes(state) || isHeld || reader.phase === "refused") return;
  if (heldCount > 0) return facts.hasHandlers ? "handler" : "consumer";
  if (state === "draining") return "checkpoint";
  const isAnswered = reader.trouble === undefined && !isHanging(reader, nowMs, patienceMs);
  if (lagMs === 0 && isAnswered) {
    return facts.isCommitDue ? "checkpoint" : undefined;
  }
  if (reader.phase === "admission") return "budget";
  if (reader.phase === "call" && isHanging(reader, nowMs, patienceMs)) return "reading";
  return reader.trouble ?? "reading";
}

/** Even at the tip: what is under way for so long is not going to end. */
function isHanging({ phase, sinceMs }: ReaderState, nowMs: number, patienceMs: number): boolean {
  return (phase === "call" || phase === "admission") && nowMs - sinceMs >= patienceMs;
}

/** An owner that dies, or whose records are in use, may keep a shard for a while: that is no stall. */
function patienceMs(
  { owner }: ShardFacts,
  { drainTimeoutMs, stalledAfterMs }: StallLimits,
): number {
  return owner === undefined
    ? stalledAfterMs
    : Math.max(stalledAfterMs, owner.maxAgeMs + drainTimeoutMs);
}

/** Looks at a shard: what to remember of it, and whether it stands still. */
export function lookForStall(
  before: Standing | undefined,
  facts: ShardFacts,
  { nowMs, ...limits }: StallLimits & { readonly nowMs: number },
): { readonly standing: Standing; readonly stall: Stall | undefined } {
  const { commitIntervalMs } = limits;
  const stalledAfterMs = patienceMs(facts, limits);
  const reason = waitingFor(facts, nowMs, stalledAfterMs);
  const isStill = before?.position === facts.position && reason !== undefined;
  const isDue = facts.isCommitDue && before?.committed === facts.committed;
  const standing: Standing = {
    position: facts.position,
    movedAtMs: isStill ? before.movedAtMs : nowMs,
    committed: facts.committed,
    dueSinceMs: isDue ? before?.dueSinceMs ?? nowMs : undefined,
  };
  const isHung = reason !== undefined && isHanging(facts.reader, nowMs, stalledAfterMs);
  const hungMs = isHung && facts.heldCount === 0 ? nowMs - facts.reader.sinceMs : 0;
  const stalledMs = Math.max(hungMs, nowMs - standing.movedAtMs);
  const dueMs = nowMs - (standing.dueSinceMs ?? nowMs) - commitIntervalMs;
  if (reason !== undefined && stalledMs >= stalledAfterMs) {
    return toldOf({ standing, before, facts, nowMs, stalledAfterMs }, reason, stalledMs);
  }
  if (dueMs >= stalledAfterMs) {
    return toldOf({ standing, before, facts, nowMs, stalledAfterMs }, "checkpoint", dueMs);
  }
  return { standing, stall: undefined };
}

/** Whether what was seen at the last look still holds. */
export function isStillStalled(stall: Stall, facts: ShardFacts): boolean {
  if (stall.waitingFor === "checkpoint" && facts.isCommitDue) return true;
  return stall.position === facts.position;
}

function toldOf(
  { standing, before, facts, nowMs, stalledAfterMs }: {
    readonly standing: Standing;
    readonly before: Standing | undefined;
    readonly facts: ShardFacts;
    readonly nowMs: number;
    readonly stalledAfterMs: number;
  },
  reason: WaitingFor,
  stalledMs: number,
): { readonly standing: Standing; readonly stall: Stall } {
  const told = before?.told;
  const canRestart = reason === "reading" && facts.heldCount === 0 &&
    facts.state === "reading" && facts.reader.phase !== "beginning";
  const isKnown = told?.waitingFor === reason;
  const isNews = !isKnown || (canRestart && nowMs - told.atMs >= stalledAfterMs);
  const { position } = facts;
  const stall = {
    waitingFor: reason,
    stalledMs,
    position,
    isNews,
    mustRestart: isNews && canRestart,
  };
  const next = isNews ? { waitingFor: reason, atMs: nowMs } : told;
  return { standing: { ...standing, told: next }, stall };
}
