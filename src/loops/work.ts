/**
 * Works through some records of a shard: calls the handler, and does what the policy says when that
 * fails.
 *
 * @module
 */

import type {
  AroundHandler,
  BatchHandler,
  Handler,
  HandlerSpan,
  ProcessCounts,
} from "../handling.ts";
import type { Logger } from "../events.ts";
import type { ResolvedHandling } from "../resolve_handling.ts";
import { halves } from "../rules/bisect.ts";
import { type AfterFailure, afterFailure, handlerDelayMs } from "../rules/failure_policy.ts";
import { Attempt } from "./attempt.ts";
import type { Range } from "./channel.ts";
import type { LoopContext } from "./context.ts";
import type { Dedupe } from "./dedupe.ts";
import { DeliveredRecord } from "./delivery.ts";
import type { Task } from "./lane.ts";

/** A call that failed. */
export interface Failure {
  readonly attempt: Attempt;
  readonly error: unknown;
  /** How often these records have failed in a row. */
  readonly failures: number;
}

/** What working asks of, and tells, who shares out the work. */
export interface Workplace {
  /** Whether a call may begin now. */
  mayBegin(task: Task): boolean;
  /** Waits without counting as running; false when the task may not go on. */
  rest(task: Task, ms: number): Promise<boolean>;
  began(attempt: Attempt): void;
  over(attempt: Attempt): void;
  /** The policy is to stop. */
  stop(failure: Failure): void;
  /** The policy is to pause the shard. */
  pauseShard(failure: Failure): void;
}

/** What working needs. */
export interface Work {
  readonly handler: Handler | BatchHandler;
  readonly handling: ResolvedHandling;
  readonly around: AroundHandler | undefined;
  readonly dedupe: Dedupe | undefined;
}

/** `left`: not processed, and to be given back; `void`: nobody asks any more. */
export type Outcome = "processed" | "bisect" | "left" | "void";

/** Works through records. */
export class Worker {
  readonly counts: { -readonly [count in keyof ProcessCounts]: number } = {
    processed: 0,
    failures: 0,
    skipped: 0,
    deadLettered: 0,
    deduplicated: 0,
  };
  readonly #context: Pick<LoopContext, "announcer" | "clock" | "random">;
  readonly #work: Work;
  readonly #workplace: Workplace;
  readonly #openLogger: (fields: Readonly<Record<string, unknown>>) => Logger;

  constructor(
    context: Pick<LoopContext, "announcer" | "clock" | "random">,
    work: Work,
    workplace: Workplace,
  ) {
    this.#context = context;
    this.#work = work;
    this.#workplace = workplace;
    this.#openLogger = (fields) => context.announcer.loggerWith(fields);
  }

  /** Works through a task. */
  async run(task: Task): Promise<Outcome> {
    const { dedupe, handling } = this.#work;
    if (dedupe !== undefined) await dedupe.load(task.lane);
    return handling.isBatch ? await this.#runBatch(task) : await this.#runEach(task);
  }

  async #runEach(task: Task): Promise<Outcome> {
    const { batch, from, to } = task.range;
    for (let index = from; index < to; index++) {
      const outcome = await this.#settle(task, { batch, from: index, to: index + 1 }, false);
      if (outcome !== "processed") return outcome;
    }
    return "processed";
  }

  /** A batch that fails is halved, and the earlier half settled before the later begins. */
  async #runBatch(task: Task): Promise<Outcome> {
    const { batch, from, to } = task.range;
    const open = [{ from, to }];
    for (let span = open.pop(); span !== undefined; span = open.pop()) {
      const isPart = span.to - span.from < to - from;
      const outcome = await this.#settle(task, { batch, ...span }, isPart);
      if (outcome === "bisect") open.push(...[...halves(span)].reverse());
      else if (outcome !== "processed") return outcome;
    }
    return "processed";
  }

  /** Calls the handler until the records are processed, or the policy has something else in mind. */
  async #settle(task: Task, unit: Range, isPart: boolean): Promise<Outcome> {
    const { policy } = this.#work.handling;
    for (let failures = 1;; failures++) {
      if (!this.#workplace.mayBegin(task)) return gone(task);
      const attempt = this.#begin(task, unit, failures);
      if (attempt === undefined) return "processed";
      let failed: { readonly error: unknown } | undefined;
      try {
        const result = this.#call(attempt);
        if (isThenable(result)) await result;
      } catch (error) {
        failed = { error };
      }
      if (this.#isVoid(attempt)) return "void";
      failed = attempt.timeout === undefined ? failed : { error: attempt.timeout.reason };
      if (failed === undefined || unit.batch.channel.isProcessed(unit)) {
        return this.#processed(task, attempt, "processed");
      }
      const chance = this.#context.random.next();
      const recordCount = attempt.records.length;
      const after = afterFailure({ failures, recordCount, isPart, chance }, policy);
      const outcome = await this.#follow({ attempt, failures, ...failed }, after);
      if (outcome !== "retry") return outcome;
    }
  }

  async #follow(failure: Failure, after: AfterFailure): Promise<Outcome | "retry"> {
    const { attempt, error } = failure;
    const { shardId, sequenceNumber, task } = attempt;
    this.failed(failure, after);
    switch (after.next) {
      case "retry":
        return await this.#workplace.rest(task, after.delayMs) ? "retry" : gone(task);
      case "bisect":
        return "bisect";
      case "stop":
        this.#workplace.stop(failure);
        return "left";
      case "pauseShard":
        this.#workplace.pauseShard(failure);
        return "left";
      case "skip":
        this.#context.announcer.announce({
          type: "record-skipped",
          shardId,
          sequenceNumber,
          error,
        });
        return this.#processed(task, attempt, "skipped");
      case "deadLetter":
        return await this.#bury(failure);
    }
  }

  /** Hands a record to the dead letter's function until that takes it. */
  async #bury({ attempt: { task, unit }, error }: Failure): Promise<Outcome> {
    const { policy } = this.#work.handling;
    for (let failures = 1;; failures++) {
      if (!this.#workplace.mayBegin(task)) return gone(task);
      const attempt = this.#begin(task, unit, failures);
      if (attempt === undefined) return "processed";
      let failed: { readonly error: unknown } | undefined;
      try {
        await policy.deadLetter?.(attempt.records[0]!, error, attempt);
      } catch (cause) {
        failed = { error: cause };
      }
      if (this.#isVoid(attempt)) return "void";
      failed = attempt.timeout === undefined ? failed : { error: attempt.timeout.reason };
      if (failed === undefined) {
        const { shardId, sequenceNumber } = attempt;
        const type = "record-dead-lettered";
        this.#context.announcer.announce({ type, shardId, sequenceNumber, error });
        return this.#processed(task, attempt, "deadLettered");
      }
      const chance = this.#context.random.next();
      const delayMs = handlerDelayMs({ failures, chance }, policy);
      this.failed({ attempt, failures, ...failed }, { next: "retry", delayMs });
      if (!await this.#workplace.rest(task, delayMs)) return gone(task);
    }
  }

  /** Counts and tells a failure. */
  failed({ attempt, error, failures }: Failure, after: AfterFailure): void {
    const { shardId, sequenceNumber, records: { length: recordCount } } = attempt;
    this.counts.failures++;
    const facts = { shardId, sequenceNumber, recordCount, failures, error };
    this.#context.announcer.announce({ type: "record-failed", ...facts, ...after });
  }

  /** Begins a call, unless every record of it is processed already. */
  #begin(task: Task, unit: Range, attempt: number): Attempt | undefined {
    const records = this.#open(task, unit);
    if (records.length === 0) return undefined;
    const began = new Attempt({
      task,
      unit,
      records,
      attempt,
      startedAtMs: this.#context.clock.monotonicMs(),
      openLogger: this.#openLogger,
    });
    task.attempt = began;
    this.#workplace.began(began);
    return began;
  }

  /** The records of a unit that are not processed: a batch's handler may acknowledge some itself. */
  #open(task: Task, { batch, from, to }: Range): readonly DeliveredRecord[] {
    const { channel, firstOrdinal, received } = batch;
    const { dedupe } = this.#work;
    const open: DeliveredRecord[] = [];
    for (let index = from; index < to; index++) {
      if (channel.progress.isProcessed(firstOrdinal + index)) continue;
      if (dedupe?.isKnown(task.lane, received[index]!.sequenceNumber)) {
        this.counts.deduplicated++;
        channel.acknowledge(batch, index, index + 1);
      } else open.push(new DeliveredRecord(batch, index));
    }
    return open;
  }

  #call(attempt: Attempt): unknown {
    const { around, handler, handling: { isBatch } } = this.#work;
    const { records, sequenceNumber, shardId, lagMs } = attempt;
    const run = (span: HandlerSpan | undefined): unknown => {
      attempt.span = span;
      return isBatch
        ? (handler as BatchHandler)(records, attempt)
        : (handler as Handler)(records[0]!, attempt);
    };
    if (around === undefined) return run(undefined);
    const call = { shardId, sequenceNumber, records, attempt: attempt.attempt, lagMs, isBatch };
    return around(call, run);
  }

  /** The call has ended: whether it was given up before. */
  #isVoid(attempt: Attempt): boolean {
    this.#workplace.over(attempt);
    attempt.task.attempt = undefined;
    return attempt.task.isVoid;
  }

  #processed(task: Task, attempt: Attempt, how: Ending): Outcome | Promise<Outcome> {
    const { dedupe } = this.#work;
    if (dedupe === undefined) return this.#acknowledge(task, attempt, how);
    return dedupe.save(task.lane, attempt.unit).then(() => this.#acknowledge(task, attempt, how));
  }

  #acknowledge(task: Task, { records, unit: { batch, from, to } }: Attempt, how: Ending): Outcome {
    if (task.isVoid) return "void";
    this.counts[how] += records.length;
    batch.channel.acknowledge(batch, from, to);
    return "processed";
  }
}

type Ending = "processed" | "skipped" | "deadLettered";

function gone(task: Task): Outcome {
  return task.isVoid ? "void" : "left";
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
