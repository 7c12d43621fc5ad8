/**
 * Plays runs that come and go on a schedule, some of them killed, by seed: of the library or of
 * whatever says that it runs like it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { KinsumerOptions } from "../../src/options.ts";
import { LATEST_SENTINEL } from "../../src/rules/position.ts";
import type { RunOnceHandler, RunOnceResult } from "../../src/run_options.ts";
import { simulatedClientOptions } from "./client_options.ts";
import { Draw } from "./draw.ts";
import { createSimulatedFleet, type SimulatedFleet } from "./fleet.ts";
import { createSeededRandom } from "./random.ts";
import { drawRoughPorts, RoughNetwork, type RoughPorts } from "./rough_ports.ts";
import { checkEnded } from "./run_checks.ts";

/** A schedule that has not caught up after so many runs never will. */
const MOST_RUNS = 80;
/** What happens before the faults are over. */
const STEPS = 12;
/** More open shards add nothing. */
const MOST_OPEN_SHARDS = 8;

/** What every door's `runOnce()` is; where to start, they are told in different words. */
export type RunOnce = (
  options: Omit<KinsumerOptions, "startAt">,
  handler: RunOnceHandler,
  run: { readonly budgetMs: number },
) => Promise<RunOnceResult>;

/** One run, on a machine of its own. */
export interface ScheduledRun {
  readonly name: string;
  readonly budgetMs: number;
  readonly startedAtMs: number;
  readonly crash: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Sets how far its wall clock is ahead: milliseconds. */
  readonly jump: (offsetMs: number) => void;
  readonly isOver: () => boolean;
  /** Whether it was killed. */
  readonly isCrashed: () => boolean;
  /** Whether it had joined. */
  readonly isJoined: () => boolean;
  /** How many requests it made. */
  readonly requestCount: () => number;
  /** Whether this is a failure of its ports. */
  readonly isKnown: (error: unknown) => boolean;
  readonly result: Promise<RunOnceResult>;
}

/** What a run is like. */
export interface RunFacts {
  readonly runOnce: RunOnce;
  readonly seed: number;
  readonly budgetMs: number;
  readonly handlerMs: number;
  /** How far its wall clock is ahead: milliseconds. @default by chance, up to 500 s either way */
  readonly wallOffsetMs?: number;
  /** Is told of each record that is handed over. */
  readonly onRecord?: () => void;
  /** Is told of each request, and what was in it. */
  readonly onRequest?: (request: string) => void;
  /** Absent: its ports do what they are asked. */
  readonly rough?: RoughPorts;
  /** Whether they are rough now. @default always */
  readonly isRough?: () => boolean;
}

/** Starts one run. */
export function startRun(fleet: SimulatedFleet, name: string, facts: RunFacts): ScheduledRun {
  const { account, clock, stream, tables } = fleet;
  const random = createSeededRandom(facts.seed);
  const { rough, wallOffsetMs = Math.round((random.next() - 0.5) * 1_000_000) } = facts;
  const machine = clock.machine({ wallOffsetMs });
  const failures = new Set<unknown>();
  const network = rough && new RoughNetwork(rough, {
    clock: machine.clock,
    random,
    isOn: facts.isRough ?? (() => true),
    onFailure: (error) => failures.add(error),
  });
  let requestCount = 0;
  const channel = {
    ...network?.channel,
    clock: machine.clock,
    intercept: async (operation: string, args: unknown) => {
      requestCount++;
      facts.onRequest?.(`${name}: ${operation} ${JSON.stringify(args)}`);
      await machine.clock.sleep(1 + Math.floor(random.next() * 8));
      await network?.channel.intercept?.(operation, args);
    },
  };
  const kinesis = stream.view(channel);
  account.known(name, name);
  const state = { isOver: false, isCrashed: false, isJoined: false };
  const result = facts.runOnce({
    ...simulatedClientOptions({
      clock: machine.clock,
      random,
      kinesis: network?.kinesis(kinesis) ?? kinesis,
      tables: tables.view(channel),
    }),
    clientId: name,
    readLimit: 20,
    onEvent: (event) => {
      if (event.type === "started") state.isJoined = true;
      if (event.type === "shard-captured") account.captured(name, event.shardId);
    },
  }, async (record) => {
    account.delivered(name, record);
    facts.onRecord?.();
    await machine.clock.sleep(facts.handlerMs);
    account.processed(name, record);
  }, { budgetMs: facts.budgetMs });
  result.then(() => (state.isOver = true), () => (state.isOver = true));
  return {
    name,
    budgetMs: facts.budgetMs,
    startedAtMs: clock.clock.monotonicMs(),
    crash: () => {
      machine.pause();
      account.excuse(name);
      state.isOver = true;
      state.isCrashed = true;
    },
    pause: () => machine.pause(),
    resume: () => machine.resume(),
    jump: (offsetMs) => machine.setWallOffset(offsetMs),
    isOver: () => state.isOver,
    isCrashed: () => state.isCrashed,
    isJoined: () => state.isJoined,
    requestCount: () => requestCount,
    isKnown: (error) => failures.has(error) || (rough?.garbage ?? 0) > 0,
    result,
  };
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
  const schedule = new Schedule(seed, doors);
  await schedule.play();
  return schedule.requests;
}

class Schedule {
  readonly requests: string[] = [];
  readonly #seed: number;
  readonly #doors: readonly RunOnce[];
  readonly #draw: Draw;
  readonly #fleet: SimulatedFleet;
  readonly #rough: RoughPorts;
  readonly #runs: ScheduledRun[] = [];
  readonly #broken: unknown[] = [];
  /** Whether shards began at the tip, which is a moment of the clock of whoever takes them first. */
  readonly #isFromTip: boolean;
  #isRough = true;
  #lastPutMs = -Infinity;

  constructor(seed: number, doors: readonly RunOnce[]) {
    const draw = new Draw(createSeededRandom(seed));
    this.#seed = seed;
    this.#doors = doors;
    this.#draw = draw;
    this.#rough = drawRoughPorts(draw);
    this.#isFromTip = draw.chance(0.15);
    this.#fleet = createSimulatedFleet({
      seed,
      shards: draw.between(1, 5),
      stream: {
        iteratorTtlMs: draw.pick([300_000, 300_000, 1_000]),
        namesChildShards: draw.chance(0.7),
      },
    });
    if (this.#isFromTip) this.#seedTip();
  }

  async play(): Promise<void> {
    const { account, clock } = this.#fleet;
    for (let step = 0; step < STEPS; step++) {
      this.#act();
      await clock.advance(this.#draw.between(0, 3_000));
    }
    this.#isRough = false;
    while (!this.#mayPut) await this.#runToEnd();
    this.#put(30);
    for (let count = 0; !account.isComplete; count++) {
      const what = `seed ${this.#seed}: ${account.open().length} records are left after ${count}`;
      assert.ok(count < MOST_RUNS, `${what} runs`);
      await this.#runToEnd();
    }
    const left = this.#runs.filter((each) => !each.isOver());
    await clock.runUntil(() => left.every((each) => each.isOver()), 60_000);
    await clock.settle();
    assert.deepEqual(this.#broken, [], `seed ${this.#seed}`);
    assert.deepEqual(account.violations, [], `seed ${this.#seed}`);
  }

  #act(): void {
    const draw = this.#draw;
    const { stream } = this.#fleet;
    const kind = draw.between(0, 11);
    const running = this.#runs.filter((each) => !each.isOver());
    if (kind < 6) {
      this.#start(draw.pick([500, draw.between(500, 1_000), draw.between(1_000, 7_000)]));
    } else if (kind < 8) this.#put(draw.between(0, 80));
    else if (kind < 10) running[0]?.crash();
    else if (kind < 11) {
      if (running.length > 0) draw.pick(running).jump(this.#wallOffsetMs());
    } else {
      const open = stream.shards().filter((each) => each.endingSequenceNumber === undefined);
      if (open.length < MOST_OPEN_SHARDS) stream.split(draw.pick(open).shardId);
    }
  }

  #start(budgetMs: number): ScheduledRun {
    const runs = this.#runs;
    const { account, clock } = this.#fleet;
    const name = `${runs.length}`;
    const openAtStart = account.open();
    const isSettled = clock.clock.monotonicMs() > this.#lastPutMs + 1_000;
    const run = startRun(this.#fleet, name, {
      runOnce: this.#doors[(this.#seed + runs.length) % this.#doors.length]!,
      seed: this.#seed * 100 + runs.length,
      budgetMs,
      handlerMs: this.#draw.between(0, 30),
      wallOffsetMs: this.#wallOffsetMs(),
      onRequest: (request) => this.requests.push(request),
      rough: this.#rough,
      isRough: () => this.#isRough,
    });
    account.excuse(name); // an answer that is lost may cost a duplicate
    runs.push(run);
    run.result.then(
      (result) => {
        const due = isSettled ? openAtStart : [];
        this.#broken.push(...checkEnded(this.#fleet, run, { result, due }));
      },
      (error: unknown) => {
        // Another run goes on where this one failed: what is no fault of its ports would be hidden.
        if (run.isJoined() || !run.isKnown(error)) this.#broken.push(error);
      },
    );
    return run;
  }

  async #runToEnd(): Promise<void> {
    const { isOver } = this.#start(3_000);
    await this.#fleet.clock.runUntil(isOver, 60_000);
  }

  #put(count: number): void {
    if (!this.#mayPut) return;
    this.#lastPutMs = this.#fleet.clock.clock.monotonicMs();
    this.#fleet.put(count);
  }

  /** Who takes a shard from its tip on owes nothing of what came before. */
  get #mayPut(): boolean {
    return this.#fleet.tables.checkpoints().every(({ sequenceNumber, startAtMs }) =>
      sequenceNumber !== LATEST_SENTINEL || startAtMs !== undefined
    );
  }

  #wallOffsetMs(): number {
    return this.#draw.between(-500_000, this.#isFromTip ? 0 : 500_000);
  }

  /** As a careful hand does. */
  #seedTip(): void {
    for (const { shardId } of this.#fleet.stream.shards()) {
      const tip = { Shard: { S: shardId }, SequenceNumber: { S: LATEST_SENTINEL } };
      this.#fleet.tables.put("checkpoints", { ...tip, LastUpdate: { N: "1" } });
    }
  }
}
