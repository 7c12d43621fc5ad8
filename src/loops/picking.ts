/**
 * Picks what the handlers begin next: takes what waits shard by shard, and keeps the order that was
 * asked for, the shard's, the keys', or none.
 *
 * @module
 */

import type { ResolvedHandling } from "../resolve_handling.ts";
import type { Channel } from "./channel.ts";
import type { Handoff } from "./handoff.ts";
import { type Lane, Task } from "./lane.ts";

/** Records of a shard that are taken at a time: then it is another shard's turn. */
const SLICE_RECORDS = 64;
/** Records of a shard in hand beyond which no more are taken, while their keys are busy. */
const WINDOW_RECORDS = 1_000;

/** The shards in the handlers' hands. */
export interface Lanes {
  get(channel: Channel): Lane | undefined;
  /** The shard's lane, opened if there is none. */
  open(channel: Channel): Lane;
}

/** Picks what begins next. */
export class Picker {
  readonly #handling: Pick<ResolvedHandling, "batchSize" | "by" | "isBatch">;
  readonly #handoff: Handoff;
  readonly #lanes: Lanes;
  /** Lanes that have a record in hand which may begin. */
  readonly #readyLanes = new Set<Lane>();

  constructor(
    handling: Pick<ResolvedHandling, "batchSize" | "by" | "isBatch">,
    handoff: Handoff,
    lanes: Lanes,
  ) {
    this.#handling = handling;
    this.#handoff = handoff;
    this.#lanes = lanes;
  }

  /** Whether each record is a task of its own. */
  get isByRecord(): boolean {
    const { by, isBatch } = this.#handling;
    return !isBatch && by !== "shard";
  }

  /** The next task, if anything may begin. */
  next(): Task | undefined {
    const { batchSize, isBatch } = this.#handling;
    if (this.isByRecord) return this.#nextRecord();
    const range = this.#handoff.takeSlice(
      (channel) => this.#isFree(channel),
      isBatch ? batchSize : SLICE_RECORDS,
    );
    return range && assign(new Task(this.#lanes.open(range.batch.channel), range, undefined));
  }

  /** Puts a record back ahead of what waits behind it in hand. */
  undo({ lane, key, range }: Task): void {
    lane.order.undo(key, range);
    this.#readyLanes.add(lane);
  }

  /** A record's task is done: the next of its key may begin, where `mayBegin` says so. */
  done({ lane, key }: Task, mayBegin: boolean): void {
    lane.order.done(key);
    if (lane.order.isReady && mayBegin) this.#readyLanes.add(lane);
  }

  /** Picks nothing of a lane that is in hand. */
  forget(lane: Lane): void {
    this.#readyLanes.delete(lane);
  }

  /** The next record whose key is free; what waits behind busy keys is held in hand meanwhile. */
  #nextRecord(): Task | undefined {
    for (;;) {
      const [lane] = this.#readyLanes;
      const next = lane?.order.next();
      if (lane !== undefined && next !== undefined) {
        this.#readyLanes.delete(lane); // the other lanes come first
        if (lane.order.isReady) this.#readyLanes.add(lane);
        return assign(new Task(lane, next.item, next.key));
      }
      if (!this.#fillWindow()) return undefined;
    }
  }

  #fillWindow(): boolean {
    const range = this.#handoff.takeSlice((channel) => this.#hasRoom(channel), SLICE_RECORDS);
    if (range === undefined) return false;
    const lane = this.#lanes.open(range.batch.channel);
    const isByKey = this.#handling.by === "partitionKey";
    for (let index = range.from; index < range.to; index++) {
      const item = { batch: range.batch, from: index, to: index + 1 };
      lane.order.add(isByKey ? range.batch.received[index]!.partitionKey : item, item);
    }
    if (lane.order.isReady) this.#readyLanes.add(lane);
    return true;
  }

  #isFree(channel: Channel): boolean {
    const lane = this.#lanes.get(channel);
    if (lane === undefined) return true;
    const isIdle = lane.tasks.size === 0 && lane.strayCount === 0;
    return lane.mayBegin && (isIdle || this.#handling.by === "nothing");
  }

  #hasRoom(channel: Channel): boolean {
    const lane = this.#lanes.get(channel);
    return lane === undefined || (lane.mayBegin && lane.order.waitingCount < WINDOW_RECORDS);
  }
}

function assign(task: Task): Task {
  task.lane.tasks.add(task);
  return task;
}
