/**
 * Holds what a chaos run is made of: servers, proxy, stream, producer, clients, journal and fault
 * windows; and takes all of it down again, whatever happened.
 *
 * @module
 */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../src/runtime.ts";
import { type FaultProxy, startFaultProxy } from "../../testing/fault_proxy.ts";
import { openStreams, type Streams } from "../../testing/mod.ts";
import { createSeededRandom } from "../../testing/simulation/random.ts";
import { type JournalEntry, JournalReader, JournalWriter } from "../demo/journal.ts";
import { Producer } from "../demo/producer.ts";
import type { RuntimeName } from "../runtimes.mjs";
import type { ChaosSettings } from "./arguments.ts";
import { ChaosClient } from "./client_process.ts";
import { type ServersProcess, startServersProcess } from "./servers_process.ts";
import { Windows } from "./windows.ts";

const STREAM_NAME = "chaos";
const POLL_INTERVAL_MS = 100;
/** What the producer has produced when the faults end. */
const PRODUCED_MEANWHILE = 0.95;
/** Every second client takes so long for a record, at the most. */
const WORK_MS = 8;

/** What a world is opened with. */
export interface WorldFacts {
  readonly settings: ChaosSettings;
  readonly runtimes: readonly RuntimeName[];
  /** Is told what happens. */
  readonly say: (text: string) => void;
}

/** A chaos run. */
export class World {
  readonly settings: ChaosSettings;
  readonly runtimes: readonly RuntimeName[];
  readonly say: (text: string) => void;
  readonly random: Random;
  readonly servers: ServersProcess;
  readonly proxy: FaultProxy;
  readonly streams: Streams;
  readonly streamName: string = STREAM_NAME;
  readonly producer: Producer;
  readonly windows: Windows = new Windows();
  /** Every line of the journal until now. */
  readonly entries: JournalEntry[] = [];
  readonly consumed: Set<number> = new Set();
  readonly kills: { readonly victim: string; readonly killedAtMs: number }[] = [];
  /** How long stops took: milliseconds. */
  readonly stopTimes: number[] = [];
  /** What went wrong beside the account. */
  readonly problems: string[] = [];
  readonly clients: ChaosClient[] = [];
  readonly #folder: string;
  readonly #journal: JournalReader;
  #isClosing = false;
  readonly #reported = new Set<ChaosClient>();

  private constructor(facts: WorldFacts, servers: ServersProcess, proxy: FaultProxy) {
    this.settings = facts.settings;
    this.runtimes = facts.runtimes;
    this.say = facts.say;
    this.random = createSeededRandom(facts.settings.seed);
    this.servers = servers;
    this.proxy = proxy;
    this.#folder = mkdtempSync(join(tmpdir(), "kinsumer-chaos-"));
    this.#journal = new JournalReader(this.#journalPath);
    const credentials = { accessKeyId: "producer", secretAccessKey: "local" };
    this.streams = openStreams({ ...servers, credentials });
    const { minutes, rate } = facts.settings;
    this.producer = new Producer({
      streams: this.streams,
      streamName: STREAM_NAME,
      count: Math.ceil(minutes * 60 * rate),
      durationMs: minutes * 60_000 / PRODUCED_MEANWHILE, // the producer keeps back the rest
      onProduced: () => {},
    });
  }

  /** Starts the servers and the proxy, and creates the stream. */
  static async open(facts: WorldFacts): Promise<World> {
    const servers = await startServersProcess();
    const proxy = await startFaultProxy({ ...servers, seed: facts.settings.seed });
    const world = new World(facts, servers, proxy);
    try {
      await world.streams.create(STREAM_NAME, { shardCount: facts.settings.shards });
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  get running(): readonly ChaosClient[] {
    return this.clients.filter((client) => client.isRunning);
  }

  /** Those that no fault of their own is about. */
  get healthy(): readonly ChaosClient[] {
    return this.running.filter((client) => !client.isVictim);
  }

  /** Starts one more client. @param clientId whose place it takes, under the same ID */
  startClient(clientId?: string): ChaosClient {
    if (this.#isClosing) throw new Error("Cannot start a client: the run is over");
    const place = this.clients.length;
    const name = `c${String(place + 1).padStart(2, "0")}`;
    const runtime = this.runtimes[place % this.runtimes.length]!;
    const { kinesisEndpoint, dynamodbEndpoint } = this.proxy;
    const client = new ChaosClient(runtime, {
      name,
      clientId: clientId ?? `client-${Math.floor(this.random.next() * 1_000)}-${name}`,
      journalPath: this.#journalPath,
      streamName: STREAM_NAME,
      applicationName: STREAM_NAME,
      kinesisEndpoint,
      dynamodbEndpoint,
      region: this.servers.region,
      credentials: { accessKeyId: name, secretAccessKey: "local" },
      workMs: place % 2 === 0 ? 0 : WORK_MS,
    });
    this.clients.push(client);
    return client;
  }

  /** Kills a client, and notes in the journal when it is gone: none of its lines comes later. */
  async killClient(client: ChaosClient): Promise<void> {
    const killedAtMs = Date.now();
    this.kills.push({ victim: client.name, killedAtMs });
    this.windows.moment("kill", client.name, killedAtMs);
    await client.kill();
    const journal = new JournalWriter(this.#journalPath, client.name);
    journal.append({ kind: "killed" });
    journal.close();
  }

  async stopClient(client: ChaosClient): Promise<void> {
    this.stopTimes.push(await client.stop());
    if (client.state === "hung") this.problems.push(`stop() of ${client.name} hung`);
  }

  /** Takes in what the clients wrote since the last time. */
  update(): void {
    for (const entry of this.#journal.read()) {
      this.entries.push(entry);
      if (entry.kind === "processed") this.consumed.add(entry.index);
    }
    for (const client of this.clients) {
      if (client.state !== "crashed" || this.#reported.has(client)) continue;
      this.#reported.add(client);
      this.problems.push(`${client.name} (${client.runtime}) ended: ${client.errorText}`);
    }
  }

  /** Waits until the predicate holds; what takes too long becomes a problem. */
  async until(
    what: string,
    isDone: () => boolean,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      this.update();
      signal.throwIfAborted();
      if (isDone()) return;
      if (performance.now() > untilMs) {
        this.problems.push(`Waited ${timeoutMs / 1000} s in vain until ${what}`);
        return;
      }
      await sleep(POLL_INTERVAL_MS);
    }
  }

  /** Stops every client, the proxy and the servers, and removes the files. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.proxy.faults.clear();
    await this.proxy.open();
    for (const client of this.clients) client.thaw();
    await Promise.all(this.running.map((each) => each.stop()));
    await this.proxy.stop();
    await this.servers.stop();
    this.#journal.close();
    this.abandon();
  }

  /** Keeps the journal and the faults of a run that went wrong. @returns where */
  keepEvidence(): string {
    const path = join(tmpdir(), `kinsumer-chaos-evidence-${this.settings.seed}-${process.pid}`);
    copyFileSync(this.#journalPath, `${path}.jsonl`);
    writeFileSync(`${path}.faults.json`, JSON.stringify(this.windows.all, undefined, 1));
    return `${path}.jsonl`;
  }

  /** Kills what is left of the clients and removes the files, at once: for the last moment. */
  abandon(): void {
    for (const client of this.clients) client.killNow();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #journalPath(): string {
    return join(this.#folder, "journal.jsonl");
  }
}
