/**
 * Lets simulated clients run handlers, and keeps an account of every call: which records, which
 * attempt, when it began and ended, and whether its success counts.
 *
 * @module
 */

import type { KinsumerEvent } from "../../src/events.ts";
import type { HandlerContext, ProcessCounts, ProcessOptions } from "../../src/handling.ts";
import type { Kinsumer } from "../../src/kinsumer.ts";
import type { KinsumerRecord } from "../../src/model.ts";
import type { SimulatedMachineClock } from "./clock.ts";
import type { SimulatedClient, SimulatedClientOptions, SimulatedFleet } from "./fleet.ts";

/** A call of a handler. */
export interface HandlerRun {
  readonly client: string;
  readonly shardId: string;
  readonly sequenceNumbers: readonly string[];
  /** The payloads: a record's place among all that were put. */
  readonly places: readonly number[];
  readonly attempt: number;
  readonly beganMs: number;
  endedMs: number | undefined;
  outcome: "running" | "succeeded" | "failed" | "in vain";
}

/** What a handler does with its records: returns when they are done, throws when they cannot be. */
export type SimulatedWork = (facts: {
  readonly records: readonly KinsumerRecord[];
  readonly places: readonly number[];
  readonly context: HandlerContext;
  readonly machine: SimulatedMachineClock;
}) => unknown;

/** A client that runs handlers. */
export interface ProcessingClient extends SimulatedClient {
  /** What `process()` ended with. */
  readonly counts: () => ProcessCounts | undefined;
  readonly failure: () => unknown;
}

/** The account of all calls of handlers in a fleet. */
export class HandlerAccount {
  readonly runs: HandlerRun[] = [];
  readonly #fleet: Pick<SimulatedFleet, "account" | "clock">;

  constructor(fleet: Pick<SimulatedFleet, "account" | "clock">) {
    this.#fleet = fleet;
  }

  /** How a client consumes. */
  consume(
    name: string,
    work: SimulatedWork,
    options: ProcessOptions,
  ): NonNullable<SimulatedClientOptions["consume"]> & {
    counts?: ProcessCounts;
    failure?: unknown;
  } {
    const consume: ReturnType<HandlerAccount["consume"]> = async (kinsumer, machine) => {
      try {
        consume.counts = await this.#process(
          kinsumer,
          options,
          (records, context) => this.#run({ name, work, records, context, machine }),
        );
      } catch (error) {
        consume.failure = error;
      }
    };
    return consume;
  }

  /** Starts a client that runs handlers. */
  async start(
    fleet: SimulatedFleet,
    facts: {
      readonly name: string;
      readonly work?: SimulatedWork;
      readonly process?: ProcessOptions;
      readonly client?: SimulatedClientOptions;
    },
  ): Promise<ProcessingClient> {
    const { name, work = () => {}, process = {}, client = {} } = facts;
    const consume = this.consume(name, work, process);
    const onEvent = (event: KinsumerEvent) => {
      // The user's policy: a record that is skipped counts as processed.
      if (event.type === "record-skipped") fleet.account.processed(name, event);
      client.options?.onEvent?.(event);
    };
    const options = { ...client.options, onEvent };
    const started = await fleet.start(name, { ...client, consume, options });
    return { ...started, counts: () => consume.counts, failure: () => consume.failure };
  }

  /** The places of the records that were processed, in the order in which they were. */
  done(shardId?: string): readonly number[] {
    return this.runs.filter((run) =>
      run.outcome === "succeeded" && (shardId === undefined || run.shardId === shardId)
    ).flatMap(({ places }) => places);
  }

  /** The most calls that ran at once, of all or of those that the predicate picks. */
  most(isMeant: (run: HandlerRun) => boolean = () => true): number {
    const runs = this.runs.filter(isMeant);
    const isAt = (ms: number) => (run: HandlerRun) =>
      run.beganMs <= ms && (run.endedMs ?? Infinity) > ms;
    return Math.max(0, ...runs.map(({ beganMs }) => runs.filter(isAt(beganMs)).length));
  }

  #process(
    kinsumer: Kinsumer,
    options: ProcessOptions,
    run: (records: readonly KinsumerRecord[], context: HandlerContext) => Promise<void>,
  ): Promise<ProcessCounts> {
    return options.batch
      ? kinsumer.process(run, { ...options, batch: true })
      : kinsumer.process((record, context) => run([record], context), { ...options, batch: false });
  }

  async #run({ name, work, records, context, machine }: {
    readonly name: string;
    readonly work: SimulatedWork;
    readonly records: readonly KinsumerRecord[];
    readonly context: HandlerContext;
    readonly machine: SimulatedMachineClock;
  }): Promise<void> {
    const { account, clock } = this.#fleet;
    const places = records.map((record) => Number(record.text()));
    const run: HandlerRun = {
      client: name,
      shardId: context.shardId,
      sequenceNumbers: records.map(({ sequenceNumber }) => sequenceNumber),
      places,
      attempt: context.attempt,
      beganMs: clock.clock.monotonicMs(),
      endedMs: undefined,
      outcome: "running",
    };
    this.runs.push(run);
    const { signal } = context;
    try {
      await work({ records, places, context, machine });
      run.outcome = signal.aborted ? "in vain" : "succeeded";
      if (!signal.aborted) { for (const record of records) account.processed(name, record); }
    } catch (error) {
      run.outcome = "failed";
      throw error;
    } finally {
      run.endedMs = clock.clock.monotonicMs();
    }
  }
}
