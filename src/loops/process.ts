/**
 * Shares the records out to the user's handlers: keeps the number of those that run, follows what
 * becomes of their shards, and ends it all.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { PausedShard, ProcessCounts } from "../handling.ts";
import { afterStuck } from "../rules/failure_policy.ts";
import type { Attempt } from "./attempt.ts";
import type { Channel } from "./channel.ts";
import type { LoopContext } from "./context.ts";
import { Dedupe } from "./dedupe.ts";
import type { Taker } from "./handoff.ts";
import { Lane, type Task } from "./lane.ts";
import { Overseer } from "./overseer.ts";
import { Pauses } from "./pauses.ts";
import { Picker } from "./picking.ts";
import { type Failure, type Outcome, type Work, Worker } from "./work.ts";

/** The parts of the loops' context that processing needs. */
export type ProcessContext = Pick<LoopContext, "announcer" | "clock" | "handoff" | "random">;

/** Shares the records of one client out to its handlers. */
export class Processor implements Taker {
  /** Resolves when nothing more is begun. */
  readonly ended: Promise<void>;
  readonly #context: ProcessContext;
  readonly #work: Omit<Work, "dedupe">;
  readonly #worker: Worker;
  readonly #overseer: Overseer;
  readonly #lanes = new Map<Channel, Lane>();
  readonly #picker: Picker;
  readonly #pauses: Pauses;
  /** Tasks that have waited and go on as soon as there is room. */
  readonly #returning = new Map<Task, (mayGoOn: boolean) => void>();
  readonly #detach: () => void;
  #end: () => void = () => {};
  #runningCount = 0;
  #isPumping = false;
  #isEnding = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: ProcessContext, work: Omit<Work, "dedupe">) {
    this.#context = context;
    this.#work = work;
    const { dedupe: store, policy: { resumeAfterMs }, timeoutMs } = work.handling;
    this.#picker = new Picker(work.handling, context.handoff, {
      get: (channel) => this.#lanes.get(channel),
      open: (channel) => this.#laneOf(channel),
    });
    this.#pauses = new Pauses(context, { resumeAfterMs, isEnding: () => this.#isEnding });
    this.#overseer = new Overseer(context.clock, {
      timeoutMs,
      onStuck: (attempt) => this.#giveUp(attempt),
    });
    const dedupe = store && new Dedupe(context, store);
    this.#worker = new Worker(context, { ...work, dedupe }, {
      mayBegin: (task) => this.#mayBegin(task),
      rest: (task, ms) => this.#rest(task, ms),
      began: (attempt) => this.#overseer.watch(attempt),
      over: (attempt) => this.#overseer.release(attempt),
      stop: (failure) => this.#stop(failure),
      pauseShard: (failure) => this.#pause(failure),
    });
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.#detach = context.handoff.attach(this);
  }

  get counts(): ProcessCounts {
    return { ...this.#worker.counts };
  }

  /** How many handlers are at work now. */
  get runningCount(): number {
    return this.#runningCount;
  }

  /** What processing cannot go on with. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** The shards that stand still. */
  get pausedShards(): readonly PausedShard[] {
    return [...this.#lanes.values()].flatMap(({ paused }) => paused ?? []);
  }

  /** Lets a paused shard go on; false when it is not paused. */
  resume(shardId: string): boolean {
    for (const lane of this.#lanes.values()) {
      if (lane.channel.shardId !== shardId || lane.paused === undefined) continue;
      this.#pauses.resume(lane);
      return true;
    }
    return false;
  }

  /** Begins what may begin. */
  ready(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    const { limit } = this.#work.handling;
    while (this.#runningCount < limit && !this.#isEnding && this.#context.handoff.isLeaseValid) {
      const [returning] = this.#returning;
      const task = returning?.[0] ?? this.#picker.next();
      if (task === undefined) break;
      this.#runningCount++;
      task.hasSlot = true;
      if (returning === undefined) this.#run(task);
      else this.#return(task, true);
    }
    this.#isPumping = false;
  }

  /** No more of a shard is handed over: what runs may end, what waits is given back. */
  closing(channel: Channel): void {
    const lane = this.#lanes.get(channel);
    if (lane === undefined) return;
    this.#picker.forget(lane);
    lane.close();
    this.#turnAway(lane);
    if (lane.tasks.size === 0) this.#lanes.delete(channel);
  }

  /** Nothing is handed over any more. */
  over(failure: { readonly error: unknown } | undefined): void {
    this.#failure ??= failure;
    this.#isEnding = true;
    for (const lane of this.#lanes.values()) {
      this.#picker.forget(lane);
      lane.putBack();
      lane.wake();
      this.#turnAway(lane);
    }
    this.#end();
  }

  /** Ends it all: what still runs does not count any more. */
  close(): void {
    this.#detach();
    this.over(undefined);
    this.#overseer.stop();
    const reason = new Error("This client has stopped");
    for (const lane of [...this.#lanes.values()]) this.#lose(lane, reason);
  }

  #laneOf(channel: Channel): Lane {
    const known = this.#lanes.get(channel);
    if (known !== undefined) return known;
    const lane = new Lane(channel, this.#context.clock);
    this.#lanes.set(channel, lane);
    channel.signal.addEventListener(
      "abort",
      () => this.#lose(lane, channel.signal.reason),
      { once: true },
    );
    return lane;
  }

  async #run(task: Task): Promise<void> {
    try {
      this.#settle(task, await this.#worker.run(task));
    } catch (error) { // a fault of ours: nothing may be passed over because of it
      task.lane.channel.giveBack(task.range);
      this.#fail(error);
      this.#settle(task, "void");
    }
    this.ready();
  }

  /** A task has ended. */
  #settle(task: Task, outcome: Outcome): void {
    const { lane } = task;
    this.#leaveSlot(task);
    if (!lane.tasks.delete(task)) lane.strayCount = Math.max(0, lane.strayCount - 1);
    else if (outcome === "left") this.#putBack(task);
    else if (outcome === "processed" && this.#picker.isByRecord) {
      this.#picker.done(task, lane.mayBegin && !this.#isEnding);
    }
    if (lane.isClosed && lane.tasks.size === 0) this.#lanes.delete(lane.channel);
    else if (lane.paused !== undefined) this.#pauses.dropIfIdle(lane);
  }

  #putBack(task: Task): void {
    const { lane, range } = task;
    const mayWait = this.#picker.isByRecord && lane.mayBegin && !this.#isEnding;
    if (mayWait) this.#picker.undo(task);
    else lane.channel.giveBack(range);
  }

  #mayBegin(task: Task): boolean {
    return !this.#isEnding && !task.isVoid && task.lane.mayBegin &&
      this.#context.handoff.isLeaseValid;
  }

  /** Lets others run while a task waits. */
  async #rest(task: Task, ms: number): Promise<boolean> {
    this.#leaveSlot(task);
    this.ready();
    if (!this.#isEnding && task.lane.mayBegin) await task.lane.nap(ms);
    if (this.#isEnding || task.isVoid || !task.lane.mayBegin) return false;
    return await new Promise((resolve) => {
      this.#returning.set(task, resolve);
      this.ready();
    });
  }

  #return(task: Task, mayGoOn: boolean): void {
    const go = this.#returning.get(task);
    this.#returning.delete(task);
    go?.(mayGoOn);
  }

  /** Tasks of a lane that wait for room to go on do not get it. */
  #turnAway(lane: Lane): void {
    for (const task of [...this.#returning.keys()]) {
      if (task.lane === lane) this.#return(task, false);
    }
  }

  #leaveSlot(task: Task): void {
    if (!task.hasSlot) return;
    task.hasSlot = false;
    this.#runningCount--;
  }

  /** The shard is another's, or has to be let go: what its handlers do does not count any more. */
  #lose(lane: Lane, reason: unknown): void {
    this.#picker.forget(lane);
    for (const task of lane.tasks) {
      task.isVoid = true;
      task.attempt?.abort(reason);
      this.#leaveSlot(task);
    }
    lane.tasks.clear();
    lane.close();
    this.#turnAway(lane);
    this.#lanes.delete(lane.channel);
    this.ready();
  }

  #stop({ attempt: { shardId, sequenceNumber }, error }: Failure): void {
    this.#fail(
      new KinsumerError(
        "HandlerFailed",
        `Cannot go on: the handler failed to process a record of shard "${shardId}"`,
        { cause: error, shardId, sequenceNumber },
      ),
    );
  }

  #fail(error: unknown): void {
    this.over({ error });
  }

  /** A handler ignores its signal. Nothing of its shard begins while it runs, for order's sake. */
  #giveUp(attempt: Attempt): void {
    const { task } = attempt;
    const { lane } = task;
    const failure = { attempt, error: attempt.timeout?.reason, failures: attempt.attempt };
    const next = afterStuck(this.#work.handling.policy.action);
    this.#worker.failed(failure, { next });
    lane.strayCount++;
    if (next === "pauseShard") this.#pause(failure);
    else this.#stop(failure);
    task.isVoid = true;
    this.#leaveSlot(task);
    lane.tasks.delete(task);
    lane.channel.giveBack(task.range);
    this.#pauses.dropIfIdle(lane);
    this.ready();
  }

  #pause(failure: Failure): void {
    const { lane } = failure.attempt.task;
    if (!this.#pauses.pause(lane, failure)) return;
    this.#picker.forget(lane);
    this.#turnAway(lane);
  }
}
