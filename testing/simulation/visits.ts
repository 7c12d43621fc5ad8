/**
 * Brings clients on stage that are here for one run, lets some of their machines hang, and checks
 * what each run promises: to leave in order, within its time and its requests, and to take nothing
 * from anybody who is alive.
 *
 * @module
 */

import { type EdgeOptions, runOnce as runOnceAtEdge } from "../../src/edge/mod.ts";
import { KinsumerError } from "../../src/errors.ts";
import type { KinsumerEvent } from "../../src/events.ts";
import type { Checkpoint, KinsumerRecord } from "../../src/model.ts";
import { REQUEST_GATES, type RequestGate } from "../../src/one_run.ts";
import type { KinsumerOptions } from "../../src/options.ts";
import type { RunOnceResult } from "../../src/run_options.ts";
import { runOnce } from "../../src/run_once.ts";
import { parseCheckpoint } from "../../src/tables/checkpoints.ts";
import { recoveryBoundMs } from "./checks.ts";
import { simulatedClientOptions } from "./client_options.ts";
import type { SimulatedMachineClock } from "./clock.ts";
import { createSeededRandom } from "./random.ts";
import type { Visit } from "./scenario.ts";
import type { Stage } from "./stage.ts";
import type { Weather } from "./weather.ts";

/** A client that is here for one run. */
export interface VisitActor {
  readonly name: string;
  readonly clientId: string;
  readonly machine: SimulatedMachineClock;
  readonly visit: Visit;
  /** Requests since they were last counted. */
  requests: number;
  /** Requests in all. */
  requestCount: number;
  isJoined: boolean;
  isOver: boolean;
  /** Its machine hangs, or has hung. */
  hasHung: boolean;
  /** It ended, said that every shard is caught up, and that nobody else had one. */
  saysAllIsDone: boolean;
}

/** More at once add nothing. */
const MOST_AT_ONCE = 4;
/** How far a run may exceed its time: what the answers under way take. */
const SLACK_MS = 50;
/** Between two runs of a schedule. */
const SCHEDULE_GAP_MS = 1_000;
/** A schedule has as many times the time of a fleet that stays: each run begins anew. */
const SCHEDULE_FACTOR = 4;

/** The visits of a scenario. */
export class Visits {
  readonly #stage: Stage;
  readonly #weather: Weather;

  constructor(stage: Stage, weather: Weather) {
    this.#stage = stage;
    this.#weather = weather;
    stage.world.tables.onChange(({ table, before, after }) => {
      if (table !== "checkpoints" || before === undefined || after === undefined) return;
      if (stage.visits.length > 0) {
        this.#checkTaken(parseCheckpoint(before), parseCheckpoint(after));
      }
    });
  }

  /** A client comes for one run. */
  start(visit: Visit): VisitActor | undefined {
    const { scenario, visits, world: { account, clock } } = this.#stage;
    if (visits.filter(({ isOver, hasHung }) => !isOver && !hasHung).length >= MOST_AT_ONCE) return;
    const name = `v${visits.length}`;
    const clientId = createSeededRandom(scenario.seed * 1_000 + 700 + visits.length).uuid();
    const machine = clock.machine({ wallOffsetMs: visit.wallOffsetMs });
    const actor = createActor({ name, clientId, machine, visit });
    visits.push(actor);
    account.known(name, clientId);
    if (this.#weather.isSevere) account.excuse(name);
    this.#stage.log(`${name} visits as ${clientId}`);
    this.#run(actor).then(
      (result) => this.#ended(actor, result),
      (error: unknown) => this.#failed(actor, error),
    );
    if (visit.hang !== undefined) this.#hangLater(actor, visit.hang);
    return actor;
  }

  /** Whoever hangs and is to go on goes on. */
  heal(): void {
    for (const { machine, visit } of this.#stage.visits) {
      if (visit.hang?.forMs !== undefined) machine.resume();
    }
  }

  /** P7: every run ends that nobody killed. */
  async awaitEnds(): Promise<void> {
    const { visits, world: { account, clock } } = this.#stage;
    const left = visits.filter((each) => !each.isOver && !isKilled(each));
    const longestMs = Math.max(0, ...left.map(({ visit }) => visit.budgetMs));
    const isOver = () => left.every((each) => each.isOver);
    await clock.runUntil(isOver, longestMs + SLACK_MS).catch(() => {
      const names = left.filter((each) => !each.isOver).map(({ name }) => name);
      account.violate("P7", `${names} did not end`);
    });
  }

  /**
   * P5 where nobody stays: runs that come one after the other process all, within a bound.
   *
   * @returns how long that took, in milliseconds
   */
  async catchUp(schedule: Visit): Promise<number> {
    const { world: { account, clock } } = this.#stage;
    const fromMs = this.#stage.nowMs;
    const boundMs = SCHEDULE_FACTOR * recoveryBoundMs(this.#stage);
    while (!account.isComplete && this.#stage.nowMs - fromMs < boundMs) {
      const mayLag = this.#stage.nowMs - fromMs < schedule.lagMs;
      const actor = this.start(schedule);
      const isOver = () => actor?.isOver ?? true;
      await clock.runUntil(isOver, schedule.budgetMs + SLACK_MS).catch(() => {});
      if (actor?.saysAllIsDone && !mayLag && !account.isComplete) {
        account.violate("P5", `${actor.name} says that all is caught up`);
      }
      await clock.advance(SCHEDULE_GAP_MS);
    }
    const open = account.open();
    if (open.length > 0) account.violate("P5", `${open.length} open (${open.slice(0, 3)})`);
    return this.#stage.nowMs - fromMs;
  }

  #run(actor: VisitActor): Promise<RunOnceResult> {
    const { handlerMs, isAtEdge, limit, ...visit } = actor.visit;
    const { budgetMs, lagMs, maxRequests, untilCaughtUp } = visit;
    const { account } = this.#stage.world;
    const handle = async (record: KinsumerRecord): Promise<void> => {
      account.delivered(actor.name, record);
      if (handlerMs > 0) await actor.machine.clock.sleep(handlerMs);
      account.processed(actor.name, record);
    };
    const run = { budgetMs, lagMs, maxRequests, untilCaughtUp };
    const options = this.#options(actor);
    if (isAtEdge) {
      const { bufferSize: _, ...known } = options;
      return runOnceAtEdge(known as EdgeOptions, handle, run);
    }
    const process = limit === undefined ? undefined : { concurrency: { limit } };
    return runOnce(options, handle, { ...run, process });
  }

  #options(actor: VisitActor): KinsumerOptions {
    const { scenario, world: { stream, tables } } = this.#stage;
    const { machine, name, clientId } = actor;
    const weather = this.#weather.channel(actor);
    let gate: RequestGate = () => {};
    const channel = {
      ...weather,
      clock: machine.clock,
      intercept: (operation: string, args: unknown) => {
        pass(gate, operation);
        actor.requestCount++;
        return weather.intercept?.(operation, args);
      },
    };
    const kinesis = stream.view(channel);
    const options: KinsumerOptions = {
      ...simulatedClientOptions({
        clock: machine.clock,
        random: createSeededRandom(scenario.seed * 6_007 + this.#stage.visits.length),
        kinesis: {
          ...kinesis,
          getRecords: async (request, signal) =>
            this.#weather.answer(await kinesis.getRecords(request, signal), request),
        },
        tables: tables.view(channel),
      }),
      clientName: name,
      clientId,
      ...scenario.options,
      startAt: scenario.startAt,
      onEvent: (event) => this.#heard(actor, event),
    };
    REQUEST_GATES.set(options, (given) => (gate = given));
    return options;
  }

  #heard(actor: VisitActor, event: KinsumerEvent): void {
    this.#stage.log(`${actor.name} ${JSON.stringify(event)}`);
    if (event.type === "started") actor.isJoined = true;
    if (event.type !== "shard-captured") return;
    this.#stage.world.account.captured(actor.name, event.shardId);
    this.#stage.lastOwner.set(event.shardId, actor.name);
  }

  #hangLater(actor: VisitActor, { afterMs, forMs }: NonNullable<Visit["hang"]>): void {
    const { healing: { signal }, world: { account, clock: { clock } } } = this.#stage;
    clock.sleep(afterMs).then(() => {
      if (actor.isOver || signal.aborted) return;
      this.#stage.log(`${actor.name} hangs`);
      actor.hasHung = true;
      actor.machine.pause();
      account.excuse(actor.name);
      if (forMs !== undefined) clock.sleep(forMs).then(() => actor.machine.resume());
    });
  }

  /** P7 and P8: a run keeps to its time and its requests, and leaves nothing behind. */
  #ended(actor: VisitActor, result: RunOnceResult): void {
    const { name, visit } = actor;
    const { account } = this.#stage.world;
    actor.isOver = true;
    const { durationMs, heldShardIds, isCaughtUp, isClean, reason, records, requests } = result;
    this.#stage.log(
      `${name} ${JSON.stringify({ reason, records, isCaughtUp, isClean, requests })}`,
    );
    actor.saysAllIsDone = isCaughtUp && heldShardIds.length === 0;
    const isMiscounted = actor.requestCount !== requests && !visit.isAtEdge;
    if (actor.requestCount > visit.maxRequests || isMiscounted) {
      account.violate("P8", `${name} made ${actor.requestCount} requests, and says ${requests}`);
    }
    if (actor.hasHung) return;
    if (durationMs > visit.budgetMs + SLACK_MS) {
      account.violate("P7", `${name} took ${durationMs} of ${visit.budgetMs} ms`);
    }
    if (!isClean && !account.isExcused(name)) {
      account.violate("P7", `${name} left something behind (${reason}, ${requests} requests)`);
    }
  }

  /** A run fails only before it has begun: what comes later is retried. */
  #failed(actor: VisitActor, error: unknown): void {
    actor.isOver = true;
    this.#stage.log(`${actor.name} failed: ${error}`);
    if (!actor.isJoined) return;
    this.#stage.world.account.violate("P5", `${actor.name} ended with ${error}`);
  }

  /** P6: a run takes nothing from anybody who is alive. */
  #checkTaken({ ownerId: formerId, shardId }: Checkpoint, { ownerId }: Checkpoint): void {
    if (formerId === undefined || ownerId === undefined || formerId === ownerId) return;
    const { actors, visits, world: { account } } = this.#stage;
    const taker = visits.find((each) => each.clientId === ownerId);
    if (taker === undefined) return;
    const resident = actors.find(({ client }) => client.kinsumer.clientId === formerId);
    const isStaying = resident !== undefined && !resident.isGone && !resident.isCrashed;
    const former = isStaying
      ? resident.name
      : visits.find((each) => each.clientId === formerId)?.name;
    if (former === undefined || account.isExcused(former)) return;
    account.violate("P6", `${taker.name} took ${shardId} from ${former}, which was alive`);
  }
}

function createActor(
  who: Pick<VisitActor, "name" | "clientId" | "machine" | "visit">,
): VisitActor {
  const counts = { requests: 0, requestCount: 0 };
  return {
    ...who,
    ...counts,
    isJoined: false,
    isOver: false,
    hasHung: false,
    saysAllIsDone: false,
  };
}

/** Whether it never goes on. */
function isKilled({ hasHung, visit }: VisitActor): boolean {
  return hasHung && visit.hang?.forMs === undefined;
}

/** Asks a run's own gate, as its network would. */
function pass(gate: RequestGate, operation: string): void {
  const isRead = !/Item$|^Query$|^Scan$/.test(operation);
  try {
    gate({ isRead });
  } catch (cause) {
    const message = "Cannot call: no request is left";
    throw new KinsumerError("NetworkFailure", message, { cause, retryable: true });
  }
}
