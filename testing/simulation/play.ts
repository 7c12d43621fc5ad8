/**
 * Plays a scenario in a simulated world, and says which promises were not kept.
 *
 * @module
 */

import type { Violation } from "./account.ts";
import { Cast } from "./cast.ts";
import { checkEnd, checkRecovery, checkStops, watch } from "./checks.ts";
import { GoCast } from "./go_cast.ts";
import type { Action, Scenario } from "./scenario.ts";
import { type Actor, Stage } from "./stage.ts";
import { watchTakeovers } from "./takeovers.ts";
import { Visits } from "./visits.ts";
import { Weather } from "./weather.ts";

const MOST_CLIENTS = 6;
const MOST_OPEN_SHARDS = 8;
const START_TIMEOUT_MS = 60_000;
const REST_MS = 60_000;

/** What became of a scenario. */
export interface PlayResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** The same for the same seed, on every runtime. */
  readonly traceHash: string;
  readonly trace: readonly string[];
  readonly produced: number;
  readonly duplicates: number;
  /** How long the fleet took, after the last fault, until all was processed and every shard owned. */
  readonly recoveryMs: number;
}

/** Plays a scenario from start to end. */
export async function playScenario(scenario: Scenario): Promise<PlayResult> {
  const stage = new Stage(scenario);
  const recoveryMs = await new Player(stage).play();
  const { trace, world: { account } } = stage;
  return {
    seed: scenario.seed,
    violations: account.violations,
    traceHash: trace.hash,
    trace: trace.lines,
    produced: account.producedCount,
    duplicates: account.duplicates().length,
    recoveryMs,
  };
}

class Player {
  readonly #stage: Stage;
  readonly #weather: Weather;
  readonly #cast: Cast;
  readonly #goCast: GoCast;
  readonly #visits: Visits;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#weather = new Weather(stage);
    watchTakeovers(stage);
    this.#cast = new Cast(stage, this.#weather);
    this.#goCast = new GoCast(stage, this.#weather);
    this.#visits = new Visits(stage, this.#weather);
  }

  /** @returns how long the fleet took to recover from all that happened */
  async play(): Promise<number> {
    const { scenario, world: { clock } } = this.#stage;
    const until = (ms: number) => clock.advance(Math.max(0, ms - this.#stage.nowMs));
    for (let each = 0; each < scenario.clientCount; each++) this.#cast.join();
    if (scenario.schedule !== undefined) this.#visits.start(scenario.schedule);
    await this.#awaitStart();
    const watching = watch(this.#stage);
    for (const action of scenario.actions) {
      await until(action.atMs);
      this.#stage.log(JSON.stringify(action));
      this.#act(action);
    }
    await until(scenario.durationMs);
    const recoveryMs = await this.#recover();
    await clock.advance(scenario.idleMs);
    for (const actor of this.#stage.living) this.#cast.stop(actor);
    for (const actor of this.#stage.goActors) this.#goCast.stop(actor);
    await checkStops(this.#stage);
    await this.#visits.awaitEnds();
    this.#stage.isOver = true;
    await clock.advance(REST_MS);
    await watching;
    checkEnd(this.#stage);
    return recoveryMs;
  }

  /** Ends all faults; waits until those who stay, or the visits that come, have processed all. */
  async #recover(): Promise<number> {
    const { schedule } = this.#stage.scenario;
    this.#weather.clear();
    this.#stage.healing.abort();
    this.#visits.heal();
    if (schedule === undefined) this.#cast.heal();
    this.#stage.put(10);
    return await (schedule === undefined
      ? checkRecovery(this.#stage)
      : this.#visits.catchUp(schedule));
  }

  /** Under "latest", only what comes after the application's first start is owed. */
  async #awaitStart(): Promise<void> {
    const { scenario, world: { clock, tables } } = this.#stage;
    if (scenario.startAt !== "latest") return;
    const isStarted = () => tables.items("metadata").some((item) => "StartedAtMs" in item);
    await clock.runUntil(isStarted, START_TIMEOUT_MS);
  }

  #act(action: Action): void {
    const { living, nowMs } = this.#stage;
    const actor = "which" in action ? living[action.which % Math.max(1, living.length)] : undefined;
    const mayLeave = living.length > 1;
    const untilMs = nowMs + ("forMs" in action ? action.forMs : 0);
    switch (action.type) {
      case "put":
        return this.#stage.put(action.count);
      case "join":
        return living.length < MOST_CLIENTS ? this.#cast.join() : undefined;
      case "stop":
        return actor && mayLeave ? this.#cast.stop(actor) : undefined;
      case "crash":
        return actor && mayLeave ? this.#cast.crash(actor) : undefined;
      case "deploy":
      case "crash-all":
        return this.#replaceAll(action.type);
      case "pause":
        return actor && this.#cast.pause(actor, action.forMs);
      case "cut":
        return actor && this.#cast.cut(actor, action);
      case "cut-and-join":
        return actor && this.#cutAndJoin(actor, action.forMs);
      case "lossy":
      case "throttle":
      case "no-iterator":
      case "empty":
        return this.#weather.begin(action.type, { untilMs, strength: action.share });
      case "no-list":
      case "no-table":
      case "no-credentials":
        return this.#weather.begin(action.type, { untilMs, strength: 1 });
      case "rough":
        return this.#weather.beginRough(action.ports, untilMs);
      case "storm":
        return this.#storm();
      case "trim":
        return this.#trim();
      case "latency":
        return this.#weather.begin(action.type, { untilMs, strength: action.ms });
      case "clock-jump":
        return actor?.client.machine.setWallOffset(action.offsetMs);
      case "slow":
        if (actor) actor.handlerMs = action.handlerMs;
        return;
      case "split":
      case "merge":
        return this.#reshard(action);
      case "go-client":
        return this.#goCast.join(action);
      case "visit":
        return void this.#visits.start(action);
    }
  }

  /** A client loses DynamoDB; just as it comes back, another is there to take its shards. */
  #cutAndJoin(actor: Actor, forMs: number): void {
    const cut = { atMs: this.#stage.nowMs, type: "cut", which: 0, forMs } as const;
    this.#cast.cut(actor, { ...cut, kinesis: false, dynamodb: true, timeoutMs: 20 });
    this.#stage.world.clock.clock.sleep(forMs).then(() => {
      if (!this.#stage.isOver) this.#cast.join();
    });
  }

  #replaceAll(how: "deploy" | "crash-all"): void {
    for (const actor of this.#stage.living) {
      if (how === "deploy") this.#cast.stop(actor);
      else this.#cast.crash(actor);
      if (how === "deploy") this.#cast.join();
    }
    if (how === "crash-all") this.#cast.join();
  }

  #reshard({ type, which }: { readonly type: "split" | "merge"; readonly which: number }): void {
    const { stream } = this.#stage.world;
    const open = stream.shards().filter((shard) => shard.endingSequenceNumber === undefined);
    const first = open[which % Math.max(1, open.length)];
    if (first === undefined) return;
    if (type === "split") {
      if (open.length < MOST_OPEN_SHARDS) stream.split(first.shardId);
      return;
    }
    for (const other of open) {
      if (other === first) continue;
      try {
        return void stream.merge(first.shardId, other.shardId);
      } catch {
        continue; // they are not adjacent
      }
    }
  }

  /** Every open shard is split at once, as far as there is room. */
  #storm(): void {
    const { stream } = this.#stage.world;
    const open = stream.shards().filter((shard) => shard.endingSequenceNumber === undefined);
    for (const which of open.keys()) this.#reshard({ type: "split", which });
  }

  /** Retention: what is processed goes, and so do the shards that are finished. */
  #trim(): void {
    const { stream, tables } = this.#stage.world;
    const listed = new Set(stream.shards().map(({ shardId }) => shardId));
    for (const { shardId, sequenceNumber, isFinished } of tables.checkpoints()) {
      if (!listed.has(shardId)) continue;
      if (isFinished) stream.forget(shardId);
      else if (sequenceNumber !== undefined) stream.trim(shardId, sequenceNumber);
    }
  }
}
