/**
 * A fleet of real consumers in a simulated world: a stream and three tables in memory, a virtual
 * clock, chance from a seed, and an account of every record and every checkpoint.
 *
 * @module
 */

import type { KinesisApi, RecordsAnswer } from "../../src/aws/kinesis.ts";
import type { KinsumerEvent } from "../../src/events.ts";
import { Kinsumer } from "../../src/kinsumer.ts";
import type { KinsumerRecord } from "../../src/model.ts";
import type { KinsumerOptions } from "../../src/options.ts";
import { FleetAccount } from "./account.ts";
import type { ChannelOptions } from "./channel.ts";
import { simulatedClientOptions } from "./client_options.ts";
import { createSimulatedClock, type SimulatedClock, type SimulatedMachineClock } from "./clock.ts";
import {
  createSimulatedStream,
  type SimulatedStream,
  type SimulatedStreamOptions,
} from "./kinesis.ts";
import { createSeededRandom } from "./random.ts";
import { createSimulatedTables, type SimulatedTables } from "./tables.ts";

const START_MS = Date.UTC(2026, 0, 1);

/** One consumer of a simulated fleet, on a machine of its own. */
export interface SimulatedClient {
  readonly kinsumer: Kinsumer;
  readonly machine: SimulatedMachineClock;
  readonly events: readonly KinsumerEvent[];
  /** What its consuming loop ended with; resolves after a stop, or when the loop throws. */
  readonly done: Promise<void>;
  /** Resolves once it has joined; rejects when it could not. */
  readonly joined: Promise<void>;
  /** Cuts the client off, from one service or both, or reconnects it. */
  cut(services: {
    readonly kinesis?: boolean;
    readonly dynamodb?: boolean;
    /** How long a request takes to fail. @default {50} */
    readonly timeoutMs?: number;
  }): void;
  /** Ends the machine: nothing of it ever runs again. */
  crash(): void;
}

/** What a client asks of a shard. */
export type ReadRequest = Parameters<KinesisApi["getRecords"]>[0];

/** How a simulated client is started. */
export interface SimulatedClientOptions {
  readonly clientId?: string;
  /** How long the consumer takes for a record, in milliseconds. @default {0} */
  readonly handlerMs?: number | (() => number);
  /** Whether the consumer ends with a record as soon as its shard is lost, and asks for the next. */
  readonly heedsSignal?: boolean;
  readonly wallOffsetMs?: number;
  readonly options?: Partial<KinsumerOptions>;
  readonly kinesis?: Omit<ChannelOptions, "clock">;
  readonly dynamodb?: Omit<ChannelOptions, "clock">;
  /** Changes what GetRecords answers. */
  readonly answer?: (answer: RecordsAnswer, request: ReadRequest) => RecordsAnswer;
  /** Is told of each record that the loop has processed. */
  readonly onProcessed?: (record: KinsumerRecord) => void;
  /** Consumes in place of the loop that only counts. */
  readonly consume?: (kinsumer: Kinsumer, machine: SimulatedMachineClock) => Promise<void>;
}

/** A simulated world with a fleet in it. */
export interface SimulatedFleet {
  readonly clock: SimulatedClock;
  readonly stream: SimulatedStream;
  readonly tables: SimulatedTables;
  readonly account: FleetAccount;
  /** Starts a client; resolves once it has joined. Lets simulated time pass. */
  start(name: string, options?: SimulatedClientOptions): Promise<SimulatedClient>;
  /** Puts `count` records over all open shards, or into one, and notes them in the account. */
  put(count: number, shardId?: string): void;
  /** Stops a client; lets simulated time pass until it has stopped. */
  stop(client: SimulatedClient, deadlineMs?: number): Promise<void>;
}

/** Makes a world. The same seed and the same calls give the same run. */
export function createSimulatedFleet(options: {
  readonly seed: number;
  readonly shards: number;
  readonly stream?: Partial<SimulatedStreamOptions>;
  readonly defaults?: Partial<KinsumerOptions>;
}): SimulatedFleet {
  const clock = createSimulatedClock({ startMs: START_MS });
  const stream = createSimulatedStream({
    clock: clock.clock,
    shards: options.shards,
    ...options.stream,
  });
  const tables = createSimulatedTables({ clock: clock.clock });
  const account = new FleetAccount({ stream, tables, clock: clock.clock });
  const world = { clock, stream, tables, account };
  let clientCount = 0;
  let recordCount = 0;

  const start = async (
    name: string,
    given: SimulatedClientOptions = {},
  ): Promise<SimulatedClient> => {
    const seed = options.seed * 1_000 + clientCount++;
    const merged = { ...given, options: { ...options.defaults, ...given.options } };
    const client = openSimulatedClient(world, { name, seed, ...merged });
    await settled(clock, client.joined);
    return client;
  };

  return {
    clock,
    stream,
    tables,
    account,
    start,
    put: (count, into) => {
      for (let each = 0; each < count; each++) {
        const data = String(recordCount++);
        const { shardId, sequenceNumber } = stream.put({
          partitionKey: data,
          data,
          ...(into === undefined ? {} : { shardId: into }),
        });
        account.produced({ shardId, sequenceNumber });
      }
    },
    stop: (client, deadlineMs) =>
      settled(clock, client.kinsumer.stop(deadlineMs === undefined ? {} : { deadlineMs })),
  };
}

/** Where a simulated client lives. */
export type SimulatedWorld = Pick<SimulatedFleet, "clock" | "stream" | "tables" | "account">;

/** Starts a client; `joined` tells when, or why not. */
export function openSimulatedClient(
  world: SimulatedWorld,
  given: SimulatedClientOptions & { readonly name: string; readonly seed: number },
): SimulatedClient {
  const { name, seed } = given;
  const machine = world.clock.machine({ wallOffsetMs: given.wallOffsetMs ?? 0 });
  const cut = { kinesis: false, dynamodb: false, timeoutMs: 50 };
  const events: KinsumerEvent[] = [];
  const channel = (service: "kinesis" | "dynamodb"): ChannelOptions => ({
    ...given[service],
    clock: machine.clock,
    intercept: async (operation, args) => {
      await given[service]?.intercept?.(operation, args);
      if (!cut[service]) return;
      await machine.clock.sleep(cut.timeoutMs);
      throw new TypeError("fetch failed");
    },
  });
  const kinesis = world.stream.view(channel("kinesis"));
  const { answer = (each) => each } = given;
  const kinsumer = new Kinsumer({
    ...simulatedClientOptions({
      clock: machine.clock,
      random: createSeededRandom(seed),
      kinesis: {
        ...kinesis,
        getRecords: async (request, signal) =>
          answer(await kinesis.getRecords(request, signal), request),
      },
      tables: world.tables.view(channel("dynamodb")),
    }),
    clientName: name,
    clientId: given.clientId ?? name,
    ...given.options,
    onEvent: (event) => {
      events.push(event);
      if (event.type === "shard-captured") world.account.captured(name, event.shardId);
      given.options?.onEvent?.(event);
    },
  });
  world.account.known(name, kinsumer.clientId);
  const consume = given.consume ?? counting(world.account, given);
  const joined = kinsumer.run();
  return {
    kinsumer,
    machine,
    events,
    joined,
    done: joined.then(() => consume(kinsumer, machine)),
    cut: (services) => {
      Object.assign(cut, services);
      if (cut.dynamodb) world.account.excuse(name);
    },
    crash: () => {
      machine.pause();
      world.account.excuse(name);
    },
  };
}

function counting(
  account: FleetAccount,
  { name, handlerMs = 0, heedsSignal = false, onProcessed = () => {} }: SimulatedClientOptions & {
    readonly name: string;
  },
) {
  return async (kinsumer: Kinsumer, machine: SimulatedMachineClock): Promise<void> => {
    for await (const record of kinsumer) {
      account.delivered(name, record);
      const ms = typeof handlerMs === "number" ? handlerMs : handlerMs();
      if (ms > 0) await machine.clock.sleep(ms, heedsSignal ? record.signal : undefined);
      account.processed(name, record);
      onProcessed(record);
    }
  };
}

/** Lets simulated time pass until a promise has settled. */
async function settled<Result>(clock: SimulatedClock, promise: Promise<Result>): Promise<Result> {
  let isSettled = false;
  promise.then(() => (isSettled = true), () => (isSettled = true));
  await clock.runUntil(() => isSettled, 600_000);
  return await promise;
}
