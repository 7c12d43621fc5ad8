/**
 * Plays runs that come and go on a schedule, some of them killed, by seed: of the library or of
 * whatever says that it runs like it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { KinsumerOptions } from "../../src/options.ts";
import type { RunOnceHandler, RunOnceResult } from "../../src/run_options.ts";
import { createSimulatedFleet, type SimulatedFleet } from "./fleet.ts";
import { createSeededRandom } from "./random.ts";

/** A schedule that has not caught up after so many runs never will. */
const MOST_RUNS = 80;

/** What the simulated network does to a request. */
class NetworkFailure extends TypeError {}

/** What every door's `runOnce()` is; where to start, they are told in different words. */
export type RunOnce = (
  options: Omit<KinsumerOptions, "startAt">,
  handler: RunOnceHandler,
  run: { readonly budgetMs: number },
) => Promise<RunOnceResult>;

/** One run, on a machine of its own. */
export interface ScheduledRun {
  readonly crash: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly isOver: () => boolean;
  readonly result: Promise<RunOnceResult>;
}

/** What a run is like. */
export interface RunFacts {
  readonly runOnce: RunOnce;
  readonly seed: number;
  readonly budgetMs: number;
  readonly handlerMs: number;
  /** Is told of each record that is handed over. */
  readonly onRecord?: () => void;
  /** Is told of each request, and what was in it. */
  readonly onRequest?: (request: string) => void;
  /** How many requests of a hundred fail, or lose their answer. @default {0} */
  readonly faults?: number;
}

/** Starts one run. */
export function startRun(fleet: SimulatedFleet, name: string, facts: RunFacts): ScheduledRun {
  const { account, clock, stream, tables } = fleet;
  const random = createSeededRandom(facts.seed);
  const machine = clock.machine({ wallOffsetMs: Math.round((random.next() - 0.5) * 1_000_000) });
  const share = (facts.faults ?? 0) / 100;
  const intercept = async (operation: string, args: unknown) => {
    facts.onRequest?.(`${name}: ${operation} ${JSON.stringify(args)}`);
    await machine.clock.sleep(1 + Math.floor(random.next() * 8));
    if (random.next() < share) throw new NetworkFailure("fetch failed");
  };
  const lose = (operation: string) => {
    const isWrite = operation === "UpdateItem";
    if (isWrite && random.next() < share) throw new NetworkFailure("the answer was lost");
    return Promise.resolve();
  };
  const channel = { clock: machine.clock, intercept, interceptAnswer: lose };
  const view = tables.view(channel);
  account.known(name, name);
  const result = facts.runOnce({
    streamName: "simulated",
    applicationName: "simulated",
    region: "us-east-1",
    clientId: name,
    readLimit: 20,
    runtime: {
      clock: machine.clock,
      random,
      fetch: () => Promise.reject(new Error("No network in a simulated world")),
      env: () => undefined,
    },
    kinesis: stream.view(channel),
    tables: { clients: view.clients, checkpoints: view.checkpoints, metadata: view.metadata },
    onEvent: (event) => {
      if (event.type === "shard-captured") account.captured(name, event.shardId);
    },
  }, async (record) => {
    account.delivered(name, record);
    facts.onRecord?.();
    await machine.clock.sleep(facts.handlerMs);
    account.processed(name, record);
  }, { budgetMs: facts.budgetMs });
  let isOver = false;
  result.then(() => (isOver = true), () => (isOver = true));
  const crash = () => {
    machine.pause();
    account.excuse(name);
    isOver = true;
  };
  const pause = () => machine.pause();
  const resume = () => machine.resume();
  return { crash, pause, resume, isOver: () => isOver, result };
}

/**
 * Plays runs at random, kills some, then a schedule until all is done.
 *
 * @param seed of all that is left to chance
 * @param doors what the runs are made of, in turn
 * @returns every request, in order: the same for doors that do the same
 * @throws {AssertionError} when a promise is broken
 */
export async function playSchedule(seed: number, doors: readonly RunOnce[]): Promise<string[]> {
  const random = createSeededRandom(seed);
  const upTo = (most: number) => Math.floor(random.next() * most);
  const fleet = createSimulatedFleet({ seed, shards: 1 + upTo(5) });
  const runs: ScheduledRun[] = [];
  const broken: unknown[] = [];
  const requests: string[] = [];
  const onRequest = (request: string) => requests.push(request);
  const start = (budgetMs: number) => {
    const runOnce = doors[(seed + runs.length) % doors.length]!;
    const run = { runOnce, budgetMs, handlerMs: upTo(30), onRequest };
    const name = `${runs.length}`;
    runs.push(startRun(fleet, name, { seed: seed * 100 + runs.length, faults: 2, ...run }));
    fleet.account.excuse(name); // an answer that is lost may cost a duplicate
    runs.at(-1)!.result.catch((error) => {
      // Another run goes on where this one failed: what is no fault of the network would be hidden.
      if (!(error instanceof NetworkFailure)) broken.push(error);
    });
  };
  for (let step = 0; step < 12; step++) {
    const kind = upTo(10);
    if (kind < 5) start(1_000 + upTo(6_000));
    else if (kind < 7) fleet.put(upTo(80));
    else if (kind < 9) runs.find((each) => !each.isOver())?.crash();
    else {
      const open = fleet.stream.shards().filter((each) => each.endingSequenceNumber === undefined);
      fleet.stream.split(open[upTo(open.length)]!.shardId);
    }
    await fleet.clock.advance(upTo(3_000));
  }
  fleet.put(30);
  for (let count = 0; !fleet.account.isComplete; count++) {
    const open = fleet.account.open().length;
    assert.ok(count < MOST_RUNS, `seed ${seed}: ${open} records are left after ${count} runs`);
    start(3_000);
    await fleet.clock.runUntil(runs.at(-1)!.isOver, 60_000);
  }
  await fleet.clock.runUntil(() => runs.every((each) => each.isOver()), 60_000);
  assert.deepEqual(broken, [], `seed ${seed}`);
  assert.deepEqual(fleet.account.violations, [], `seed ${seed}`);
  return requests;
}
