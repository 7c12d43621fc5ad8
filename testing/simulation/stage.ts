/**
 * The world of one scenario, and who is on stage.
 *
 * @module
 */

import type { Random } from "../../src/runtime.ts";
import { FleetAccount } from "./account.ts";
import { createSimulatedClock } from "./clock.ts";
import type { SimulatedClient, SimulatedWorld } from "./fleet.ts";
import { createSimulatedStream } from "./kinesis.ts";
import type { GoActor } from "./go_cast.ts";
import type { ReadAhead } from "./read_ahead.ts";
import { createSeededRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { createSimulatedTables } from "./tables.ts";
import { Trace } from "./trace.ts";
import type { VisitActor } from "./visits.ts";

const START_MS = Date.UTC(2026, 0, 1);

/** One client of the fleet, and what has been done to it. */
export interface Actor {
  readonly name: string;
  client: SimulatedClient;
  handlerMs: number;
  isJoined: boolean;
  /** It was told to stop, or could not join. */
  isGone: boolean;
  isCrashed: boolean;
  wasPaused: boolean;
  wasCut: boolean;
  /** Requests since they were last counted. */
  requests: number;
  fetched: number;
  delivered: number;
  captures: number;
  readonly ahead: ReadAhead;
  /** The shards that it ever read. */
  readonly shardIds: Set<string>;
}

/** The world of one scenario. */
export class Stage {
  readonly scenario: Scenario;
  readonly world: SimulatedWorld;
  readonly random: Random;
  readonly trace: Trace = new Trace();
  readonly actors: Actor[] = [];
  readonly goActors: GoActor[] = [];
  /** Clients that came for one run, those that are gone too. */
  readonly visits: VisitActor[] = [];
  /** Stops that are under way or done. */
  readonly stops: Promise<void>[] = [];
  /** By shard: the name of the client that captured it last. */
  readonly lastOwner: Map<string, string> = new Map();
  /** How often a client came, went, or may have seemed to. */
  membershipChanges = 0;
  /** How often a client took a shard anew that nobody had in between. */
  recaptures = 0;
  /** Aborts when the faults are over: who is there stays. */
  readonly healing: AbortController = new AbortController();
  isOver = false;
  #recordCount = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.random = createSeededRandom(scenario.seed + 0x5eed);
    const clock = createSimulatedClock({ startMs: START_MS });
    const stream = createSimulatedStream({
      clock: clock.clock,
      shards: scenario.shardCount,
      readsPerSecond: scenario.readsPerSecond,
      // The service's own proportion: 2 MiB a second, 10 MiB an answer.
      ...(scenario.bytesPerSecond !== undefined && {
        bytesPerSecond: scenario.bytesPerSecond,
        mostAnswerBytes: 5 * scenario.bytesPerSecond,
      }),
      namesChildShards: scenario.namesChildShards,
      iteratorTtlMs: scenario.iteratorTtlMs,
    });
    const tables = createSimulatedTables({ clock: clock.clock });
    const account = new FleetAccount({ stream, tables, clock: clock.clock });
    this.world = { clock, stream, tables, account };
    tables.onChange(({ table, key, after }) => {
      this.log(`${table} ${key} ${after === undefined ? "-" : JSON.stringify(after)}`);
    });
  }

  /** Simulated milliseconds from the start. */
  get nowMs(): number {
    return this.world.clock.clock.monotonicMs();
  }

  /** The clients that run and were not told to stop. */
  get living(): readonly Actor[] {
    return this.actors.filter((actor) => !actor.isGone && !actor.isCrashed);
  }

  /** Puts records over all open shards. */
  put(count: number): void {
    for (let each = 0; each < count; each++) {
      const data = String(this.#recordCount++);
      const { handling, recordBytes } = this.scenario;
      const partitionKey = handling && `key ${Number(data) % handling.keyCount}`;
      const record = { partitionKey: partitionKey ?? data, data, countsAsBytes: recordBytes };
      this.world.account.produced(this.world.stream.put(record));
    }
  }

  log(line: string): void {
    this.trace.add(`${this.nowMs} ${line}`);
  }
}
