/**
 * Runs a fleet of clients of one application on one stream, inside this process, and keeps its
 * account: what was put, what was handed over, what happened.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { AttributeValue, Item } from "../src/aws/dynamodb_api.ts";
import type { KinsumerEvent } from "../src/events.ts";
import { Kinsumer } from "../src/kinsumer.ts";
import type { KinsumerRecord } from "../src/model.ts";
import type { KinsumerOptions } from "../src/options.ts";
import { systemRuntime } from "../src/runtime.ts";
import { HASH_KEYS, type TableNames, tableNames } from "../src/tables/schema.ts";
import { Collector, eventually, Producer } from "./collect.ts";
import type { TestEnvironment } from "./environment.ts";
import { Network } from "./network.ts";
import type { PutRecord, PutResult } from "./streams.ts";

/** As fast as the options allow, and with some patience for a busy machine. */
export const FAST_OPTIONS = {
  shardCheckIntervalMs: 100,
  leaderActionIntervalMs: 200,
  clientRecordMaxAgeMs: 2_000,
  commitIntervalMs: 100,
  throttleDelayMs: 200,
  idleDelayMs: 400,
  wire: "json", // kinesalite cuts long answers in CBOR short, and on Deno and Bun all of them
  tableWaiterDelayMs: 20,
} as const;

/** A loop that waits for ever must fail its test, and not hold the process open. */
const USE_TIMEOUT_MS = 45_000;

/** Something that happened to a client. */
export interface FleetEvent {
  readonly clientId: string;
  readonly event: KinsumerEvent;
}

/** One client, its network, and what became of its consumption. */
export interface FleetClient {
  readonly kinsumer: Kinsumer;
  readonly clientId: string;
  readonly network: Network;
  /** Ends with the iteration; rejects when that failed. */
  readonly consuming: Promise<void>;
}

/** How a client joins. */
export interface JoinOptions {
  readonly options?: Partial<KinsumerOptions> | undefined;
  /** Takes its time over each record. */
  readonly work?: (record: KinsumerRecord) => Promise<void> | undefined;
}

/** A fleet, its stream, and its account. */
export class Fleet {
  readonly environment: TestEnvironment;
  readonly streamName: string;
  readonly applicationName: string;
  readonly collector: Collector = new Collector();
  /** What happened, to whomever, in order. */
  readonly log: FleetEvent[] = [];
  /** Everything that {@linkcode Fleet.put} has put, in order. */
  readonly putResults: PutResult[] = [];
  readonly #producer: Producer = new Producer();
  readonly #options: Partial<KinsumerOptions>;
  readonly #kinsumers: Kinsumer[] = [];
  #isClosing = false;

  private constructor(
    environment: TestEnvironment,
    name: string,
    options: Partial<KinsumerOptions>,
  ) {
    this.environment = environment;
    this.streamName = name;
    this.applicationName = name;
    this.#options = options;
  }

  /** Makes a stream and an application's tables, lets a test use them, and stops every client. */
  static async with(
    environment: TestEnvironment,
    facts: { readonly shardCount: number; readonly options?: Partial<KinsumerOptions> },
    use: (fleet: Fleet) => Promise<void>,
  ): Promise<void> {
    const { shardCount, options = {} } = facts;
    const fleet = new Fleet(environment, environment.uniqueName("fleet"), options);
    await environment.streams.create(fleet.streamName, { shardCount });
    await fleet.create().kinsumer.createRequiredTables();
    const done = new AbortController();
    const { clock } = systemRuntime();
    const giveUp = async (): Promise<void> => {
      await clock.sleep(USE_TIMEOUT_MS, done.signal);
      if (!done.signal.aborted) throw new Error(`The test did not end within ${USE_TIMEOUT_MS} ms`);
    };
    try {
      await Promise.race([giveUp(), use(fleet)]);
    } finally {
      done.abort();
      fleet.#isClosing = true;
      await Promise.all(fleet.#kinsumers.map((each) => each.stop({ deadlineMs: 300 })));
    }
  }

  /** Makes a client that does nothing yet. */
  create(options: Partial<KinsumerOptions> = {}): Omit<FleetClient, "consuming"> {
    const network = new Network(options.runtime ?? this.#options.runtime);
    const kinsumer = new Kinsumer({
      ...this.environment.clientOptions(),
      ...FAST_OPTIONS,
      streamName: this.streamName,
      applicationName: this.applicationName,
      ...this.#options,
      onEvent: (event) => this.log.push({ clientId: kinsumer.clientId, event }),
      ...options,
      runtime: network.runtime,
    });
    this.#kinsumers.push(kinsumer);
    return { kinsumer, clientId: kinsumer.clientId, network };
  }

  /** Makes a client, runs it, and collects what it hands over. */
  async join({ options, work }: JoinOptions = {}): Promise<FleetClient> {
    const client = this.create(options);
    await client.kinsumer.run();
    const consuming = this.collector.consume(client.kinsumer, { ...(work && { work }) });
    consuming.catch(() => {}); // whoever awaits it sees it
    return { ...client, consuming };
  }

  /** Puts so many records, or these, and notes where they landed. */
  async put(what: number | readonly PutRecord[]): Promise<readonly PutResult[]> {
    const records = typeof what === "number" ? this.#producer.make(what) : what;
    const results = await this.environment.streams.put(this.streamName, records);
    this.putResults.push(...results);
    return results;
  }

  /** Puts some records, again and again, until the returned function is called and has resolved. */
  putContinuously(countEach = 40): () => Promise<void> {
    const { clock } = systemRuntime();
    let isDone = false;
    const putting = (async () => {
      while (!isDone && !this.#isClosing) {
        await this.put(countEach);
        await clock.sleep(20);
      }
    })();
    putting.catch(() => {}); // the caller sees it
    return () => {
      isDone = true;
      return putting;
    };
  }

  /** Waits until every record that was put was handed over. */
  async allCollected(withinMs?: number): Promise<void> {
    await this.collector.all(this.putResults, withinMs);
  }

  /** Waits until these clients own all shards, each as many as the others, give or take one. */
  async balanced(
    clients: readonly Pick<FleetClient, "kinsumer">[],
    shardCount: number,
  ): Promise<void> {
    const floor = Math.floor(shardCount / clients.length);
    const sizes = () => clients.map(({ kinsumer }) => kinsumer.ownedShardIds.length);
    const isFair = (size: number) => size === floor || size === floor + 1;
    await eventually(`${clients.length} clients own ${shardCount} shards evenly`, () => {
      const all = new Set(clients.flatMap(({ kinsumer }) => kinsumer.ownedShardIds));
      const total = sizes().reduce((sum, size) => sum + size, 0);
      return all.size === shardCount && total === shardCount && sizes().every(isFair);
    });
  }

  /** The events of a kind, with who they happened to, in order. */
  events<Type extends KinsumerEvent["type"]>(
    type: Type,
    from = 0,
  ): readonly ({ readonly by: string } & Extract<KinsumerEvent, { type: Type }>)[] {
    return this.log.slice(from).filter(({ event }) => event.type === type).map((each) => ({
      by: each.clientId,
      ...each.event as Extract<KinsumerEvent, { type: Type }>,
    }));
  }

  /** The rows of a table, as DynamoDB has them. */
  rows(table: keyof TableNames): Promise<readonly Item[]> {
    return this.environment.dynamodb.scan({ tableName: tableNames(this.applicationName)[table] });
  }

  /** One row, by its key. */
  async row(table: keyof TableNames, key: string): Promise<Item | undefined> {
    return (await this.rows(table)).find((item) => textOf(item[HASH_KEYS[table]]) === key);
  }

  /** Writes a row as another program would, past the library's own code. */
  async writeRow(table: keyof TableNames, key: string, attributes: Item): Promise<void> {
    await this.environment.askDynamoDb("PutItem", {
      TableName: tableNames(this.applicationName)[table],
      Item: { [HASH_KEYS[table]]: { S: key }, ...attributes },
    });
  }

  /** What the leader published, in order. */
  async shardCache(): Promise<readonly string[]> {
    const ids = (await this.row("metadata", "ShardCache"))?.["ShardIDs"];
    return ids !== undefined && "L" in ids ? ids.L.flatMap((each) => textOf(each) ?? []) : [];
  }

  /** After all have stopped: every row says what was processed last, and nobody is left. */
  async assertSettled(): Promise<void> {
    for (const row of await this.rows("checkpoints")) {
      const shardId = textOf(row["Shard"]) ?? "";
      const last = this.collector.lastByShard().get(shardId);
      assert.equal(textOf(row["SequenceNumber"]), last, shardId);
      assert.equal("OwnerID" in row, false, `${shardId} has an owner`);
      assert.equal("OwnerName" in row, false, `${shardId} has an owner's name`);
    }
    assert.deepEqual(await this.rows("clients"), []);
    assert.equal(await this.leaderId(), undefined, "the leader has not resigned");
  }

  /** Who leads, as the table says. */
  async leaderId(): Promise<string | undefined> {
    return textOf((await this.row("metadata", "Leader"))?.["ID"]);
  }
}

/** A string attribute's value. */
export function textOf(value: AttributeValue | undefined): string | undefined {
  return value !== undefined && "S" in value ? value.S : undefined;
}
