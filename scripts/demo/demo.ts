/**
 * Holds what a run of the demo is made of: the local servers, the stream, the clients, the producer,
 * the journal and the board; and takes all of it down again, whatever happened.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type EmbeddedServers, openStreams, startEmbeddedServers } from "../../testing/mod.ts";
import { currentRuntime } from "../runtimes.mjs";
import type { DemoSettings } from "./arguments.ts";
import type { Board } from "./board.ts";
import { ClientProcess } from "./client_process.ts";
import { type JournalEntry, JournalReader, JournalWriter } from "./journal.ts";
import { Producer } from "./producer.ts";

const STREAM_NAME = "demo";
const APPLICATION_NAME = "demo";
const POLL_INTERVAL_MS = 50;
const CLIENT_PROGRAM = fileURLToPath(new URL("client.ts", import.meta.url));
/** After this long without an end, a client that was told to stop is killed. */
const STOP_TIMEOUT_MS = 10_000;

/** A run of the demo. */
export class Demo {
  readonly settings: DemoSettings;
  readonly board: Board;
  readonly producer: Producer;
  readonly streams: ReturnType<typeof openStreams>;
  readonly streamName: string = STREAM_NAME;
  /** Every line of the journal until now. */
  readonly entries: JournalEntry[] = [];
  /** What went wrong beside the account. */
  readonly problems: string[] = [];
  readonly #servers: EmbeddedServers;
  readonly #folder: string;
  readonly #journal: JournalReader;
  readonly #clients: ClientProcess[] = [];
  readonly #reported = new Set<ClientProcess>();

  private constructor(settings: DemoSettings, board: Board, servers: EmbeddedServers) {
    this.settings = settings;
    this.board = board;
    this.#servers = servers;
    this.#folder = mkdtempSync(join(tmpdir(), "kinsumer-demo-"));
    this.#journal = new JournalReader(this.#journalPath);
    this.streams = openStreams(servers);
    this.producer = new Producer({
      streams: this.streams,
      streamName: STREAM_NAME,
      count: settings.records,
      durationMs: settings.seconds * 1000,
      onProduced: (records) => board.produced(records),
    });
  }

  /** Starts the servers and creates the stream. */
  static async open(settings: DemoSettings, board: Board): Promise<Demo> {
    const demo = new Demo(settings, board, await startEmbeddedServers());
    try {
      await demo.streams.create(STREAM_NAME, { shardCount: settings.shards });
      await demo.refreshShards();
      return demo;
    } catch (error) {
      await demo.close();
      throw error;
    }
  }

  /** The clients that take part, by name. */
  get running(): readonly ClientProcess[] {
    return this.#clients.filter((client) => client.isRunning);
  }

  /** How many clients were started, all told. */
  get clientCount(): number {
    return this.#clients.length;
  }

  /** Starts one more client. */
  startClient(): ClientProcess {
    const name = String.fromCharCode("A".charCodeAt(0) + this.#clients.length);
    const { kinesisEndpoint, dynamodbEndpoint, region, credentials } = this.#servers;
    const client = new ClientProcess({
      runtime: currentRuntime(),
      path: CLIENT_PROGRAM,
      stopTimeoutMs: STOP_TIMEOUT_MS,
      settings: {
        name,
        journalPath: this.#journalPath,
        streamName: STREAM_NAME,
        applicationName: APPLICATION_NAME,
        kinesisEndpoint,
        dynamodbEndpoint,
        region,
        credentials,
      },
    });
    this.#clients.push(client);
    this.board.client(name);
    return client;
  }

  /** Stops a client cleanly. */
  async stopClient(client: ClientProcess): Promise<void> {
    this.board.client(client.name).state = "stopping";
    await client.stop();
    this.update();
  }

  /** Kills a client, and notes in the journal when it is gone: none of its lines comes later. */
  async killClient(client: ClientProcess): Promise<void> {
    await client.kill();
    const journal = new JournalWriter(this.#journalPath, client.name);
    journal.append({ kind: "killed" });
    journal.close();
    this.update();
  }

  /** Learns which shards there are. */
  async refreshShards(): Promise<void> {
    for (const shard of await this.streams.shards(STREAM_NAME)) {
      this.board.shard(shard.shardId).isClosed = shard.endingSequenceNumber !== undefined;
    }
  }

  /** Takes in what the clients wrote since the last time. */
  update(): void {
    for (const entry of this.#journal.read()) {
      this.entries.push(entry);
      this.board.apply(entry);
    }
    this.board.sample(Date.now());
    for (const client of this.#clients) this.#reportCrash(client);
  }

  /**
   * Waits until the predicate holds; what takes too long becomes a problem of the run.
   *
   * @returns whether it held in time
   */
  async until(
    what: string,
    isDone: () => boolean,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      this.update();
      signal.throwIfAborted();
      if (isDone()) return true;
      if (performance.now() > untilMs) {
        this.problems.push(`Waited ${timeoutMs / 1000} s in vain until ${what}`);
        return false;
      }
      await sleep(POLL_INTERVAL_MS);
    }
  }

  /** Stops every client and the servers, and removes the files. */
  async close(): Promise<void> {
    await Promise.all(
      this.#clients.filter(({ isRunning }) => isRunning).map((each) => each.stop()),
    );
    await this.#servers.stop();
    this.#journal.close();
    this.abandon();
  }

  /** Kills what is left of the clients and removes the files, at once: for the process's last moment. */
  abandon(): void {
    for (const client of this.#clients) client.killNow();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #journalPath(): string {
    return join(this.#folder, "journal.jsonl");
  }

  #reportCrash(client: ClientProcess): void {
    const hasFailed = client.state === "crashed" || client.state === "hung";
    if (!hasFailed || this.#reported.has(client)) return;
    this.#reported.add(client);
    this.problems.push(`Client ${client.name} ended by itself: ${client.errorText}`);
    this.board.client(client.name).state = "killed";
  }
}
