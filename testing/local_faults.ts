/**
 * The faults that a test can order: a method each, over the proxy that stands before both servers.
 *
 * @module
 */

import { systemRuntime } from "../src/runtime.ts";
import type {
  FaultEffect,
  FaultHandle,
  Faults,
  FaultScope,
  StruckRequest,
} from "./fault_proxy_faults.ts";
import { LocalKinesisError } from "./local_error.ts";

/** Whether the server has done what was asked when the answer is lost. */
export interface LostAnswer {
  /** `before`: the server never sees the request; `after`: it has done it. @default {"before"} */
  readonly when?: "before" | "after" | undefined;
}

/** A fault that strikes until it is over, removed, or cleared. */
export interface LocalFault {
  /** How many requests it has struck. */
  readonly hits: number;
  /**
   * Waits until it has struck.
   *
   * @param times at least 1 @default {1}
   * @param options.withinMs milliseconds @default {15000}
   * @throws {LocalKinesisError} `FaultTimeout` when it has not struck so often in time
   */
  hit(times?: number, options?: { readonly withinMs?: number | undefined }): Promise<void>;
  /** Ends it. May be repeated. */
  remove(): void;
}

/**
 * Orders faults. Each strikes the requests that its scope names; without a scope, every request it
 * can mean. Where two of a kind fit, the one that was ordered first strikes.
 *
 * The methods of the local Kinesis itself go past the proxy, and are never struck.
 */
export interface LocalFaults {
  /** HTTP 400 `ProvisionedThroughputExceededException`. */
  throttle(scope?: FaultScope): LocalFault;
  /** HTTP 500 `InternalFailure`. */
  serverError(scope?: FaultScope): LocalFault;
  /** `GetRecords` is refused with `ExpiredIteratorException`. */
  expireIterators(scope?: FaultScope): LocalFault;
  /** HTTP 400 `ExpiredTokenException`. */
  expireCredentials(scope?: FaultScope): LocalFault;
  /**
   * Requests wait.
   *
   * @param fault.delayMs milliseconds
   * @param fault.jitterMs up to so many milliseconds more, by chance @default {0}
   */
  latency(
    fault: FaultScope & { readonly delayMs: number; readonly jitterMs?: number | undefined },
  ): LocalFault;
  /** No answer ever. */
  hang(fault?: FaultScope & LostAnswer): LocalFault;
  /** The connection is cut. */
  drop(fault?: FaultScope & LostAnswer): LocalFault;
  /** `GetRecords` answers with records, and a `NextShardIterator` of `null`, as if the shard had ended. */
  falseShardEnd(scope?: FaultScope): LocalFault;
  /**
   * `ListShards` answers in pages.
   *
   * @param fault.pageSize shards a page, at least 1
   * @param fault.tokenTtlMs milliseconds until a `NextToken` expires @default {300000}
   */
  pageListShards(
    fault: FaultScope & { readonly pageSize: number; readonly tokenTtlMs?: number | undefined },
  ): LocalFault;
  /**
   * The service has another time: requests signed more than five minutes from it are refused with
   * `InvalidSignatureException` and the service's time in the `Date` header.
   *
   * @param fault.skewMs how many milliseconds later it is there; negative: earlier
   */
  clockSkew(fault: FaultScope & { readonly skewMs: number }): LocalFault;
  /** Cuts the open connections of one client (its access key ID), or all, once. */
  cutConnections(client?: string): void;
  /** Ends every fault. */
  clear(): void;
  /** The requests that were struck, in order: the last thousand. */
  readonly struck: readonly StruckRequest[];
}

const SCOPE = ["service", "operation", "shardId", "client", "times", "probability", "forMs"];
const HIT_TIMEOUT_MS = 15_000;

/** Makes the faults of a proxy. */
export function createLocalFaults(
  proxy: { readonly faults: Faults; cut(client?: string): void },
): LocalFaults {
  const { faults } = proxy;
  const order = (method: string, effect: FaultEffect, given: object = {}): LocalFault => {
    assertKnown(method, given, SCOPE);
    return toLocalFault(method, faults.add({ ...given as FaultScope, ...effect }));
  };
  const lost = (kind: "hang" | "drop", fault: FaultScope & LostAnswer = {}): LocalFault => {
    const { when = "before", ...scope } = fault;
    if (when !== "before" && when !== "after") {
      throw new RangeError(`Cannot order ${kind}: when must be "before" or "after", got "${when}"`);
    }
    return order(kind, { kind, isApplied: when === "after" }, scope);
  };
  return {
    throttle: (scope) => order("throttle", { kind: "throttle" }, scope),
    serverError: (scope) => order("serverError", { kind: "server-error" }, scope),
    expireIterators: (scope) => order("expireIterators", { kind: "expired-iterator" }, scope),
    expireCredentials: (scope) =>
      order("expireCredentials", { kind: "expired-credentials" }, scope),
    falseShardEnd: (scope) => order("falseShardEnd", { kind: "false-shard-end" }, scope),
    hang: (fault) => lost("hang", fault),
    drop: (fault) => lost("drop", fault),
    latency: ({ delayMs, jitterMs, ...scope }) => {
      assertNumber("latency", { delayMs }, 0);
      if (jitterMs !== undefined) assertNumber("latency", { jitterMs }, 0);
      return order("latency", { kind: "latency", delayMs, jitterMs }, scope);
    },
    pageListShards: ({ pageSize, tokenTtlMs, ...scope }) => {
      assertNumber("pageListShards", { pageSize }, 1);
      if (tokenTtlMs !== undefined) assertNumber("pageListShards", { tokenTtlMs }, 0);
      return order("pageListShards", { kind: "paged-list", pageSize, tokenTtlMs }, scope);
    },
    clockSkew: ({ skewMs, ...scope }) => {
      assertNumber("clockSkew", { skewMs }, -Infinity);
      return order("clockSkew", { kind: "clock-skew", skewMs }, scope);
    },
    cutConnections: (client) => proxy.cut(client),
    clear: () => faults.clear(),
    get struck() {
      return faults.struck;
    },
  };
}

function toLocalFault(method: string, handle: FaultHandle): LocalFault {
  return {
    get hits() {
      return handle.hits;
    },
    remove: () => handle.remove(),
    hit: async (times = 1, { withinMs = HIT_TIMEOUT_MS } = {}) => {
      assertNumber(`${method} hit`, { times }, 1);
      const inTime = new AbortController();
      const hit = handle.untilHit(times).then(() => true);
      const late = systemRuntime().clock.sleep(withinMs, inTime.signal).then(() => false);
      const isHit = await Promise.race([hit, late]);
      inTime.abort();
      if (isHit) return;
      throw new LocalKinesisError(
        "FaultTimeout",
        `The fault ${method} struck ${handle.hits} of ${times} times within ${withinMs} ms`,
      );
    },
  };
}

function assertKnown(method: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new TypeError(`Cannot order ${method}: "${name}" is not one of ${known.join(", ")}`);
  }
}

/** @param named one number by its name */
function assertNumber(method: string, named: Readonly<Record<string, unknown>>, min: number): void {
  for (const [name, value] of Object.entries(named)) {
    const problem = `Cannot order ${method}: ${name} must be a number${
      min === -Infinity ? "" : ` from ${min}`
    }, got ${String(value)}`;
    if (typeof value !== "number") throw new TypeError(problem);
    if (!Number.isFinite(value) || value < min) throw new RangeError(problem);
  }
}
