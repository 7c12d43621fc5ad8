/**
 * One shard's life on this client: claim, read, commit, drain, and finish or release.
 *
 * @module
 */

import type { KinsumerError } from "../errors.ts";
import type { LossReason } from "../events.ts";
import type { Checkpoint, Position } from "../model.ts";
import { mayEnter, type ShardState } from "../rules/shard_state.ts";
import type { OtherOwner } from "../rules/stall.ts";
import { begin, type BeginningShard, reopen } from "./begin.ts";
import type { Channel } from "./channel.ts";
import { claim } from "./claim.ts";
import { commitLoop } from "./commit.ts";
import type { LoopContext } from "./context.ts";
import { waitForHands, writeLast } from "./last_write.ts";
import { OwnedCheckpoint } from "./owned_checkpoint.ts";
import { readShard } from "./read_shard.ts";
import type { Roster } from "./roster.ts";
import { ShardEnding } from "./shard_ending.ts";

/** How a shard's life on this client ended. */
export type ShardOutcome = Extract<ShardState, "finished" | "released" | "lost">;

/** A shard that cannot be read is waited with; the clock sleeps no longer than so. */
const REFUSED_DELAY_MS = 3_600_000;

/** One shard on this client. */
export class ShardConsumer {
  readonly shardId: string;
  readonly #context: LoopContext;
  readonly #mayBeOwned: boolean;
  readonly #roster: Roster;
  readonly #startedAtMs: (signal: AbortSignal) => Promise<number>;
  readonly #onRefused: ((error: KinsumerError) => void) | undefined;
  readonly #observed: { readonly row: Checkpoint | undefined } | undefined;
  readonly #ending = new ShardEnding();
  /** Aborts when the reading is to begin anew. */
  #restarting = new AbortController();
  #isFromTip = false;
  #state: ShardState = "capturing";
  #channel: Channel | undefined;
  #owned: OwnedCheckpoint | undefined;
  #otherOwner: OtherOwner | undefined;

  constructor(
    context: LoopContext,
    facts: {
      readonly shardId: string;
      /** True when an earlier run may have left the shard's row in this client's name. */
      readonly mayBeOwned: boolean;
      readonly roster: Roster;
      /** When the application first started: wall-clock milliseconds. */
      readonly startedAtMs: (signal: AbortSignal) => Promise<number>;
      /** Is told of a shard that cannot be read; absent: the user is. */
      readonly onRefused?: ((error: KinsumerError) => void) | undefined;
      /** The shard's row, where one try to capture it on that row is enough. */
      readonly observed?: { readonly row: Checkpoint | undefined } | undefined;
    },
  ) {
    this.#context = context;
    this.shardId = facts.shardId;
    this.#mayBeOwned = facts.mayBeOwned;
    this.#roster = facts.roster;
    this.#startedAtMs = facts.startedAtMs;
    this.#observed = facts.observed;
    this.#onRefused = facts.onRefused;
  }

  /** Who was seen to have the shard when it was to be captured last; absent: nobody. */
  get otherOwner(): OtherOwner | undefined {
    return this.#state === "capturing" ? this.#otherOwner : undefined;
  }

  /** Where the shard's life stands. */
  get state(): ShardState {
    return this.#state;
  }

  /** Whether this client owns the shard. */
  get isOwner(): boolean {
    return this.#ending.lossReason === undefined &&
      ["reading", "draining", "releasing"].includes(this.#state);
  }

  /** The shard's way to the user; absent before it was captured. */
  get channel(): Channel | undefined {
    return this.#channel;
  }

  /** The shard's checkpoint; absent before it was captured. */
  get owned(): OwnedCheckpoint | undefined {
    return this.#owned;
  }

  /**
   * Begins anew to read after the last record that was read, however the reading stands.
   *
   * @returns false, and does nothing, while records are not processed: they would come twice
   */
  restartReading(): boolean {
    const channel = this.#channel;
    if (this.#state !== "reading" || channel === undefined || channel.heldCount > 0) return false;
    // From the tip on, nothing says where that was: all that was there before would come.
    if (this.#isFromTip && channel.progress.sequenceNumber === undefined) return false;
    this.#context.handoff.rewind(channel);
    this.#restarting.abort();
    return true;
  }

  /** How far the shard is processed, as far as it is committed; absent before it was captured. */
  get sequenceNumber(): string | undefined {
    return this.#owned?.sequenceNumber;
  }

  /** How far behind the tip the last read was; absent before the first. */
  get lagMs(): number | undefined {
    return this.#channel?.lastRead?.lagMs;
  }

  /** Whether the shard was captured at all. */
  get wasOwner(): boolean {
    return this.#owned !== undefined;
  }

  /** Whether the shard is read to its tip, give or take so many milliseconds, and all is processed. */
  isCaughtUp(withinMs: number): boolean {
    return this.#state === "reading" && (this.#channel?.isCaughtUp(withinMs) ?? false);
  }

  /** Whether all that was read to the tip is processed, whatever has become of the shard since. */
  wasCaughtUp(withinMs: number): boolean {
    return this.#channel?.isCaughtUp(withinMs) ?? false;
  }

  /** Lets the shard go: reads no more, waits for what is in the user's hands, commits, releases. */
  stop(): void {
    this.#ending.stop();
  }

  /** Ends an orderly stop that has taken too long: commits what is processed, and releases. */
  hurry(): void {
    this.#ending.hurry();
  }

  /** Ends even the last write: the row stays ours until the client's own row is gone. */
  abandon(): void {
    this.#ending.abandon();
  }

  /** Whether its row does not name this client, as far as is known. */
  get isLetGo(): boolean {
    return this.#ending.lossReason === "taken" || this.owned?.confirmed.ownerId === undefined;
  }

  /** Gives the shard up at once: others may own it. */
  lose(reason: LossReason): void {
    if (this.#ending.lossReason !== undefined || !mayEnter(this.#state, "lost")) return;
    this.#ending.lossReason = reason;
    if (this.#state !== "capturing") {
      const { announcer } = this.#context;
      announcer.announce({ type: "shard-lost", shardId: this.shardId, reason });
    }
    this.#ending.recall(new Error(`Shard "${this.shardId}" is lost: ${reason}`));
    this.hurry();
  }

  /** Lives the shard's life; resolves when it has ended. */
  async run(): Promise<ShardOutcome> {
    const { shardId } = this;
    const claimed = await claim(this.#context, {
      shardId,
      roster: this.#roster,
      mayBeOwned: this.#mayBeOwned,
      observed: this.#observed,
      onHeld: (owner) => this.#otherOwner = owner,
      signal: this.#ending.stopSignal,
      abandonSignal: this.#ending.abandonSignal,
    });
    if (claimed.outcome === "finished") return await this.#confirmFinished(claimed.checkpoint);
    if (claimed.outcome === "stopped") return this.#letGo();
    return await this.#own(claimed.checkpoint);
  }

  /** A claim that was given up owns nothing. */
  #letGo(): ShardOutcome {
    if (this.#ending.lossReason !== undefined) return this.#enter("lost");
    this.#enter("releasing");
    return this.#enter("released");
  }

  async #own(checkpoint: Checkpoint): Promise<ShardOutcome> {
    const { handoff } = this.#context;
    const owned = new OwnedCheckpoint(this.#context, checkpoint);
    const channel = handoff.open(this.shardId, this.#ending.lossSignal);
    this.#channel = channel;
    this.#owned = owned;
    this.#enter("reading");
    const done = new AbortController();
    // Where requests are counted: a write that is cut off costs the last one three.
    const cutSignal = this.#context.maySpend && this.#ending.abandonSignal;
    const committing = commitLoop(this.#context, { channel, owned, signal: done.signal, cutSignal })
      .then((outcome) => outcome === "lost" && this.lose("taken"));
    try {
      const end = await this.#consume({ checkpoint, channel, owned });
      done.abort();
      await committing;
      return await this.#settle({ channel, owned, end });
    } catch (cause) {
      // What is in hand does not count any more, and may come again beside it.
      this.#ending.recall(new Error(`Shard "${this.shardId}" begins anew`, { cause }));
      throw cause;
    } finally {
      done.abort();
      channel.dispose();
      handoff.discard(channel);
    }
  }

  /** Reads and drains, again whenever what was read is dropped because the shard was paused. */
  async #consume({ checkpoint, channel, owned }: {
    readonly checkpoint: Checkpoint;
    readonly channel: Channel;
    readonly owned: OwnedCheckpoint;
  }): Promise<"ended" | "stopped"> {
    const { stopSignal: signal } = this.#ending;
    const beginning = await begin(this.#context, this.#beginning(checkpoint));
    if (beginning.outcome === "refused") await this.#raise(beginning.error);
    if (beginning.outcome === "found" && !beginning.isCheckpointValid) owned.invalidate();
    for (;;) {
      const end = beginning.outcome === "found"
        ? await this.#read(channel, beginning, signal)
        : "stopped";
      if (end === "restarted") continue;
      const drained = await this.#drain(channel, end);
      if (drained !== "dropped") return drained;
      this.#enter("reading");
    }
  }

  async #read(
    channel: Channel,
    { position, shardIterator }: {
      readonly position: Position;
      readonly shardIterator?: string | undefined;
    },
    stopSignal: AbortSignal,
  ): Promise<"ended" | "stopped" | "restarted"> {
    const restarting = new AbortController();
    this.#restarting = restarting;
    this.#isFromTip = position.type === "LATEST";
    const give = (): void => restarting.abort();
    if (stopSignal.aborted) give();
    stopSignal.addEventListener("abort", give, { once: true });
    const reading = { channel, start: position, shardIterator, signal: restarting.signal };
    const end = await readShard(this.#context, reading);
    stopSignal.removeEventListener("abort", give);
    return end === "stopped" && !stopSignal.aborted ? "restarted" : end;
  }

  #beginning(checkpoint: Checkpoint): BeginningShard {
    const { shardId } = this;
    return { shardId, checkpoint, startedAtMs: this.#startedAtMs, signal: this.#ending.stopSignal };
  }

  /** Tells that the shard cannot be read, and leaves it alone until it is let go. */
  async #raise(error: KinsumerError): Promise<void> {
    const { announcer, clock, handoff } = this.#context;
    const { stopSignal: signal } = this.#ending;
    announcer.announce({ type: "failed", shardId: this.shardId, error });
    if (this.#onRefused === undefined) handoff.raise(error);
    else this.#onRefused(error);
    const refused = { phase: "refused", sinceMs: clock.monotonicMs() } as const;
    if (this.#channel !== undefined) this.#channel.reader = refused;
    while (!signal.aborted) await clock.sleep(REFUSED_DELAY_MS, signal);
  }

  /** A finished shard has nothing to read, unless its row is of another stream. */
  async #confirmFinished(row: Checkpoint): Promise<ShardOutcome> {
    const reopened = await reopen(this.#context, this.#beginning(row));
    if (reopened.outcome === "finished") return this.#enter("finished");
    if (reopened.outcome === "captured") return await this.#own(reopened.checkpoint);
    if (reopened.outcome === "refused") await this.#raise(reopened.error);
    return this.#letGo();
  }

  /** After the end: waits until all is processed. At a stop: until nothing is in the user's hands. */
  async #drain(
    channel: Channel,
    end: "ended" | "stopped",
  ): Promise<"ended" | "stopped" | "dropped"> {
    const isDropped = () => !channel.isReadToEnd;
    if (end === "ended") {
      this.#enter("draining");
      const isOver = () => channel.progress.isComplete || isDropped();
      await channel.until(isOver, this.#ending.stopSignal);
      if (isDropped()) return "dropped";
      if (channel.progress.isComplete) return "ended";
    }
    this.#context.handoff.discard(channel);
    if (this.#ending.lossReason === undefined) {
      await waitForHands(this.#context, { channel, ending: this.#ending });
    }
    return end;
  }

  /** The last write: finished, released, or (after a loss) an attempt to save what is processed. */
  async #settle({ channel, owned, end }: {
    readonly channel: Channel;
    readonly owned: OwnedCheckpoint;
    readonly end: "ended" | "stopped";
  }): Promise<ShardOutcome> {
    if (this.#ending.lossReason === "taken") return this.#enter("lost");
    const isFinished = end === "ended" && channel.progress.isComplete;
    const isClean = channel.inHandCount === 0;
    if (!isFinished && this.#ending.lossReason === undefined) this.#enter("releasing");
    const outcome = await writeLast(this.#context, {
      channel,
      owned,
      isFinished,
      ending: this.#ending,
    });
    if (outcome === "lost") this.lose("taken");
    if (outcome !== "committed" || this.#ending.lossReason !== undefined) {
      return this.#enter("lost");
    }
    const { announcer } = this.#context;
    if (isFinished) announcer.announce({ type: "shard-finished", shardId: this.shardId });
    else announcer.announce({ type: "shard-released", shardId: this.shardId, isClean });
    return this.#enter(isFinished ? "finished" : "released");
  }

  #enter<State extends ShardState>(state: State): State {
    if (!mayEnter(this.#state, state)) {
      throw new Error(`Shard "${this.shardId}" cannot go from ${this.#state} to ${state}`);
    }
    this.#state = state;
    return state;
  }
}
