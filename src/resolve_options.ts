/**
 * Checks a consumer's options and fills in the defaults, once; everything behind it may rely on
 * them. All problems are reported together.
 *
 * @module
 */

import type { KinsumerOptions } from "./options.ts";
import { Checker, NAME, REGION } from "./option_checker.ts";
import {
  checkCoordination,
  checkCredentials,
  checkRuntime,
  checkShared,
  type Coordination,
} from "./option_parts.ts";
import {
  arnRegionOf,
  checkArnRegion,
  checkStartAt,
  checkStream,
  endpointVariable,
  publicEndpoint,
} from "./option_places.ts";
import { checkCapacity, checkTableNames, checkTables, checkTags } from "./option_tables.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";
import type { TableNames } from "./tables/schema.ts";

type Optional =
  | "streamArn"
  | "shared"
  | "coordination"
  | "tableTags"
  | "credentials"
  | "tableCapacity"
  | "onEvent"
  | "logger"
  | "statsReceiver"
  | "extractContext"
  | "kinesis";

/** {@linkcode KinsumerOptions} with every default filled in. Frozen. */
export type ResolvedOptions =
  & {
    readonly [name in Exclude<keyof KinsumerOptions, Optional | "tableNames">]-?: NonNullable<
      KinsumerOptions[name]
    >;
  }
  & { readonly tableNames: TableNames }
  & Readonly<Pick<KinsumerOptions, Exclude<Optional, "coordination">>>
  & { readonly coordination: Coordination | undefined };

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const MIB = 1_048_576;

/**
 * Checks and completes the options.
 *
 * @throws {TypeError} when an option is missing, has the wrong type, or is not known
 * @throws {RangeError} when every type is right but a value is not allowed
 */
export function resolveOptions(options: KinsumerOptions): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot create a Kinsumer: options must be an object, got ${typeof options}`,
    );
  }
  const check = new Checker(options as unknown as Record<string, unknown>);
  const runtime = checkRuntime(check) ?? systemRuntime();
  const resolved = {
    ...names(check, runtime),
    ...endpoints(check, runtime),
    ...intervals(check),
    ...limits(check),
    ...choices(check, runtime),
    ...ports(check),
    runtime,
  };
  check.finish();
  return Object.freeze(resolved);
}

function names(check: Checker, runtime: Runtime) {
  const applicationName = check.text("applicationName", { max: 200, pattern: NAME });
  const clientId = check.text("clientId", { max: 256, fallback: () => runtime.random.uuid() });
  return {
    ...checkStream(check),
    applicationName,
    ...checkTableNames(check, applicationName),
    clientId,
    clientName: check.text("clientName", { max: 256, fallback: () => clientId || "unknown" }),
  };
}

function endpoints(check: Checker, runtime: Runtime) {
  const kinesis = endpointVariable(runtime, "KINESIS");
  const dynamodb = endpointVariable(runtime, "DYNAMODB");
  const isLocal = (check.has("kinesisEndpoint") || check.has("kinesis") || kinesis !== undefined) &&
    (check.has("dynamodbEndpoint") || check.has("tables") || dynamodb !== undefined);
  const region = check.text("region", {
    max: 64,
    pattern: REGION,
    fallback: () =>
      arnRegionOf(check) || runtime.env("AWS_REGION") || runtime.env("AWS_DEFAULT_REGION") ||
      (isLocal ? "us-east-1" : undefined),
    instead: ', or the environment variable "AWS_REGION"',
  });
  checkArnRegion(check, region);
  return {
    region,
    kinesisEndpoint: check.url("kinesisEndpoint", publicEndpoint("kinesis", region), kinesis),
    dynamodbEndpoint: check.url("dynamodbEndpoint", publicEndpoint("dynamodb", region), dynamodb),
  };
}

function intervals(check: Checker) {
  const shardCheckIntervalMs = check.number("shardCheckIntervalMs", 1500, [50, 10 * MINUTE_MS]);
  return {
    shardCheckIntervalMs,
    throttleDelayMs: check.number("throttleDelayMs", 250, [200, MINUTE_MS]),
    idleDelayMs: check.number("idleDelayMs", 1000, [200, MINUTE_MS]),
    commitIntervalMs: check.number("commitIntervalMs", 5000, [10, 10 * MINUTE_MS]),
    leaderActionIntervalMs: check.number(
      "leaderActionIntervalMs",
      Math.max(6000, shardCheckIntervalMs),
      [shardCheckIntervalMs, HOUR_MS],
    ),
    clientRecordMaxAgeMs: check.number(
      "clientRecordMaxAgeMs",
      5 * shardCheckIntervalMs,
      [3 * shardCheckIntervalMs, HOUR_MS],
    ),
    goShardCheckIntervalMs: check.number("goShardCheckIntervalMs", MINUTE_MS, [200, HOUR_MS]),
    drainTimeoutMs: check.number("drainTimeoutMs", 30_000, [0, HOUR_MS]),
    stalledAfterMs: check.number("stalledAfterMs", MINUTE_MS, [1000, 24 * HOUR_MS]),
    requestTimeoutMs: check.number("requestTimeoutMs", 10_000, [100, 5 * MINUTE_MS]),
    tableWaiterDelayMs: check.number("tableWaiterDelayMs", 1000, [10, MINUTE_MS]),
  };
}

function limits(check: Checker) {
  return {
    bufferSize: check.number("bufferSize", 20_000, [1, 1_000_000]),
    maxBufferedBytes: check.number("maxBufferedBytes", 64 * MIB, [MIB, 4096 * MIB]),
    readLimit: check.number("readLimit", 10_000, [1, 10_000]),
    tableCapacity: checkCapacity(check),
    tableTags: checkTags(check),
    deletionProtection: check.flag("deletionProtection"),
    pointInTimeRecovery: check.flag("pointInTimeRecovery"),
  };
}

function choices(check: Checker, runtime: Runtime) {
  return {
    acknowledge: check.choice("acknowledge", ["auto", "manual"]),
    wire: check.choice("wire", ["cbor", "json"]),
    startAt: checkStartAt(check, runtime.clock.nowMs()),
    onInvalidCheckpoint: check.choice("onInvalidCheckpoint", ["fail", "horizon", "latest"]),
  };
}

function ports(check: Checker) {
  return {
    shared: checkShared(check),
    coordination: checkCoordination(check),
    credentials: checkCredentials(check),
    onEvent: check.callable("onEvent"),
    extractContext: check.callable("extractContext"),
    logger: check.methods("logger", ["debug", "info", "warn", "error"]),
    statsReceiver: check.methods("statsReceiver", [
      "checkpoint",
      "eventToClient",
      "eventsFromKinesis",
    ]),
    kinesis: check.methods("kinesis", [
      "listShards",
      "getShardIterator",
      "getRecords",
      "describeStream",
    ]),
    tables: checkTables(check),
  };
}
