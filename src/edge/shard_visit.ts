/**
 * One shard's visit by a run at the edge: capture, read, hand over, commit, and finish or release.
 *
 * @module
 */

import { untilAborted } from "../aws/deadline.ts";
import type { RecordsAnswer } from "../aws/kinesis.ts";
import type { KinsumerError } from "../errors.ts";
import type { LossReason } from "../events.ts";
import { type CheckpointChange, OwnedCheckpoint } from "../loops/owned_checkpoint.ts";
import { persist } from "../loops/persist.ts";
import type { VisitedShard } from "../loops/visited_shard.ts";
import type { Checkpoint, Shard } from "../model.ts";
import { claim } from "./claim.ts";
import type { EdgeContext } from "./context.ts";
import { EdgeRecord } from "./record.ts";
import { ShardReader } from "./shard_reader.ts";
import { findStart, type Start } from "./start.ts";

/** The longest between two writes of a checkpoint, or between two tries of one. */
const MAX_RENEWAL_INTERVAL_MS = 60_000;

/** What is visited, for whom and until when. */
export interface ShardVisitFacts {
  readonly shard: Shard;
  /** Its row, as it was read; one that calls an open shard finished is of another stream. */
  readonly row: Checkpoint | undefined;
  /** When the application first started: wall-clock milliseconds. */
  readonly startedAtMs: (signal: AbortSignal) => Promise<number>;
}

/** One shard's visit. */
export class ShardVisit {
  readonly shardId: string;
  /** Resolves when the visit has ended: whether the shard was let go in order. */
  readonly done: Promise<boolean>;
  readonly #context: EdgeContext;
  readonly #facts: ShardVisitFacts;
  /** Aborts when the shard is to be let go, orderly or not. */
  readonly #stopping = new AbortController();
  /** Aborts when the shard is lost, or waited for no longer: the signal of its records. */
  readonly #losing = new AbortController();
  /** Aborts when even the last write is given up. */
  readonly #abandoning = new AbortController();
  #lossReason: LossReason | undefined;
  #owned: OwnedCheckpoint | undefined;
  #writing: Promise<unknown> | undefined;
  #isRunning = true;
  #isSettled = false;
  #isFinished = false;
  #refusal: KinsumerError | undefined;

  #reader: ShardReader | undefined;
  #inHand: EdgeRecord | undefined;
  #sequenceNumber: string | undefined;
  #processedThroughMs: number | undefined;

  constructor(context: EdgeContext, facts: ShardVisitFacts) {
    this.#context = context;
    this.#facts = facts;
    this.shardId = facts.shard.shardId;
    this.done = this.#run();
  }

  /** Whether the shard was captured at all. */
  get wasOwner(): boolean {
    return this.#owned !== undefined;
  }

  /** Whether its row does not name this run, as far as is known. */
  get isLetGo(): boolean {
    return this.#lossReason === "taken" || this.#owned?.confirmed.ownerId === undefined;
  }

  /** Whether it has not ended. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Why the shard cannot be read. */
  get refusal(): KinsumerError | undefined {
    return this.#refusal;
  }

  /** Whether it is processed to its end. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Whether all that was read to the tip, give or take so many milliseconds, is processed. */
  isCaughtUp(withinMs: number): boolean {
    return this.#reader?.isCaughtUp(withinMs) ?? false;
  }

  /** What became of it. */
  sumUp(isCaughtUp: boolean): VisitedShard {
    return {
      shardId: this.shardId,
      sequenceNumber: this.#owned?.sequenceNumber,
      lagMs: this.#reader?.lagMs,
      state: this.#isFinished ? "finished" : isCaughtUp ? "caughtUp" : "behind",
    };
  }

  /** Lets the shard go: reads no more, waits for the record in hand, commits, releases. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Waits no longer for the record in hand. */
  hurry(): void {
    this.stop();
    this.#losing.abort(new Error(`Shard "${this.shardId}" is let go: it took too long`));
  }

  /** Ends even the last write. */
  abandon(): void {
    this.#abandoning.abort();
  }

  /** Gives the shard up at once: others may own it. */
  lose(reason: LossReason): void {
    if (this.#lossReason !== undefined || this.#isSettled) return;
    this.#lossReason = reason;
    const { shardId } = this;
    if (this.wasOwner) this.#context.announcer.announce({ type: "shard-lost", shardId, reason });
    this.stop();
    this.#losing.abort(new Error(`Shard "${shardId}" is lost: ${reason}`));
  }

  /** How long the row may stay as it is: a Go client may take it after five of its shard checks. */
  get #renewalIntervalMs(): number {
    return Math.min(MAX_RENEWAL_INTERVAL_MS, this.#context.options.goShardCheckIntervalMs);
  }

  /** Commits where it is time to; renews what has not moved, so that no Go client takes it for left. */
  commitIfDue(): void {
    const { clock, maySpend, options } = this.#context;
    const owned = this.#owned;
    if (owned === undefined || this.#writing || this.#stopping.signal.aborted) return;
    const renewalMs = this.#renewalIntervalMs;
    const hasMoved = this.#sequenceNumber !== owned.sequenceNumber;
    const intervalMs = hasMoved ? Math.min(options.commitIntervalMs, renewalMs) : renewalMs;
    if (clock.monotonicMs() - owned.writtenAtMs < intervalMs || !maySpend()) return;
    this.#writing = this.#write(owned, {}, this.#stopping.signal)
      .finally(() => this.#writing = undefined);
  }

  /** Visits the shard, and makes of a failure an event. */
  async #run(): Promise<boolean> {
    const { announcer, hold } = this.#context;
    hold.shardCount++;
    await Promise.resolve(); // so that whoever made it knows it
    try {
      return await this.#visit();
    } catch (error) {
      announcer.announce({ type: "failed", shardId: this.shardId, error });
      return false;
    } finally {
      await this.#writing; // so that it cannot run into a visit after this one
      hold.shardCount--;
      this.#isRunning = false;
    }
  }

  async #visit(): Promise<boolean> {
    const { onInvalidCheckpoint } = this.#context.options;
    const { row } = this.#facts;
    // Who must not go on from a row must not reset it either.
    if (row?.isFinished && onInvalidCheckpoint === "fail") {
      this.#refuse((await this.#find(row))?.refusal);
      return false;
    }
    const captured = await claim(this.#context, {
      row,
      shardId: this.shardId,
      signal: this.#stopping.signal,
      abandonSignal: this.#abandoning.signal,
    });
    if (captured.outcome === "held") return false;
    const { checkpoint } = captured;
    const owned = this.#owned = new OwnedCheckpoint(this.#context, checkpoint);
    const start = await this.#find(checkpoint);
    if (start?.flaw !== undefined) owned.invalidate();
    this.#sequenceNumber = owned.sequenceNumber;
    const isEnded = start !== undefined && await this.#readFrom(start);
    return await this.#settle(owned, isEnded);
  }

  #find(checkpoint: Checkpoint): Promise<Start | undefined> {
    const { row, shard, startedAtMs } = this.#facts;
    const { signal } = this.#stopping;
    const starting = { shard, row, checkpoint, startedAtMs, signal };
    const what = { operation: "start position", shardId: this.shardId, signal };
    return persist(this.#context, what, () => findStart(this.#context, starting));
  }

  #refuse(error: KinsumerError | undefined): void {
    if (error === undefined) return;
    this.#refusal = error;
    this.#context.announcer.announce({ type: "failed", shardId: this.shardId, error });
  }

  /** @returns whether the shard has ended, and all of it is processed */
  async #readFrom(start: Start): Promise<boolean> {
    const { announcer } = this.#context;
    const { shardId } = this;
    announcer.announce({ type: "shard-captured", shardId, position: start.position.type });
    this.#refuse(start.refusal);
    if (start.refusal !== undefined) return false;
    this.#reader = new ShardReader(this.#context, {
      shardId,
      start,
      signal: this.#stopping.signal,
      deliver: (answer) => this.#deliver(answer),
      onProcessedThrough: (ms) =>
        this.#processedThroughMs = Math.max(this.#processedThroughMs ?? 0, ms),
    });
    return await this.#reader.read();
  }

  /** Hands over what was read, in turn with the other shards; resolves when it is processed. */
  async #deliver(answer: RecordsAnswer): Promise<void> {
    const { hold } = this.#context;
    if (answer.records.length === 0) return;
    let isBegun = false;
    const turn = hold.turn.then(() => {
      isBegun = true;
      return this.#process(answer);
    });
    hold.turn = turn;
    const left = () => {}; // the turn is left behind
    await untilAborted(turn, this.#stopping.signal).catch(left);
    if (isBegun) await untilAborted(turn, this.#losing.signal).catch(left);
  }

  async #process({ lagMs, records }: RecordsAnswer): Promise<void> {
    const { handOver, lease, options: { streamName } } = this.#context;
    const origin = { streamName, shardId: this.shardId, lagMs, signal: this.#losing.signal };
    for (const received of records) {
      if (this.#stopping.signal.aborted) return;
      if (!lease.isValid) return this.lose("lease-expired");
      const record = this.#inHand = new EdgeRecord(received, origin, (acked) => this.#note(acked));
      const isDone = await handOver(record);
      if (isDone) record.ack();
      this.#inHand = undefined;
      if (!isDone) return this.stop();
    }
  }

  #note(record: EdgeRecord): void {
    if (record !== this.#inHand) return;
    this.#sequenceNumber = record.sequenceNumber;
    this.#processedThroughMs = record.approximateArrivalMs ?? this.#processedThroughMs;
  }

  /** The last write: finished, or released; after a loss, one attempt to save what is processed. */
  async #settle(owned: OwnedCheckpoint, isEnded: boolean): Promise<boolean> {
    const { announcer } = this.#context;
    const { shardId } = this;
    const isClean = this.#inHand === undefined;
    this.stop(); // no other write may run into the last
    await this.#writing;
    if (this.#lossReason === "taken") return false;
    const change = isEnded ? { isFinished: true } : { isReleased: true };
    const outcome = await this.#write(owned, change, this.#abandoning.signal);
    this.#isSettled = true;
    if (outcome !== "committed" || this.#lossReason !== undefined) return false;
    this.#isFinished = isEnded;
    if (isEnded) announcer.announce({ type: "shard-finished", shardId });
    else announcer.announce({ type: "shard-released", shardId, isClean });
    return true;
  }

  async #write(
    owned: OwnedCheckpoint,
    change: CheckpointChange,
    signal: AbortSignal,
  ): Promise<"committed" | "lost" | undefined> {
    const { announcer } = this.#context;
    const before = owned.sequenceNumber;
    const { shardId } = this;
    const write = () => {
      const sequenceNumber = this.#sequenceNumber === owned.sequenceNumber
        ? undefined
        : this.#sequenceNumber;
      const processedThroughMs = this.#processedThroughMs;
      return owned.write(
        { ...change, sequenceNumber, processedThroughMs },
        this.#abandoning.signal,
      );
    };
    const what = { operation: "commit", shardId, signal, maxDelayMs: this.#renewalIntervalMs };
    const outcome = this.#lossReason === undefined
      ? await persist(this.#context, what, write)
      : await write().catch(() => undefined);
    const { sequenceNumber } = owned;
    if (outcome === "lost") this.lose("taken");
    if (outcome === "committed") {
      const isLogged = sequenceNumber !== before; // a renewal is no news
      announcer.announce({ type: "checkpointed", shardId, sequenceNumber }, { isLogged });
    }
    return outcome;
  }
}
