/**
 * Brings clients on stage, disturbs them and takes them off, and checks what each must keep to
 * itself.
 *
 * @module
 */

import type { RecordsAnswer } from "../../src/aws/kinesis.ts";
import type { KinsumerEvent } from "../../src/events.ts";
import { openSimulatedClient, type SimulatedClient } from "./fleet.ts";
import { Handlers } from "./handlers.ts";
import { createSeededRandom } from "./random.ts";
import { ReadAhead } from "./read_ahead.ts";
import type { Action, Scenario } from "./scenario.ts";
import type { Actor, Stage } from "./stage.ts";
import type { Weather } from "./weather.ts";

/** Within how long every client must stop. */
export const STOP_DEADLINE_MS = 10_000;
const RESTART_DELAY_MS = 1_000;
/** After these a client holds nothing of the shard that it read before. */
const LETTING_GO: ReadonlySet<KinsumerEvent["type"]> = new Set([
  "shard-captured",
  "shard-finished",
  "shard-lost",
  "shard-released",
]);

/** The clients of a scenario. */
export class Cast {
  readonly #stage: Stage;
  readonly #weather: Weather;
  readonly #handlers: Handlers | undefined;
  #joinCount = 0;

  constructor(stage: Stage, weather: Weather) {
    this.#stage = stage;
    this.#weather = weather;
    const { handling } = stage.scenario;
    this.#handlers = handling && new Handlers(stage, handling);
  }

  /** A new client joins; one that cannot is started anew, as an orchestrator would. */
  join(): void {
    const { scenario } = this.#stage;
    const name = `c${this.#joinCount++}`;
    this.#stage.membershipChanges++;
    const actor = createActor(name, scenario);
    if (this.#weather.isRough) this.#stage.world.account.excuse(name);
    const channel = this.#weather.channel(actor);
    actor.client = openSimulatedClient(this.#stage.world, {
      name,
      seed: scenario.seed * 7_919 + this.#joinCount,
      clientId: createSeededRandom(scenario.seed * 1_000 + this.#joinCount).uuid(),
      handlerMs: () => {
        actor.delivered++;
        return actor.handlerMs;
      },
      heedsSignal: this.#joinCount % 4 === 0,
      options: {
        ...scenario.options,
        startAt: scenario.startAt,
        onEvent: (event) => this.#heard(actor, event),
      },
      dynamodb: channel,
      kinesis: channel,
      ...(this.#handlers && { consume: this.#handlers.consume(actor, () => this.#replace(actor)) }),
      answer: (answer, request) => {
        const arrived = this.#weather.answer(answer, request);
        const hasShape = Array.isArray(arrived?.records);
        if (hasShape) this.#checkAhead(actor, arrived, request.shardId);
        return arrived;
      },
      onProcessed: ({ shardId }) => actor.ahead.acknowledged(shardId),
    });
    this.#stage.actors.push(actor);
    this.#supervise(actor);
  }

  /** A client is told to stop. */
  stop(actor: Actor): void {
    const { scenario, stops, world: { account } } = this.#stage;
    this.#stage.membershipChanges++;
    actor.isGone = true;
    actor.handlerMs = Math.min(actor.handlerMs, 1_000);
    // A record that is held beyond the deadline is delivered again.
    if (scenario.actions.some(({ type }) => type === "slow")) account.excuse(actor.name);
    const fromMs = this.#stage.nowMs;
    const stopped = actor.client.kinsumer.stop({ deadlineMs: STOP_DEADLINE_MS });
    stops.push(stopped.then(() => {
      const tookMs = this.#stage.nowMs - fromMs;
      if (tookMs <= STOP_DEADLINE_MS || actor.isCrashed || actor.wasPaused) return;
      account.violate("P7", `${actor.name} took ${tookMs} ms to stop`);
    }));
  }

  crash(actor: Actor): void {
    this.#stage.membershipChanges++;
    actor.isCrashed = true;
    actor.client.crash();
  }

  pause(actor: Actor, forMs: number): void {
    this.#stage.membershipChanges += 2;
    actor.wasPaused = true;
    actor.client.crash();
    this.#later(forMs, () => {
      if (!actor.isCrashed) actor.client.machine.resume();
    });
  }

  cut(actor: Actor, action: Extract<Action, { type: "cut" }>): void {
    const { kinesis, dynamodb, timeoutMs, forMs } = action;
    this.#stage.membershipChanges += 2;
    actor.wasCut = true;
    actor.client.cut({ kinesis, dynamodb, timeoutMs });
    this.#later(forMs, () => actor.client.cut({ kinesis: false, dynamodb: false }));
  }

  /** A client whose handler failed for good has stopped: an orchestrator starts another. */
  async #replace(actor: Actor): Promise<void> {
    if (actor.isGone) return;
    actor.isGone = true;
    this.#stage.membershipChanges++;
    await this.#stage.world.clock.clock.sleep(RESTART_DELAY_MS);
    if (!this.#stage.isOver) this.join();
  }

  /** Ends every disturbance, and makes sure that somebody is there. */
  heal(): void {
    const withGo = this.#stage.goActors.length > 0;
    this.#handlers?.heal();
    for (const actor of this.#stage.actors) {
      // Go goes by wall clocks: with wrong ones no fleet of both kinds agrees.
      if (withGo) actor.client.machine.setWallOffset(0);
      actor.handlerMs = Math.min(actor.handlerMs, 20);
      if (actor.isCrashed) continue;
      actor.client.machine.resume();
      actor.client.cut({ kinesis: false, dynamodb: false });
    }
    if (this.#stage.living.length === 0) this.join();
  }

  #later(ms: number, action: () => void): void {
    this.#stage.world.clock.clock.sleep(ms).then(action);
  }

  #supervise(actor: Actor): void {
    const { world: { account, clock } } = this.#stage;
    actor.client.joined.then(() => (actor.isJoined = true), async (error: unknown) => {
      if (actor.isGone) return;
      actor.isGone = true;
      this.#stage.log(`${actor.name} could not join: ${error}`);
      await clock.clock.sleep(RESTART_DELAY_MS);
      if (!this.#stage.isOver) this.join();
    });
    actor.client.done.catch((error: unknown) => {
      if (actor.isJoined) account.violate("P5", `${actor.name} ended with ${error}`);
    });
  }

  #heard(actor: Actor, event: KinsumerEvent): void {
    this.#stage.log(`${actor.name} ${JSON.stringify(event)}`);
    if (LETTING_GO.has(event.type) && "shardId" in event) actor.ahead.letGo(event.shardId ?? "");
    this.#handlers?.heard(actor, event);
    if (event.type === "shard-lost" && event.reason === "taken") this.#lost(actor, event.shardId);
    // What a client gave up because it could not beat, it may take anew.
    else if (event.type === "shard-lost") this.#stage.lastOwner.delete(event.shardId);
    if (event.type !== "shard-captured") return;
    actor.captures++;
    if (this.#stage.lastOwner.get(event.shardId) === actor.name) this.#stage.recaptures++;
    this.#stage.lastOwner.set(event.shardId, actor.name);
  }

  /** P6: a shard is lost only to somebody. */
  #lost(actor: Actor, shardId: string): void {
    const { account, tables } = this.#stage.world;
    const row = tables.checkpoints().find((each) => each.shardId === shardId);
    if (row?.ownerId !== actor.client.kinsumer.clientId) return;
    account.violate("P6", `${actor.name} gave ${shardId} up, which is its own`);
  }

  /** P8: no more is read ahead than the buffer and the budget take, and one read of each shard. */
  #checkAhead(actor: Actor, { byteLength, records }: RecordsAnswer, shardId: string): void {
    const { scenario: { options }, world: { account } } = this.#stage;
    const { bufferSize, maxBufferedBytes, readLimit } = options;
    if (records.length === 0) return;
    const isAllowed = actor.ahead.arrived(shardId, { bytes: byteLength, count: records.length });
    // Handlers acknowledge in any order, and a pause drops what was read: not to be told from outside.
    if (!isAllowed && this.#handlers === undefined) {
      const what = `holds ${actor.ahead.heldBytes} bytes of ${maxBufferedBytes}, and reads on`;
      account.violate("P8", `${actor.name} ${what}: ${shardId}`);
    }
    actor.shardIds.add(shardId);
    const most = bufferSize + readLimit * actor.shardIds.size;
    if (this.#handlers !== undefined) {
      return this.#handlers.read(actor, { shardId, records, most });
    }
    actor.fetched += records.length;
    const ahead = actor.fetched - actor.delivered;
    // A loss drops what waited, which is read again.
    if (ahead <= most * (1 + actor.captures)) return;
    account.violate("P8", `${actor.name} reads ${ahead} records ahead`);
  }
}

function createActor(name: string, { handlerMs, options }: Scenario): Actor {
  return {
    name,
    handlerMs,
    ahead: new ReadAhead(options.maxBufferedBytes),
    shardIds: new Set(),
    client: undefined as unknown as SimulatedClient, // set before anything can ask for it
    isJoined: false,
    isGone: false,
    isCrashed: false,
    wasPaused: false,
    wasCut: false,
    requests: 0,
    fetched: 0,
    delivered: 0,
    captures: 0,
  };
}
