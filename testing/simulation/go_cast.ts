/**
 * Brings clients of the Go library on stage, and takes them off: in order, or by a kill.
 *
 * They meet no weather but throttled reads: what else the weather does to Go is Go's affair. Their
 * wall clocks are right; ours may be ten minutes off.
 *
 * @module
 */

import type { SimulatedMachineClock } from "./clock.ts";
import { GoClient } from "./go_client.ts";
import { createSeededRandom } from "./random.ts";
import type { Action } from "./scenario.ts";
import type { Stage } from "./stage.ts";
import type { Weather } from "./weather.ts";

const RESTART_DELAY_MS = 1_000;

/** A Go client on stage. */
export interface GoActor {
  readonly name: string;
  readonly clientId: string;
  readonly client: GoClient;
  readonly machine: SimulatedMachineClock;
  /** It was told to stop, or ended by an error. */
  isGone: boolean;
  isKilled: boolean;
}

type Joining = Extract<Action, { readonly type: "go-client" }>;

/** The Go clients of a scenario. */
export class GoCast {
  readonly #stage: Stage;
  readonly #weather: Weather;

  constructor(stage: Stage, weather: Weather) {
    this.#stage = stage;
    this.#weather = weather;
    stage.world.account.go.maxAgeMs = 5 * stage.scenario.goCheckIntervalMs;
  }

  /** A Go client joins, and leaves as the action says. */
  join(action: Joining): void {
    const actor = this.#start(action);
    if (action.end === "stay") return;
    const { healing: { signal }, world: { clock: { clock } } } = this.#stage;
    clock.sleep(action.forMs, signal).then(() => {
      if (signal.aborted) return;
      if (action.end === "kill") this.#kill(actor);
      else this.stop(actor);
    });
  }

  /** Stops in order. */
  stop(actor: GoActor): void {
    if (actor.isGone || actor.isKilled) return;
    actor.isGone = true;
    this.#stage.membershipChanges++;
    this.#stage.log(`${actor.name} stops`);
    actor.client.stop();
  }

  #kill(actor: GoActor): void {
    if (actor.isKilled) return;
    actor.isKilled = true;
    this.#stage.membershipChanges++;
    this.#stage.log(`${actor.name} is killed`);
    actor.machine.pause();
    this.#stage.world.account.goKilled(actor.name, actor.clientId);
  }

  #start(action: Joining): GoActor {
    const { goActors, scenario, world: { account, clock, stream, tables } } = this.#stage;
    const name = `go${goActors.length}`;
    const clientId = createSeededRandom(scenario.seed * 1_000 + 500 + goActors.length).uuid();
    const machine = clock.machine();
    const client = new GoClient({
      clientId,
      clock: machine.clock,
      tables,
      kinesis: stream.view({ clock: machine.clock, ...this.#weather.goChannel() }),
      checkIntervalMs: scenario.goCheckIntervalMs,
      commitIntervalMs: action.commitIntervalMs,
      workMs: action.workMs,
      onCaptured: (shardId) => {
        account.captured(name, shardId);
        this.#stage.lastOwner.set(shardId, name);
      },
      onPublished: (shardIds) => account.go.published(shardIds),
      onRecord: (record) => account.deliveredToGo(name, record),
      onError: (error) => this.#failed(actor, action, error),
    });
    const actor = { name, clientId, client, machine, isGone: false, isKilled: false };
    account.go.joined(name, clientId);
    this.#stage.membershipChanges++;
    this.#stage.log(`${name} joins as ${clientId}`);
    goActors.push(actor);
    client.run().then(
      () => account.go.gone(clientId),
      (error: unknown) => this.#stage.log(`${name} ended with ${error}`),
    );
    return actor;
  }

  /** A program that ends with the first error it is told of, and is started anew. */
  #failed(actor: GoActor, action: Joining, error: unknown): void {
    this.#stage.log(`${actor.name} fails: ${error}`);
    if (actor.isGone || actor.isKilled) return;
    this.#stage.world.account.excuse(actor.name);
    this.stop(actor);
    this.#stage.world.clock.clock.sleep(RESTART_DELAY_MS).then(() => {
      if (!this.#stage.isOver && action.end === "stay") this.join(action);
    });
  }
}
