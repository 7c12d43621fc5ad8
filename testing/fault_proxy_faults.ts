/**
 * Decides which faults strike which request: by service, operation, shard, client, count, time and
 * probability.
 *
 * @module
 */

import type { Random } from "../src/runtime.ts";
import type { ProxiedRequest } from "./fault_proxy_request.ts";

/** Which requests a fault strikes. What is absent does not narrow it. */
export interface FaultScope {
  /** Requests to this service only. */
  readonly service?: "kinesis" | "dynamodb" | undefined;
  /** For example `GetRecords`. */
  readonly operation?: string | readonly string[] | undefined;
  /** Requests that name this shard only. */
  readonly shardId?: string | undefined;
  /** The access key ID that the client signs with. */
  readonly client?: string | undefined;
  /** Ends after so many hits. */
  readonly times?: number | undefined;
  /** From 0 to 1, drawn from the proxy's seed for each request. @default {1} */
  readonly probability?: number | undefined;
  /** Ends so many milliseconds after it was added. */
  readonly forMs?: number | undefined;
}

/** What goes wrong. */
export type FaultEffect =
  /** HTTP 400 `ProvisionedThroughputExceededException`. */
  | { readonly kind: "throttle" }
  /** HTTP 500 `InternalFailure`. */
  | { readonly kind: "server-error" }
  /** The request waits, up to `jitterMs` longer by chance. */
  | { readonly kind: "latency"; readonly delayMs: number; readonly jitterMs?: number | undefined }
  /** No answer ever, or until the proxy stops; with `isApplied` the server has done it. */
  | { readonly kind: "hang"; readonly isApplied?: boolean | undefined }
  /** The connection is cut; with `isApplied` the server has done it. */
  | { readonly kind: "drop"; readonly isApplied?: boolean | undefined }
  /** `GetRecords` is refused with `ExpiredIteratorException`. */
  | { readonly kind: "expired-iterator" }
  /** `GetRecords` is answered with a `NextShardIterator` of `null`. */
  | { readonly kind: "false-shard-end" }
  /** `ListShards` is answered in pages; a token dies after `tokenTtlMs` (300,000). */
  | {
    readonly kind: "paged-list";
    readonly pageSize: number;
    readonly tokenTtlMs?: number | undefined;
  }
  /** The server's clock is so much later: signatures of another time are refused. */
  | { readonly kind: "clock-skew"; readonly skewMs: number }
  /** HTTP 400 `ExpiredTokenException`. */
  | { readonly kind: "expired-credentials" };

/** What goes wrong, and for whom. */
export type Fault = FaultScope & FaultEffect;

/** The name of a fault. */
export type FaultKind = FaultEffect["kind"];

/** A request that a fault struck. */
export interface StruckRequest {
  /** What struck it. */
  readonly kind: FaultKind;
  /** The service that it went to. */
  readonly service: "kinesis" | "dynamodb";
  /** For example `GetRecords`. */
  readonly operation: string;
  /** The shard that it was about, as far as it told. */
  readonly shardId: string | undefined;
  /** The access key ID that it was signed with. */
  readonly client: string;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** A fault that was added. */
export interface FaultHandle {
  /** How many requests it struck. */
  readonly hits: number;
  /** Resolves once it has struck so many requests. */
  untilHit(times: number): Promise<void>;
  /** Ends it. May be repeated. */
  remove(): void;
}

/** So many struck requests are remembered, the oldest forgotten first. */
const MAX_STRUCK = 1_000;

/** The faults of one proxy. */
export class Faults {
  readonly #random: Random;
  readonly #active = new Set<ActiveFault>();
  readonly #hits: { [kind in FaultKind]?: number } = {};
  readonly #struck: StruckRequest[] = [];

  /** @param random decides about probabilities */
  constructor(random: Random) {
    this.#random = random;
  }

  /** How many requests were struck, by kind. */
  get hits(): Readonly<{ [kind in FaultKind]?: number }> {
    return { ...this.#hits };
  }

  /** The last thousand requests that were struck, in order. */
  get struck(): readonly StruckRequest[] {
    return [...this.#struck];
  }

  /**
   * Adds a fault; it strikes from now on.
   *
   * @throws {RangeError} when the probability, the count or the time is none
   */
  add(fault: Fault): FaultHandle {
    assertSensible(fault);
    const active = new ActiveFault(fault);
    this.#active.add(active);
    return {
      get hits() {
        return active.hits;
      },
      untilHit: (times) => active.untilHit(times),
      remove: () => void this.#active.delete(active),
    };
  }

  /** Ends every fault. */
  clear(): void {
    this.#active.clear();
  }

  /** The first fault of this kind that strikes the request, counted as a hit. */
  strike<Kind extends FaultKind>(
    kind: Kind,
    request: ProxiedRequest,
    isMeant: (fault: Extract<Fault, { kind: Kind }>) => boolean = () => true,
  ): Extract<Fault, { kind: Kind }> | undefined {
    for (const active of this.#active) {
      if (active.isOver) this.#active.delete(active);
      else if (active.fault.kind === kind && active.isAbout(request)) {
        const fault = active.fault as Extract<Fault, { kind: Kind }>;
        if (!isMeant(fault) || !this.#draws(fault)) continue;
        active.hit();
        this.#remember(kind, request);
        this.#hits[kind] = (this.#hits[kind] ?? 0) + 1;
        return fault;
      }
    }
    return undefined;
  }

  /** How long a request waits: milliseconds. */
  delayMs(request: ProxiedRequest): number {
    const fault = this.strike("latency", request);
    return fault === undefined ? 0 : fault.delayMs + (fault.jitterMs ?? 0) * this.#random.next();
  }

  #remember(kind: FaultKind, request: ProxiedRequest): void {
    const { service, operation, shardId, client } = request;
    this.#struck.push({ kind, service, operation, shardId, client, atMs: Date.now() });
    if (this.#struck.length > MAX_STRUCK) this.#struck.shift();
  }

  #draws({ probability = 1 }: FaultScope): boolean {
    return probability >= 1 || this.#random.next() < probability;
  }
}

class ActiveFault {
  readonly fault: Fault;
  hits = 0;
  readonly #waiting = new Set<{ readonly times: number; readonly resolve: () => void }>();
  readonly #addedAtMs = performance.now();

  constructor(fault: Fault) {
    this.fault = fault;
  }

  hit(): void {
    this.hits++;
    for (const waiting of this.#waiting) {
      if (this.hits < waiting.times) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  untilHit(times: number): Promise<void> {
    if (this.hits >= times) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add({ times, resolve }));
  }

  get isOver(): boolean {
    const { times = Infinity, forMs = Infinity } = this.fault;
    return this.hits >= times || performance.now() - this.#addedAtMs >= forMs;
  }

  isAbout(request: ProxiedRequest): boolean {
    const { service, operation, shardId, client } = this.fault;
    const operations = typeof operation === "string" ? [operation] : operation;
    return (service === undefined || service === request.service) &&
      (operations === undefined || operations.includes(request.operation)) &&
      (shardId === undefined || shardId === request.shardId) &&
      (client === undefined || client === request.client);
  }
}

function assertSensible({ probability = 1, times = 1, forMs = 1 }: FaultScope): void {
  if (!(probability > 0 && probability <= 1)) {
    throw new RangeError(`Cannot add a fault: the probability is ${probability}`);
  }
  if (!(times >= 1)) throw new RangeError(`Cannot add a fault: times is ${times}`);
  if (!(forMs > 0)) throw new RangeError(`Cannot add a fault: forMs is ${forMs}`);
}
