/**
 * Simulates Kinesis and DynamoDB for unit tests: a stream and tables in memory, on a clock that
 * jumps from one timer to the next, with faults on demand.
 *
 * @module
 */

import type { Checkpoint, KinsumerRecord, Shard } from "../src/model.ts";
import type { KinsumerOptions } from "../src/options.ts";
import type { Clock, Runtime } from "../src/runtime.ts";
import { nextUpdate, readUpdate, updateAttributes } from "../src/tables/item.ts";
import { type Consumable, consumeAll, type ConsumeAllOptions } from "./consume_all.ts";
import {
  type SimulatedFault,
  type SimulatedFaultOptions,
  SimulatedFaults,
} from "./simulated_faults.ts";
import { encode, toRecord } from "./simulated_payloads.ts";
import { TimeKeeper } from "./simulated_time.ts";
import { createSimulatedClock, type SimulatedClock } from "./simulation/clock.ts";
import { createSimulatedStream, type SimulatedStream } from "./simulation/kinesis.ts";
import { createSeededRandom } from "./simulation/random.ts";
import { createSimulatedTables, type SimulatedTables } from "./simulation/tables.ts";
import type { PutResult } from "./streams.ts";

/** What there is to choose. */
export interface SimulateKinesisOptions {
  /** How many shards the stream begins with: 1 to 1,000. @default {1} */
  readonly shards?: number | undefined;
  /** Where chance begins: the same seed and the same calls give the same run. @default {1} */
  readonly seed?: number | undefined;
  /** The time at which the world begins: milliseconds since the Unix epoch. @default 2026-01-01 */
  readonly startMs?: number | undefined;
  /**
   * For how many *real* milliseconds simulated time stands still for a record in somebody's hands,
   * each time: 0 to 60,000. @default {500}
   */
  readonly patienceMs?: number | undefined;
}

/** The part of a consumer's options that leads it into a simulated world. */
export type SimulatedClientOptions = Required<
  Pick<KinsumerOptions, "streamName" | "region" | "runtime" | "kinesis" | "tables">
>;

/** A simulated stream and its tables. It needs no closing: nothing outlives the last reference. */
export interface SimulatedKinesis {
  /** Time for your own code: who sleeps on it lets simulated time pass. */
  readonly clock: Clock;
  /** Options to spread into `new Kinsumer`. Each call is a client of its own, of one application. */
  clientOptions(): SimulatedClientOptions;
  /**
   * Puts records, at once. Each is a payload (text, bytes, or anything that JSON can write), or
   * `{ data, partitionKey }` or `{ data, shardId }`.
   */
  putRecords(records: Iterable<unknown>): readonly PutResult[];
  /**
   * Consumes until it has enough, and acknowledges what it got. A new consumer is run, and is stopped
   * in the end, whatever happened; one that runs already goes on running.
   *
   * @throws {LocalKinesisError} `ConsumeTimeout` when the records do not come in time; it tells what
   * came and what the client owned
   */
  consumeAll(kinsumer: Consumable, options: ConsumeAllOptions): Promise<readonly KinsumerRecord[]>;
  /** Lets so much simulated time pass, whatever is in anybody's hands. */
  advance(ms: number): Promise<void>;
  /** Every shard iterator that was given out so far has expired. */
  expireIterators(): void;
  /**
   * Another client takes the shard, without warning, and is never heard of again. The owner learns
   * it when it writes its next checkpoint (at most a minute later): the signal of its records aborts.
   * As the other is not alive, the fleet then takes the shard back, and what was not checkpointed is
   * delivered again.
   *
   * @throws {Error} when nobody owns the shard
   */
  loseShard(shardId: string): void;
  /** The next requests to read a shard (or others) are throttled. */
  throttle(options?: Partial<Omit<SimulatedFaultOptions, "error">>): SimulatedFault;
  /** The next requests of an operation fail. */
  fail(options: SimulatedFaultOptions): SimulatedFault;
  /** Closes a shard, and opens the two whose IDs it returns. */
  splitShard(shardId: string): readonly [string, string];
  /** Closes two shards, and opens the one whose ID it returns. */
  mergeShards(shardId: string, adjacentShardId: string): string;
  /** Every shard of the stream, open and closed. */
  shards(): readonly Shard[];
  /** The checkpoints as they are stored, in order of their shards' IDs. */
  checkpoints(): readonly Checkpoint[];
}

const START_MS = Date.UTC(2026, 0, 1);
/** Of simulated time. */
const CONSUME_TIMEOUT_MS = 300_000;
const RIVAL = "another-client";

/**
 * Makes a world of its own for a test.
 *
 * Time passes only while somebody waits for a consumer (`run()`, `next()`, `for await`, `stop()`),
 * for {@linkcode SimulatedKinesis.advance}, or for `simulated.clock.sleep()`; and then at once.
 * While a record is in the hands of your code it stands still.
 *
 * @example A handler meets an expired iterator
 * ```ts
 * import { Kinsumer } from "kinsumer";
 * import { simulateKinesis } from "kinsumer/testing";
 *
 * const simulated = simulateKinesis({ shards: 2 });
 * const kinsumer = new Kinsumer({ applicationName: "billing", ...simulated.clientOptions() });
 *
 * await kinsumer.run();
 * simulated.putRecords([{ total: 12 }, { total: 30 }]);
 * await simulated.consumeAll(kinsumer, { until: 2 });
 * simulated.expireIterators();
 * simulated.putRecords([{ total: 7 }]);
 * const [record] = await simulated.consumeAll(kinsumer, { until: 1 });
 * console.log(record?.json()); // { total: 7 }
 * await kinsumer.stop();
 * ```
 *
 * @throws {RangeError} when an option's value is not allowed
 */
export function simulateKinesis(options: SimulateKinesisOptions = {}): SimulatedKinesis {
  const { seed = 1, startMs = START_MS } = options;
  const shards = checked("shards", options.shards ?? 1, [1, 1_000]);
  const patienceMs = checked("patienceMs", options.patienceMs ?? 500, [0, 60_000]);
  const timeline = createSimulatedClock({ startMs });
  const time = new TimeKeeper(timeline, { patienceMs });
  const stream = createSimulatedStream({ clock: timeline.clock, shards });
  const tables = createSimulatedTables({ clock: timeline.clock });
  const faults = new SimulatedFaults();
  const world: World = { seed, timeline, time, stream, tables, faults };
  let clientCount = 0;
  let recordCount = 0;
  return {
    clock: time.clock,
    clientOptions: () => clientOptions(world, clientCount++),
    putRecords: (records) => {
      time.touch();
      return Array.from(records, (each) => put(stream, each, `key-${recordCount++}`));
    },
    consumeAll: (kinsumer, facts) =>
      consumeAll(kinsumer, facts, { sleep: time.limit, timeoutMs: CONSUME_TIMEOUT_MS }),
    advance: async (ms) => {
      await time.clock.sleep(ms);
      await timeline.settle();
    },
    expireIterators: () => faults.expireIterators(),
    loseShard: (shardId) => loseShard(world, shardId),
    throttle: (facts = {}) => faults.add({ operation: "GetRecords", ...facts, error: "Throttled" }),
    fail: (facts) => faults.add(facts),
    splitShard: (shardId) => stream.split(shardId),
    mergeShards: (shardId, adjacentShardId) => stream.merge(shardId, adjacentShardId),
    shards: () => stream.shards(),
    checkpoints: () => tables.checkpoints(),
  };
}

interface World {
  readonly seed: number;
  readonly timeline: SimulatedClock;
  readonly time: TimeKeeper;
  readonly stream: SimulatedStream;
  readonly tables: SimulatedTables;
  readonly faults: SimulatedFaults;
}

function clientOptions(world: World, ordinal: number): SimulatedClientOptions {
  const { faults, seed, stream, tables, time } = world;
  const clock = time.consumerClock();
  const intercept = (operation: string, args: unknown): void => faults.intercept(operation, args);
  const { clients, checkpoints, metadata } = tables.view({ clock, intercept });
  const runtime: Runtime = {
    clock,
    random: createSeededRandom(seed * 1_000 + ordinal),
    fetch: () => Promise.reject(new Error("Cannot send a request: this world is simulated")),
    env: () => undefined,
    onWait: time.onWait,
  };
  return {
    streamName: "simulated",
    region: "us-east-1",
    runtime,
    kinesis: faults.expirable(stream.view({ clock, intercept })),
    tables: { clients, checkpoints, metadata },
  };
}

function put(stream: SimulatedStream, given: unknown, key: string): PutResult {
  const { data, partitionKey = key, shardId } = toRecord(given);
  return stream.put({
    data: encode(data),
    partitionKey,
    ...(shardId !== undefined && { shardId }),
  });
}

/** Writes the row as a client does that captures the shard. */
function loseShard({ tables, timeline }: World, shardId: string): void {
  const isOwned = tables.checkpoints().some((row) => row.shardId === shardId && row.ownerId);
  const row = tables.items("checkpoints").find((item) => {
    const key = item["Shard"];
    return key !== undefined && "S" in key && key.S === shardId;
  });
  if (!isOwned || row === undefined) {
    throw new Error(`Cannot take shard "${shardId}" from its owner: nobody owns it`);
  }
  tables.put("checkpoints", {
    ...row,
    OwnerID: { S: RIVAL },
    OwnerName: { S: RIVAL },
    ...updateAttributes(nextUpdate(timeline.clock.nowMs(), readUpdate(row))),
  });
}

function checked(name: string, value: number, [from, to]: readonly [number, number]): number {
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  const allowed = `a whole number from ${from} to ${to}`;
  throw new RangeError(`Cannot simulate Kinesis: ${name} must be ${allowed}, got ${value}`);
}
