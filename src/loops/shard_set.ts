/**
 * Keeps the shards that this client should read running: starts what was gained, stops what was
 * lost, leaves the rest alone, and restarts, for ever, what ended by accident.
 *
 * @module
 */

import type { LossReason } from "../events.ts";
import { backoffMs } from "../rules/pacing.ts";
import { ShardConsumer, type ShardOutcome } from "./consume_shard.ts";
import type { LoopContext } from "./context.ts";
import { toError } from "./persist.ts";
import type { Roster } from "./roster.ts";

const RESTART_BASE_MS = 100;
const RESTART_MAX_MS = 10_000;

/** The shards that this client reads. */
export class ShardSet {
  readonly #context: LoopContext;
  readonly #roster: Roster;
  readonly #startedAtMs: (signal: AbortSignal) => Promise<number>;
  readonly #onFinished: (shardId: string) => void;
  readonly #running = new Map<string, { consumer: ShardConsumer; readonly done: Promise<void> }>();
  readonly #finished = new Set<string>();
  /** Shards whose rows may still name this client although it does not run them. */
  readonly #kept = new Set<string>();
  /** Waits before restarts, one signal each: Node warns of more listeners to one than ten. */
  readonly #pauses = new Set<AbortController>();
  #isClosing = false;
  #desired: ReadonlySet<string> = new Set();

  constructor(context: LoopContext, facts: {
    readonly roster: Roster;
    readonly startedAtMs: (signal: AbortSignal) => Promise<number>;
    /** Is told when this client has finished a shard: its children may now be read. */
    readonly onFinished: (shardId: string) => void;
  }) {
    this.#context = context;
    this.#roster = facts.roster;
    this.#startedAtMs = facts.startedAtMs;
    this.#onFinished = facts.onFinished;
  }

  /** The consumers that run now, by shard. */
  get consumers(): readonly ShardConsumer[] {
    return [...this.#running.values()].map(({ consumer }) => consumer);
  }

  /** Whether no row names this client any longer, as far as is known; asked once all have stopped. */
  get isLetGo(): boolean {
    return this.#kept.size === 0;
  }

  /** Makes the running shards those that are desired. Shards that stay are left alone. */
  apply(desired: readonly string[]): void {
    if (this.#isClosing) return;
    this.#desired = new Set(desired);
    for (const shardId of this.#finished) {
      if (!this.#desired.has(shardId)) this.#finished.delete(shardId);
    }
    for (const [shardId, { consumer }] of this.#running) {
      if (!this.#desired.has(shardId)) consumer.stop();
    }
    for (const shardId of desired) this.#start(shardId);
  }

  /** Gives every shard up at once: others may own them. */
  loseAll(reason: LossReason): void {
    for (const { consumer } of this.#running.values()) consumer.lose(reason);
  }

  /** Lets every shard go, orderly; resolves when all are released. */
  async stop(): Promise<void> {
    this.apply([]);
    this.#isClosing = true;
    for (const pause of this.#pauses) pause.abort();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** Stops waiting for what is in the user's hands. */
  hurry(): void {
    for (const { consumer } of this.#running.values()) consumer.hurry();
  }

  /** Gives up even the last writes. */
  abandon(): void {
    for (const { consumer } of this.#running.values()) consumer.abandon();
  }

  #start(shardId: string): void {
    if (this.#running.has(shardId) || this.#finished.has(shardId)) return;
    const entry = { consumer: this.#create(shardId, false), done: Promise.resolve() };
    this.#running.set(shardId, entry);
    entry.done = this.#supervise(entry);
  }

  #create(shardId: string, mayBeOwned: boolean): ShardConsumer {
    const facts = { shardId, mayBeOwned, roster: this.#roster, startedAtMs: this.#startedAtMs };
    return new ShardConsumer(this.#context, facts);
  }

  /**
   * Runs the shard, and again as long as it is desired. A run that failed or lost the shard may
   * have left the row in our name: it is then looked at again, so that nobody waits for us in vain.
   */
  async #supervise(entry: { consumer: ShardConsumer }): Promise<void> {
    const { shardId } = entry.consumer;
    const { clock } = this.#context;
    for (let restarts = 1;; restarts++) {
      const startedAtMs = clock.monotonicMs();
      const end = await this.#runOnce(entry.consumer);
      this.#noteRow(entry.consumer, end);
      if (end === "finished") this.#finish(shardId);
      if (end === "finished" || (end === "released" && !this.#desired.has(shardId))) break;
      if (clock.monotonicMs() - startedAtMs > RESTART_MAX_MS) restarts = 1;
      if (end !== "released") await this.#pause(restarts);
      if (this.#isClosing) break;
      entry.consumer = this.#create(shardId, end !== "released");
      if (!this.#desired.has(shardId)) entry.consumer.stop();
    }
    this.#running.delete(shardId);
  }

  #noteRow(consumer: ShardConsumer, end: ShardOutcome | "failed"): void {
    const { isLetGo, shardId, wasOwner } = consumer;
    // One that owned nothing knows nothing of the row that an earlier one left.
    if (end === "released" || end === "finished" || (wasOwner && isLetGo)) {
      this.#kept.delete(shardId);
    } else if (!isLetGo) this.#kept.add(shardId);
  }

  #finish(shardId: string): void {
    this.#finished.add(shardId);
    this.#onFinished(shardId);
  }

  async #runOnce(consumer: ShardConsumer): Promise<ShardOutcome | "failed"> {
    try {
      return await consumer.run();
    } catch (cause) {
      const error = toError(cause, { operation: "consume", shardId: consumer.shardId });
      this.#context.announcer.announce({ type: "failed", shardId: consumer.shardId, error });
      return "failed";
    }
  }

  async #pause(restarts: number): Promise<void> {
    const { clock, random } = this.#context;
    const delayMs = backoffMs({
      failures: restarts,
      baseMs: RESTART_BASE_MS,
      maxMs: RESTART_MAX_MS,
      chance: random.next(),
    });
    const pause = new AbortController();
    this.#pauses.add(pause);
    if (!this.#isClosing) await clock.sleep(delayMs, pause.signal);
    this.#pauses.delete(pause);
  }
}
