/**
 * Decides what `doctor` says about what it found. Pure: findings in, verdicts out.
 *
 * @module
 */

/** What became of one check. */
export interface CheckResult {
  /** For example `kinesis:GetRecords`. */
  readonly name: string;
  readonly state: "ok" | "warning" | "failed" | "unknown";
  readonly words: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
}

/** More than this, and a signature may be refused. */
const MAX_SKEW_MS = 60_000;

/** @param offsetMs the service's clock minus ours */
export function judgeClock(offsetMs: number | undefined): CheckResult {
  const name = "clock";
  if (offsetMs === undefined) {
    return { name, state: "unknown", words: "no service answered with a date" };
  }
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  if (Math.abs(offsetMs) < 2_000) return { name, state: "ok", words: "agrees with the service's" };
  const words = `is ${seconds} s ${offsetMs > 0 ? "behind" : "ahead of"} the service's`;
  if (Math.abs(offsetMs) <= MAX_SKEW_MS) return { name, state: "ok", words };
  const advice = "synchronize it (NTP); clients correct their signatures by themselves";
  return { name, state: "warning", words, advice };
}

/** What the stream says of itself, as far as it is judged. */
export interface StreamFindings {
  readonly streamName: string;
  readonly status: string;
  readonly openShardCount: number;
  readonly retentionHours: number | undefined;
  readonly consumerCount: number;
  readonly mode: string | undefined;
  readonly encryption: string | undefined;
}

/** Looks at the stream's state. */
export function judgeStream(stream: StreamFindings): CheckResult {
  const facts = [
    `${stream.openShardCount} open shard${stream.openShardCount === 1 ? "" : "s"}`,
    ...(stream.retentionHours === undefined ? [] : [`keeps ${stream.retentionHours} h`]),
    ...(stream.mode === undefined ? [] : [stream.mode.toLowerCase().replaceAll("_", "-")]),
    ...(stream.encryption === undefined || stream.encryption === "NONE"
      ? []
      : [`encrypted by ${stream.encryption}`]),
  ];
  const name = "stream";
  const words = `"${stream.streamName}" is ${stream.status}: ${facts.join(", ")}`;
  const isReadable = ["ACTIVE", "UPDATING"].includes(stream.status);
  if (!isReadable) return { name, state: "failed", words, advice: "wait until it is ACTIVE" };
  if (stream.encryption === "KMS") {
    const advice = "with a key of your own, clients need kms:Decrypt on it as well";
    return { name, state: "ok", words, advice };
  }
  return { name, state: "ok", words };
}

/** What a table says of itself, as far as it is judged. */
export interface TableFindings {
  readonly tableName: string;
  readonly wantedKey: string;
  /** Absent: there is no such table. */
  readonly found?: {
    readonly status: string;
    readonly keys: readonly { readonly name: string; readonly type: string }[];
    readonly writeUnits: number;
  } | undefined;
}

/** Looks at a table's state and key. */
export function judgeTable({ tableName, wantedKey, found }: TableFindings): CheckResult {
  const name = "table";
  if (found === undefined) {
    const advice = "kinsumer tables create, or createRequiredTables()";
    return { name, state: "failed", words: `"${tableName}" does not exist`, advice };
  }
  const keys = found.keys.map((key) => `${key.name} (${key.type})`).join(", ");
  if (keys !== `${wantedKey} (S)`) {
    const words = `"${tableName}" has the key ${keys}, and needs ${wantedKey} (S)`;
    return { name, state: "failed", words, advice: "delete it, and make it anew" };
  }
  if (!["ACTIVE", "UPDATING"].includes(found.status)) {
    const words = `"${tableName}" is ${found.status}`;
    return { name, state: "failed", words, advice: "wait until it is ACTIVE" };
  }
  const capacity = found.writeUnits === 0 ? "on-demand" : `${found.writeUnits} write units`;
  const words = `"${tableName}" is ${found.status}, ${capacity}`;
  return { name, state: "ok", words };
}

/**
 * What DynamoDB must take, at the defaults: a beat each 1.5 s a client, a checkpoint a second and
 * busy shard.
 */
export function judgeCapacity(facts: {
  readonly tableName: string;
  readonly openShardCount: number;
  readonly writeUnits: number;
}): CheckResult | undefined {
  const { tableName, openShardCount, writeUnits } = facts;
  if (writeUnits === 0 || writeUnits >= openShardCount) return undefined;
  return {
    name: "capacity",
    state: "warning",
    words:
      `"${tableName}" has ${writeUnits} write units for ${openShardCount} open shards, each of ` +
      "which may write once a second",
    advice: "make it on-demand, or raise commitIntervalMs",
  };
}

/** @param applications how many read the stream */
export function judgeThrottleDelay(facts: {
  readonly applications: number;
  readonly throttledShardIds: readonly string[];
}): CheckResult {
  const { applications, throttledShardIds } = facts;
  const wanted = 50 + 200 * applications;
  const who = applications === 1 ? "one application" : `${applications} applications`;
  const name = "throttleDelayMs";
  if (throttledShardIds.length > 0) {
    return {
      name,
      state: "warning",
      words: `a read was throttled on ${throttledShardIds.length} shards: somebody reads too often`,
      advice: `with ${who} set throttleDelayMs to ${wanted} or more in each`,
    };
  }
  const words = `with ${who}: ${wanted} or more in each${
    applications === 1 ? ", which is the default" : ""
  }`;
  return { name, state: "ok", words };
}

/** A statement of a policy that allows what is missing. */
export function policyFor(
  missing: readonly { readonly action: string; readonly resource: string }[],
): unknown {
  const byResource = new Map<string, string[]>();
  for (const { action, resource } of missing) {
    byResource.set(resource, [...(byResource.get(resource) ?? []), action]);
  }
  return {
    Version: "2012-10-17",
    Statement: [...byResource].map(([resource, actions]) => ({
      Effect: "Allow",
      Action: [...new Set(actions)].sort(),
      Resource: resource,
    })),
  };
}
