/**
 * Says what a scenario is: the size of the world, how its clients are configured, and what happens
 * to them when.
 *
 * @module
 */

import type { Handling } from "./handling.ts";
import type { RoughPorts } from "./rough_ports.ts";

/** Something that happens. Times are milliseconds from the start. */
export type Action =
  & { readonly atMs: number }
  & (
    | { readonly type: "put"; readonly count: number }
    | { readonly type: "join" }
    | { readonly type: "stop"; readonly which: number }
    | { readonly type: "deploy" }
    | { readonly type: "crash"; readonly which: number }
    | { readonly type: "crash-all" }
    | { readonly type: "pause"; readonly which: number; readonly forMs: number }
    | {
      readonly type: "cut";
      readonly which: number;
      readonly kinesis: boolean;
      readonly dynamodb: boolean;
      readonly forMs: number;
      readonly timeoutMs: number;
    }
    | { readonly type: "lossy"; readonly share: number; readonly forMs: number }
    | { readonly type: "throttle"; readonly share: number; readonly forMs: number }
    | { readonly type: "no-iterator"; readonly share: number; readonly forMs: number }
    | { readonly type: "latency"; readonly ms: number; readonly forMs: number }
    | { readonly type: "clock-jump"; readonly which: number; readonly offsetMs: number }
    | { readonly type: "slow"; readonly which: number; readonly handlerMs: number }
    | { readonly type: "split"; readonly which: number }
    | { readonly type: "merge"; readonly which: number }
    | {
      readonly type: "go-client";
      readonly forMs: number;
      /** How it leaves; `stay`: it is still there when the faults are over. */
      readonly end: "stop" | "kill" | "stay";
      readonly commitIntervalMs: number;
      readonly workMs: number;
    }
    | { readonly type: "no-table"; readonly forMs: number }
    | { readonly type: "no-credentials"; readonly forMs: number }
    | { readonly type: "no-list"; readonly forMs: number }
    | { readonly type: "empty"; readonly share: number; readonly forMs: number }
    | { readonly type: "rough"; readonly ports: RoughPorts; readonly forMs: number }
    | { readonly type: "storm" }
    | { readonly type: "cut-and-join"; readonly which: number; readonly forMs: number }
    | { readonly type: "trim" }
    | ({ readonly type: "visit" } & Visit)
  );

/** A client that is here for one run. */
export interface Visit {
  readonly budgetMs: number;
  readonly maxRequests: number;
  readonly untilCaughtUp: boolean;
  readonly lagMs: number;
  readonly handlerMs: number;
  /** Absent: one record after the other; else so many shards side by side. */
  readonly limit?: number | undefined;
  /** Whether it is a run of the door for isolates. Absent: of the whole library. */
  readonly isAtEdge?: boolean | undefined;
  /** How far its wall clock is off: milliseconds. */
  readonly wallOffsetMs: number;
  /** Absent: it leaves by itself. Else its machine hangs: for ever, or (`forMs`) as an isolate that thaws. */
  readonly hang?: { readonly afterMs: number; readonly forMs?: number | undefined } | undefined;
}

/** A whole scenario. */
export interface Scenario {
  readonly seed: number;
  /** True when nothing in it excuses a record that is delivered twice. */
  readonly isCalm: boolean;
  readonly shardCount: number;
  /** Clients that stay, at the beginning. None: nobody stays, and visits alone do the work. */
  readonly clientCount: number;
  readonly durationMs: number;
  /** How long nothing at all happens at the end. */
  readonly idleMs: number;
  readonly handlerMs: number;
  readonly namesChildShards: boolean;
  readonly iteratorTtlMs: number;
  readonly readsPerSecond: number;
  /** How many bytes a shard gives in a second, and five times as many in one answer; absent: no limit. */
  readonly bytesPerSecond: number | undefined;
  /** What each record stands for: bytes of payload; absent: a few. */
  readonly recordBytes: number | undefined;
  /** Between two looks of the Go clients, if there are any: milliseconds. */
  readonly goCheckIntervalMs: number;
  readonly startAt: "horizon" | "latest";
  readonly options: {
    readonly shardCheckIntervalMs: number;
    readonly clientRecordMaxAgeMs: number;
    readonly commitIntervalMs: number;
    readonly throttleDelayMs: number;
    readonly bufferSize: number;
    readonly maxBufferedBytes: number;
    readonly readLimit: number;
    readonly goShardCheckIntervalMs: number;
  };
  readonly actions: readonly Action[];
  /** Where nobody stays: the visit that comes first, and in the end again and again until all is done. */
  readonly schedule?: Visit | undefined;
  /** Absent: the clients consume in a loop. */
  readonly handling?: Handling | undefined;
}

/** The actions, the earliest first; those of one moment as they came. */
export function inOrder(actions: readonly Action[]): readonly Action[] {
  return [...actions].sort((a, b) => a.atMs - b.atMs);
}
