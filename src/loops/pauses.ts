/**
 * Pauses shards whose handlers failed, and lets them go on: by call or by time, once nothing of what
 * ran before runs any more.
 *
 * @module
 */

import type { PausedShard } from "../handling.ts";
import { KeyOrder } from "../rules/key_order.ts";
import type { LoopContext } from "./context.ts";
import type { Lane } from "./lane.ts";
import type { Failure } from "./work.ts";

/** Pauses the shards of one client. */
export class Pauses {
  readonly #context: Pick<LoopContext, "announcer" | "clock" | "handoff">;
  readonly #resumeAfterMs: number | undefined;
  readonly #isEnding: () => boolean;

  /** @param facts.isEnding whether nothing is begun any more */
  constructor(
    context: Pick<LoopContext, "announcer" | "clock" | "handoff">,
    facts: { readonly resumeAfterMs: number | undefined; readonly isEnding: () => boolean },
  ) {
    this.#context = context;
    this.#resumeAfterMs = facts.resumeAfterMs;
    this.#isEnding = facts.isEnding;
  }

  /**
   * Pauses a shard.
   *
   * @returns false when it is paused already, or nothing of it is begun any more
   */
  pause(lane: Lane, { attempt: { sequenceNumber, shardId }, error }: Failure): boolean {
    if (lane.paused !== undefined || lane.isClosed || this.#isEnding()) return false;
    const { announcer, clock, handoff } = this.#context;
    const resumeAfterMs = this.#resumeAfterMs;
    const pausedAtMs = clock.nowMs();
    const resumesAtMs = resumeAfterMs === undefined ? undefined : pausedAtMs + resumeAfterMs;
    const paused: PausedShard = { shardId, sequenceNumber, error, pausedAtMs, resumesAtMs };
    lane.paused = paused;
    lane.isDropped = false;
    lane.isResumeWanted = false;
    handoff.hold(lane.channel);
    lane.wake();
    announcer.announce({
      type: "shard-paused",
      shardId,
      sequenceNumber,
      error,
      ...(resumesAtMs !== undefined && { resumesAtMs }),
    });
    if (resumeAfterMs !== undefined) this.#resumeAfter(lane, resumeAfterMs);
    return true;
  }

  /** Lets a paused shard go on, as soon as it may. */
  resume(lane: Lane): void {
    lane.isResumeWanted = true;
    this.#resumeIfFree(lane);
  }

  /** What is in hand of a paused shard is dropped once nothing runs: it will be read again. */
  dropIfIdle(lane: Lane): void {
    if (lane.paused === undefined) return;
    if (lane.tasks.size === 0 && !lane.isDropped) {
      lane.isDropped = true;
      lane.order = new KeyOrder();
      this.#context.handoff.rewind(lane.channel);
    }
    this.#resumeIfFree(lane);
  }

  async #resumeAfter(lane: Lane, ms: number): Promise<void> {
    const { paused } = lane;
    await lane.nap(ms);
    if (lane.paused === paused && !this.#isEnding()) this.resume(lane);
  }

  #resumeIfFree(lane: Lane): void {
    const isFree = lane.isDropped && lane.strayCount === 0;
    if (lane.paused === undefined || !lane.isResumeWanted || !isFree) return;
    lane.paused = undefined;
    const { announcer, handoff } = this.#context;
    announcer.announce({ type: "shard-resumed", shardId: lane.channel.shardId });
    handoff.unhold(lane.channel);
  }
}
