/**
 * Decides whether a client is healthy, for whoever watches it from outside.
 *
 * @module
 */

/** Where a client's life stands. */
export type ClientState = "new" | "starting" | "running" | "stopping" | "stopped";

/** Why a client is not healthy. */
export type HealthCode =
  /** `run()` was not called, or is under way. */
  | "not-running"
  /** It stopped, by itself or because it was told to: it consumes nothing any more. */
  | "stopped"
  /** It could not beat for so long that the fleet may take it for dead. */
  | "lease-expired"
  /** Its last heartbeat is older than half of its time to live. */
  | "heartbeat-late"
  /** A shard stands still because a handler failed and the policy is `pauseShard`. */
  | "shard-paused"
  /** A shard stands still; `waitingFor` says why. */
  | "shard-stalled"
  /** A shard cannot be read until somebody does something about it. */
  | "shard-refused";

/** One reason. */
export interface HealthReason {
  /** What is wrong, for programs. */
  readonly code: HealthCode;
  /** The shard that it concerns; null: the client. */
  readonly shardId: string | null;
}

/** `degraded`: it consumes, but not all or not for long; `failed`: it consumes nothing. */
export interface Health {
  /** The verdict. */
  readonly status: "healthy" | "degraded" | "failed";
  /** Empty where it is healthy. */
  readonly reasons: readonly HealthReason[];
}

/** What the verdict is made of. */
export interface HealthFacts {
  readonly state: ClientState;
  readonly isLeaseValid: boolean;
  /** Absent before the first. */
  readonly heartbeatAgeMs: number | undefined;
  readonly maxAgeMs: number;
  readonly shards: readonly {
    readonly shardId: string;
    readonly isPaused: boolean;
    readonly isStalled: boolean;
    readonly isRefused: boolean;
  }[];
}

/** The verdict, with its reasons. */
export function judgeHealth(facts: HealthFacts): Health {
  const { state, shards } = facts;
  const client = clientReason(facts);
  const reasons: HealthReason[] = client === undefined ? [] : [{ code: client, shardId: null }];
  for (const { shardId, isPaused, isRefused, isStalled } of shards) {
    if (isPaused) reasons.push({ code: "shard-paused", shardId });
    if (isStalled) reasons.push({ code: "shard-stalled", shardId });
    if (isRefused) reasons.push({ code: "shard-refused", shardId });
  }
  const isFailed = state === "stopped" || client === "lease-expired";
  const status = isFailed ? "failed" : reasons.length > 0 ? "degraded" : "healthy";
  return { status, reasons };
}

function clientReason(
  { state, isLeaseValid, heartbeatAgeMs = Infinity, maxAgeMs }: HealthFacts,
): HealthCode | undefined {
  if (state === "new" || state === "starting") return "not-running";
  if (state === "stopped") return "stopped";
  if (!isLeaseValid) return "lease-expired";
  return heartbeatAgeMs > maxAgeMs / 2 ? "heartbeat-late" : undefined;
}
