/**
 * One scenario's world: a stream, its tables, a producer, clients of both kinds, the ledger of what
 * they were handed, and the observer of the tables.
 *
 * @module
 */

import { Kinsumer, type KinsumerOptions } from "../../mod.ts";
import type { EmbeddedServers } from "../../testing/local_servers.ts";
import { openStreams, type Streams } from "../../testing/streams.ts";
import { Ledger, type Payload } from "./ledger.ts";
import { Observer } from "./observer.ts";
import { fastRuntime, GO_PACE, OUR_PACE, SPEED } from "./pace.ts";
import { type Peer, type PeerProgram, startPeer } from "./peer.ts";

/** One of our clients. */
export interface OurClient {
  readonly name: string;
  readonly kinsumer: Kinsumer;
  stop(): Promise<void>;
  /** Cuts it off from the services, as a crash does. */
  crash(): void;
}

/** Settings that differ from a scene's own. */
export interface Pace {
  readonly go?: Readonly<Record<string, number>>;
  readonly ours?: Partial<KinsumerOptions>;
  /** How fast our clients' clock runs. @default {60} */
  readonly speed?: number;
  /** How long a client takes for each record, in real milliseconds. @default {0} */
  readonly workMs?: number;
}

const KEYS = 24;
const BATCH = 10;
const BATCH_INTERVAL_MS = 100;
const POLL_MS = 50;
const STOP_DEADLINE_MS = 20_000;

/** Waits. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A scenario's world. */
export class Scene {
  readonly ledger: Ledger = new Ledger();
  readonly streams: Streams;
  readonly streamName: string;
  readonly errors: string[] = [];
  /** What our clients told of shards that others took. */
  lostShards = 0;
  #observer: Observer | undefined;
  readonly #servers: EmbeddedServers;
  readonly #program: PeerProgram;
  readonly #pace: Pace;
  readonly #ours = new Set<OurClient>();
  readonly #peers = new Set<Peer>();
  #producing: { isStopped: boolean; readonly done: Promise<void> } | undefined;

  constructor(servers: EmbeddedServers, program: PeerProgram, name: string, pace: Pace = {}) {
    this.#servers = servers;
    this.#program = program;
    this.#pace = pace;
    this.streamName = name;
    this.streams = openStreams(servers);
  }

  get observer(): Observer {
    if (this.#observer === undefined) throw new Error("The scene is not open");
    return this.#observer;
  }

  async open(shardCount: number): Promise<void> {
    await this.streams.create(this.streamName, { shardCount });
    await this.#kinsumer("tables").createRequiredTables();
    this.#observer = new Observer(this.#servers, this.streamName);
  }

  /** Starts one of ours. @param id sorts it among Go's UUIDs: `0-…` before all, `z-…` after all */
  async ours(id: string, options: Partial<KinsumerOptions> = {}): Promise<OurClient> {
    const line = { isCut: false };
    const kinsumer = this.#kinsumer(id, line, options);
    await kinsumer.run();
    const done = this.#consume(id, kinsumer);
    const client: OurClient = {
      name: id,
      kinsumer,
      crash: () => {
        line.isCut = true;
        this.#ours.delete(client);
        kinsumer.stop({ deadlineMs: 0 });
      },
      stop: async () => {
        this.#ours.delete(client);
        await kinsumer.stop({ deadlineMs: STOP_DEADLINE_MS * this.#speed });
        await done;
      },
    };
    this.#ours.add(client);
    return client;
  }

  /** Starts a client of the other side. */
  async peer(name: string): Promise<Peer> {
    const flags = {
      stream: this.streamName,
      application: this.streamName,
      kinesis: this.#servers.kinesisEndpoint,
      dynamodb: this.#servers.dynamodbEndpoint,
      region: this.#servers.region,
      ...GO_PACE,
      "work-ms": this.#pace.workMs ?? 0,
      ...this.#pace.go,
    };
    const peer = await startPeer(this.#program, name, flags, {
      onRecord: (payload) => this.ledger.deliver(name, JSON.parse(payload) as Payload),
      onError: (message) => {
        // A server that closes an idle connection just as Go reuses it: Go reports it, and goes on.
        if (!message.includes("send request failed")) this.errors.push(`${name}: ${message}`);
      },
    });
    const client: Peer = {
      name,
      stop: () => this.#end(client, () => peer.stop()),
      kill: async () => {
        this.ledger.killed(name);
        await this.#end(client, () => peer.kill());
      },
    };
    this.#peers.add(client);
    return client;
  }

  /** Puts a number of records at once. */
  async put(count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, index) => {
      const payload = this.ledger.next(`key-${index % KEYS}`);
      return { partitionKey: payload.key, data: JSON.stringify(payload) };
    });
    await this.streams.put(this.streamName, records);
  }

  /** Puts about a hundred records a second, until {@link quiet}. */
  produce(): void {
    const state = { isStopped: false, done: Promise.resolve() };
    const run = async () => {
      while (!state.isStopped) {
        await this.put(BATCH);
        await wait(BATCH_INTERVAL_MS);
      }
    };
    state.done = run();
    this.#producing = state;
  }

  /** Ends the producing. */
  async quiet(): Promise<void> {
    if (this.#producing !== undefined) this.#producing.isStopped = true;
    await this.#producing?.done;
  }

  /** Waits until every record that was put is delivered. @returns whether that came in time */
  async delivered(timeoutMs: number, count?: number): Promise<boolean> {
    const wanted = () => count ?? this.ledger.producedCount;
    return await this.until(timeoutMs, () => this.ledger.deliveredCount >= wanted());
  }

  /** Waits for a condition. @returns whether it came in time */
  async until(timeoutMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs;
    while (performance.now() < untilMs) {
      if (await holds()) return true;
      await wait(POLL_MS);
    }
    return await holds();
  }

  /**
   * Waits until every published shard's owner is the one that `i mod n` names.
   *
   * @param dead names of clients that are gone, but whose row is still there
   */
  async agreed(timeoutMs: number, dead: readonly string[] = []): Promise<boolean> {
    return await this.until(timeoutMs, async () => {
      const { clients, owners } = await this.observer.look();
      const living = clients.filter(({ name }) => !dead.includes(name));
      return owners.size > 0 && [...owners].sort(([a], [b]) => (a < b ? -1 : 1))
        .every(([, owner], index) => owner === living[index % living.length]?.name);
    });
  }

  /** Stops every client of either kind, in order. */
  async stopClients(): Promise<void> {
    await Promise.all([...this.#ours, ...this.#peers].map((client) => client.stop()));
  }

  async close(): Promise<void> {
    await this.quiet();
    await this.stopClients();
    await this.#observer?.stop();
  }

  get #speed(): number {
    return this.#pace.speed ?? SPEED;
  }

  async #end(peer: Peer, action: () => Promise<void>): Promise<void> {
    this.#peers.delete(peer);
    await action();
  }

  #kinsumer(
    clientId: string,
    line = { isCut: false },
    options: Partial<KinsumerOptions> = {},
  ): Kinsumer {
    const { kinesisEndpoint, dynamodbEndpoint, region, credentials } = this.#servers;
    const runtime = fastRuntime(this.#speed);
    const { fetch } = runtime;
    return new Kinsumer({
      streamName: this.streamName,
      applicationName: this.streamName,
      clientId,
      kinesisEndpoint,
      dynamodbEndpoint,
      region,
      credentials,
      ...OUR_PACE,
      ...this.#pace.ours,
      ...options,
      runtime: {
        ...runtime,
        fetch: (url, request) =>
          line.isCut ? Promise.reject(new Error("cut off")) : fetch(url, request),
      },
      onEvent: (event) => {
        const isTaken = event.type === "shard-lost" && event.reason === "taken";
        if (isTaken && !line.isCut) this.lostShards++;
        if (event.type === "failed" && !line.isCut) this.errors.push(`${clientId}: ${event.error}`);
      },
    });
  }

  async #consume(name: string, kinsumer: Kinsumer): Promise<void> {
    for await (const record of kinsumer) {
      this.ledger.deliver(name, record.json() as Payload);
      if (this.#pace.workMs !== undefined) await wait(this.#pace.workMs);
    }
  }
}
