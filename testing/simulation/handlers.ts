/**
 * Runs the handlers of a scenario's clients, makes them go wrong, and checks what `process()`
 * promises: order, one call at a time where that was asked for, and no success that counts twice.
 *
 * @module
 */

import type { KinsumerError } from "../../src/errors.ts";
import type { KinsumerEvent } from "../../src/events.ts";
import type { HandlerContext, ProcessOptions } from "../../src/handling.ts";
import type { Kinsumer } from "../../src/kinsumer.ts";
import type { KinsumerRecord, ReceivedRecord } from "../../src/model.ts";
import type { SimulatedMachineClock } from "./clock.ts";
import { faultOf, type Handling, processOptions } from "./handling.ts";
import { HandlersAhead } from "./handlers_ahead.ts";
import type { Actor, Stage } from "./stage.ts";

interface Call {
  readonly actor: Actor;
  readonly records: readonly KinsumerRecord[];
  readonly places: readonly number[];
  readonly context: HandlerContext;
}

/** Between two looks of a handler that hangs: milliseconds. */
const LOOK_MS = 100;

/** After these, what was read of a shard is read again, by this client or another. */
const DROPPING: ReadonlySet<string> = new Set<KinsumerEvent["type"]>([
  "shard-captured",
  "shard-lost",
  "shard-paused",
  "shard-released",
]);

/** The handlers of a scenario. */
export class Handlers {
  readonly #stage: Stage;
  readonly #handling: Handling;
  readonly #failures = new Map<number, number>();
  /** Who handled a record first with success. */
  readonly #succeeded = new Map<number, string>();
  /** What each client has handled with success. */
  readonly #done = new Map<Actor, Set<number>>();
  /** What each client has read, and no handler has begun. */
  readonly #ahead = new Map<Actor, HandlersAhead>();
  #running: Call[] = [];
  #isHealed = false;

  constructor(stage: Stage, handling: Handling) {
    this.#stage = stage;
    this.#handling = handling;
  }

  /** From now on every handler does as it should. */
  heal(): void {
    this.#isHealed = true;
  }

  /** How a client consumes; `onEnd` is told when its policy has stopped it. */
  consume(
    actor: Actor,
    onEnd: (error: KinsumerError) => void,
  ): (kinsumer: Kinsumer, machine: SimulatedMachineClock) => Promise<void> {
    return async (kinsumer, machine) => {
      try {
        await this.#process(kinsumer, this.#options(actor), (records, context) => {
          const places = records.map((record) => Number(record.text()));
          return this.#handle({ actor, records, places, context }, machine);
        });
      } catch (error) {
        if ((error as KinsumerError).code !== "HandlerFailed") throw error;
        onEnd(error as KinsumerError);
      }
    };
  }

  /** A client has read records: no more than `most` may wait for a handler to begin with them. */
  read(
    actor: Actor,
    { most, records, shardId }: {
      readonly shardId: string;
      readonly records: readonly ReceivedRecord[];
      readonly most: number;
    },
  ): void {
    const ahead = this.#ahead.get(actor) ?? new HandlersAhead();
    this.#ahead.set(actor, ahead);
    // After a pause, what was done beyond the failure is read again and recognised.
    const places = records.map(({ data }) => Number(new TextDecoder().decode(data)))
      .filter((place) => !this.#done.get(actor)?.has(place));
    this.#checkAhead(actor, ahead.read(shardId, places, most));
  }

  /** An event of a client. */
  heard(actor: Actor, event: KinsumerEvent): void {
    const { account } = this.#stage.world;
    if (event.type === "record-skipped") account.processed(actor.name, event);
    if (event.type === "record-skipped" && this.#handling.action !== "skip") {
      account.violate("P1", `${actor.name} skipped a record of ${event.shardId} unasked`);
    }
    if (!DROPPING.has(event.type)) return;
    const { shardId } = event as Extract<KinsumerEvent, { type: "shard-released" }>;
    this.#ahead.get(actor)?.dropped(shardId);
    if (event.type === "shard-paused") return;
    // What still runs of an ownership that has ended holds nobody up.
    this.#running = this.#running.filter(({ actor: other, context }) =>
      other !== actor || context.shardId !== shardId
    );
  }

  #options(actor: Actor): ProcessOptions {
    const options = processOptions(this.#handling);
    if (this.#handling.action !== "deadLetter") return options;
    const { account } = this.#stage.world;
    const deadLetter = async (
      record: KinsumerRecord,
      _error: unknown,
      { signal }: HandlerContext,
    ): Promise<void> => {
      await actor.client.machine.clock.sleep(5);
      if (!signal.aborted) account.processed(actor.name, record);
    };
    return { ...options, onFailure: { ...options.onFailure as object, deadLetter } };
  }

  #process(
    kinsumer: Kinsumer,
    options: ProcessOptions,
    run: (records: readonly KinsumerRecord[], context: HandlerContext) => Promise<void>,
  ): Promise<unknown> {
    return options.batch
      ? kinsumer.process(run, { ...options, batch: true })
      : kinsumer.process((record, context) => run([record], context), { ...options, batch: false });
  }

  async #handle(call: Call, machine: SimulatedMachineClock): Promise<void> {
    this.#begin(call);
    try {
      if (call.actor.handlerMs > 0) await machine.clock.sleep(call.actor.handlerMs);
      for (const place of call.places) await this.#misbehave(call, place, machine);
      if (!call.context.signal.aborted) this.#succeed(call);
    } finally {
      this.#running = this.#running.filter((each) => each !== call);
    }
  }

  async #misbehave(
    { context: { signal } }: Call,
    place: number,
    machine: SimulatedMachineClock,
  ): Promise<void> {
    const fault = faultOf(this.#stage.scenario, place);
    if (fault === undefined || this.#isHealed) return;
    const failures = this.#failures.get(place) ?? 0;
    if (fault.fault === "throws") {
      if (failures >= fault.times) return;
      this.#failures.set(place, failures + 1);
      throw new Error(`fault at ${place}`);
    }
    if (fault.fault === "outlives") {
      if (failures === 0) await machine.clock.sleep(fault.ms);
      this.#failures.set(place, 1);
      return;
    }
    while (!signal.aborted && !this.#isHealed) await machine.clock.sleep(LOOK_MS);
    signal.throwIfAborted();
  }

  #begin(call: Call): void {
    const { actor, places, records, context: { shardId, signal } } = call;
    const { world: { account } } = this.#stage;
    for (const record of records) account.begun(actor.name, record);
    for (const place of places) {
      this.#checkAhead(actor, this.#ahead.get(actor)?.begun(shardId, place));
    }
    this.#running.push(call);
    const ownRuns = this.#running.filter((each) => each.actor === actor && !isOver(each));
    if (ownRuns.length > this.#handling.limit) {
      account.violate("P8", `${actor.name} runs ${ownRuns.length} handlers at once`);
    }
    if (signal.aborted) account.violate("P4", `${actor.name} began ${shardId} in vain`);
    this.#checkOrder(call);
  }

  /** P8: no more is read ahead than may wait. */
  #checkAhead({ name }: Actor, excessive: number | undefined): void {
    if (excessive === undefined) return;
    this.#stage.world.account.violate("P8", `${name} reads ${excessive} records ahead`);
  }

  /** P2: what comes before is done, and nothing of it still runs. */
  #checkOrder(call: Call): void {
    const { by, keyCount } = this.#handling;
    const { actor, places, records: [first], context: { shardId } } = call;
    const { account } = this.#stage.world;
    if (by === "shard") {
      const open = first && account.openBefore(first);
      if (open !== undefined) account.violate("P2", `${shardId}: a call began before ${open}`);
    }
    const isRival = (other: Call): boolean => {
      if (other === call || other.actor !== actor || isLost(other)) return false;
      if (by === "shard") return other.context.shardId === shardId;
      const keys = new Set(other.places.map((place) => place % keyCount));
      return by === "partitionKey" && other.context.shardId === shardId &&
        places.some((place) => keys.has(place % keyCount));
    };
    if (this.#running.some(isRival)) {
      account.violate("P2", `${shardId}: two calls at once, where one was asked for`);
    }
  }

  /** P3: a success that counts comes once, unless its client crashed, hung or was cut off. */
  #succeed({ actor, places, records, context: { shardId } }: Call): void {
    const { account } = this.#stage.world;
    // What runs while its own client hangs may end when another has done it long since.
    const mayRepeat = (earlier: string) =>
      account.isExcused(earlier) || account.isExcused(actor.name);
    const done = this.#done.get(actor) ?? new Set<number>();
    this.#done.set(actor, done);
    places.forEach((place, index) => {
      done.add(place);
      account.processed(actor.name, records[index]!);
      const earlier = this.#succeeded.get(place);
      if (earlier === undefined) this.#succeeded.set(place, actor.name);
      else if (this.#handling.by === "shard" && !mayRepeat(earlier)) {
        account.violate("P3", `${shardId}: ${place} was done by ${earlier}, then ${actor.name}`);
      }
    });
  }
}

/** Whether nobody waits for the call any more, nor counts it. */
function isOver({ context: { signal } }: Call): boolean {
  return signal.aborted;
}

/** Whether the call was given up because its shard was: one whose time was up is still waited for. */
function isLost({ context: { signal } }: Call): boolean {
  return signal.aborted && (signal.reason as KinsumerError | undefined)?.code !== "HandlerTimedOut";
}
