/**
 * What lies between the clients and the services for a while: loss, throttling, latency, faulty
 * answers.
 *
 * @module
 */

import { KinsumerError } from "../../src/errors.ts";
import type { RecordsAnswer } from "../../src/aws/kinesis.ts";
import type { ChannelOptions, Fate } from "./channel.ts";
import type { ReadRequest } from "./fleet.ts";
import { RoughNetwork, type RoughPorts } from "./rough_ports.ts";
import type { Actor, Stage } from "./stage.ts";

/** A kind of weather. */
export type WeatherKind =
  | "lossy"
  | "throttle"
  | "no-iterator"
  | "empty"
  | "latency"
  | "no-table"
  | "no-list"
  | "no-credentials"
  | "rough";

/** Weather that may cost a client its lease, or the answer to a write. */
const SEVERE: readonly WeatherKind[] = [
  "lossy",
  "latency",
  "no-table",
  "no-credentials",
  "rough",
];
const EMPTY_LAG_MS = 5_000;

const LONGEST_DELAY_MS = 20_000;
/** A client that sends as many at one moment does not wait after a failure. */
const MOST_REQUESTS_AT_ONCE = 2_000;

/** What lies between the clients and the services. */
export class Weather {
  readonly #stage: Stage;
  readonly #windows = new Map<
    WeatherKind,
    { readonly untilMs: number; readonly strength: number }
  >();

  #rough: RoughNetwork | undefined;
  readonly #atOnce = new WeakMap<object, { readonly atMs: number; count: number }>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** @param strength the share of requests that are hit; with latency: milliseconds at the most */
  begin(kind: WeatherKind, window: { readonly untilMs: number; readonly strength: number }): void {
    this.#windows.set(kind, window);
    if (!SEVERE.includes(kind)) return;
    const { actors, visits, world: { account } } = this.#stage;
    for (const { name } of [...actors, ...visits]) account.excuse(name);
  }

  /** Lets requests fail with whatever, hang for a while, and have answers without a shape. */
  beginRough(ports: RoughPorts, untilMs: number): void {
    this.begin("rough", { untilMs, strength: 1 });
    this.#rough = new RoughNetwork(ports, {
      clock: this.#stage.world.clock.clock,
      random: this.#stage.random,
      isOn: () => this.#isOn("rough"),
    });
  }

  /** Whether it may cost a client its lease, or the answer to a write. */
  get isSevere(): boolean {
    return SEVERE.some((kind) => this.#isOn(kind));
  }

  /** Whether so many writes fail that even a client that joins now cannot renew in time. */
  get isRough(): boolean {
    return this.#isOn("rough");
  }

  #isOn(kind: WeatherKind): boolean {
    return (this.#windows.get(kind)?.untilMs ?? 0) > this.#stage.nowMs;
  }

  /** Ends all weather. */
  clear(): void {
    this.#windows.clear();
  }

  /** How one client reaches the services through the weather. */
  channel(actor: Pick<Actor, "name" | "requests">): Omit<ChannelOptions, "clock"> {
    return {
      latencyMs: 1,
      fate: (operation) => this.#fate(operation),
      intercept: (operation) => this.#intercept(actor, operation),
      interceptAnswer: (operation, args, answer) => {
        this.#interceptAnswer(operation);
        return this.#rough?.channel.interceptAnswer?.(operation, args, answer);
      },
    };
  }

  /** How a Go client reaches the stream: reads may throttle. */
  goChannel(): Omit<ChannelOptions, "clock"> {
    return { latencyMs: 1, intercept: (operation) => this.#throttle(operation) };
  }

  /** An answer of GetRecords as it arrives. */
  answer(answer: RecordsAnswer, { shardIterator }: ReadRequest): RecordsAnswer {
    if (this.#hits("empty")) {
      const nothing = { records: [], lagMs: EMPTY_LAG_MS, hasChildShards: false, byteLength: 0 };
      return { ...nothing, nextShardIterator: shardIterator };
    }
    const arrived = this.#hits("no-iterator")
      ? { ...answer, nextShardIterator: undefined }
      : answer;
    return this.#rough === undefined ? arrived : this.#rough.shaped(arrived);
  }

  async #intercept(actor: Pick<Actor, "name" | "requests">, operation: string): Promise<void> {
    actor.requests++;
    if (this.#isTooHot(actor)) await new Promise(() => {});
    const latency = this.#windows.get("latency");
    if (latency !== undefined && latency.untilMs > this.#stage.nowMs) {
      await this.#stage.world.clock.clock.sleep(latency.strength * this.#stage.random.next());
    }
    if (this.#hits("no-credentials")) {
      throw new KinsumerError("CredentialsRejected", "Cannot call: the token has expired");
    }
    if (operation.endsWith("Item") && this.#hits("no-table")) {
      throw new KinsumerError("TableNotFound", "Cannot call: there is no such table");
    }
    if (operation === "ListShards" && this.#hits("no-list")) {
      throw new KinsumerError("AccessDenied", "Cannot list the shards: permission is missing");
    }
    this.#throttle(operation);
    await this.#rough?.channel.intercept?.(operation, undefined);
  }

  /** P8: who asks again and again while no time passes gets no more answers, or it would never end. */
  #isTooHot(actor: { readonly name: string }): boolean {
    const { nowMs, world: { account } } = this.#stage;
    const last = this.#atOnce.get(actor);
    const atOnce = last?.atMs === nowMs ? last : { atMs: nowMs, count: 0 };
    this.#atOnce.set(actor, atOnce);
    if (++atOnce.count === MOST_REQUESTS_AT_ONCE) {
      account.violate("P8", `${actor.name} sent ${atOnce.count} requests at one moment`);
    }
    return atOnce.count >= MOST_REQUESTS_AT_ONCE;
  }

  #throttle(operation: string): void {
    const isRead = operation === "GetRecords" || operation === "GetShardIterator";
    if (isRead && this.#hits("throttle")) {
      throw new KinsumerError("Throttled", "Cannot read: slow down", { retryable: true });
    }
  }

  #fate(operation: string): Fate | undefined {
    if (operation !== "UpdateItem" && operation !== "DeleteItem") return undefined;
    if (!this.#hits("lossy")) return undefined;
    const ms = Math.floor(this.#stage.random.next() * LONGEST_DELAY_MS);
    return { fate: this.#stage.random.next() < 0.5 ? "late" : "twice", ms };
  }

  #interceptAnswer(operation: string): void {
    if (operation === "GetRecords" || !this.#hits("lossy")) return;
    throw new KinsumerError("NetworkFailure", "Cannot tell: no answer", { retryable: true });
  }

  #hits(kind: WeatherKind): boolean {
    const window = this.#windows.get(kind);
    if (window === undefined || window.untilMs <= this.#stage.nowMs) return false;
    return this.#stage.random.next() < window.strength;
  }
}
