/**
 * Documents the options of a run at the edge, checks them, and fills in the defaults: those of the
 * whole library that a run needs, with the same meaning.
 *
 * @module
 */

import { endpointVariable, publicEndpoint } from "../option_places.ts";
import type { KinsumerOptions } from "../options.ts";
import type { ResolvedOptions } from "../resolve_options.ts";
import { wholeNumber } from "../resolve_run_options.ts";
import type { StartPosition } from "../rules/position.ts";
import type { RunOnceOptions } from "../run_options.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";
import { type TableNames, tableNames } from "../tables/schema.ts";
import type { RunTelemetry } from "../telemetry/run_telemetry.ts";

/**
 * What a run at the edge is made from: options of the whole library, with the same meaning, ranges
 * and defaults. Only a stream and the application's name are required; pass `region` and
 * `credentials` where there is no environment.
 */
export interface EdgeOptions extends
  Pick<
    KinsumerOptions,
    | "streamName"
    | "streamArn"
    | "applicationName"
    | "clientId"
    | "clientName"
    | "region"
    | "credentials"
    | "kinesisEndpoint"
    | "dynamodbEndpoint"
    | "onInvalidCheckpoint"
    | "throttleDelayMs"
    | "idleDelayMs"
    | "commitIntervalMs"
    | "shardCheckIntervalMs"
    | "clientRecordMaxAgeMs"
    | "goShardCheckIntervalMs"
    | "maxBufferedBytes"
    | "readLimit"
    | "requestTimeoutMs"
    | "tablePrefix"
    | "tableNames"
    | "onEvent"
    | "logger"
    | "extractContext"
    | "runtime"
    | "kinesis"
    | "tables"
  > {
  /** As in the whole library, but for all shards alike. @default {"horizon"} */
  readonly startAt?: StartPosition | undefined;
  /**
   * Spans and metrics: what `openTelemetry()` of the whole library makes, which brings
   * OpenTelemetry's API with it. @default nothing is recorded, and nothing of it is bundled
   */
  readonly telemetry?: RunTelemetry | undefined;
}

/** What a run at the edge is made from, with every default filled in. */
export interface ResolvedEdgeOptions extends
  Pick<
    ResolvedOptions,
    | "applicationName"
    | "clientId"
    | "clientName"
    | "clientRecordMaxAgeMs"
    | "commitIntervalMs"
    | "credentials"
    | "dynamodbEndpoint"
    | "extractContext"
    | "goShardCheckIntervalMs"
    | "idleDelayMs"
    | "kinesis"
    | "kinesisEndpoint"
    | "logger"
    | "maxBufferedBytes"
    | "onEvent"
    | "onInvalidCheckpoint"
    | "readLimit"
    | "region"
    | "requestTimeoutMs"
    | "runtime"
    | "shardCheckIntervalMs"
    | "streamArn"
    | "streamName"
    | "tableNames"
    | "tables"
    | "throttleDelayMs"
  > {
  readonly startAt: StartPosition;
}

/** How long one run may take, and how much, as in the whole library. */
export type EdgeRunOptions = Omit<RunOnceOptions, "process">;

const HOUR_MS = 3_600_000;

/** Of each number: its default, and the least and the most that it may be. */
const NUMBERS = {
  shardCheckIntervalMs: [1500, 50, 600_000],
  throttleDelayMs: [250, 200, 60_000],
  idleDelayMs: [1000, 200, 60_000],
  commitIntervalMs: [5000, 10, 600_000],
  goShardCheckIntervalMs: [60_000, 200, 3_600_000],
  requestTimeoutMs: [10_000, 100, 300_000],
  maxBufferedBytes: [67_108_864, 1_048_576, 4_294_967_296],
  readLimit: [10_000, 1, 10_000],
} as const;

const NAME = /^[A-Za-z0-9_.-]+$/;
const STREAM_ARN =
  /^arn:aws[a-z0-9-]*:kinesis:([a-z0-9-]+):\d{12}:stream\/([A-Za-z0-9_.-]{1,128})$/;

/**
 * Checks and completes the options.
 *
 * @throws {TypeError} when an option is missing, has the wrong type, or is not known
 * @throws {RangeError} when a value is not allowed
 */
export function resolveEdgeOptions(options: EdgeOptions): ResolvedEdgeOptions {
  const runtime = options.runtime ?? systemRuntime();
  const clientId = textOf(options, "clientId", /^[^]{1,256}$/, runtime.random.uuid());
  const { telemetry: _, ...rest } = options;
  const resolved = {
    ...choicesOf(options, runtime),
    ...numbersOf(options),
    ...placesOf(options, runtime),
    clientId,
    clientName: textOf(options, "clientName", /^[^]{1,256}$/, clientId),
    runtime,
  };
  for (const name of Object.keys(rest)) {
    if (!(name in resolved)) throw new TypeError(`Cannot run once: ${name} is not an option here`);
  }
  return resolved;
}

function numbersOf(options: EdgeOptions) {
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, [fallback, min, max]]) => {
      const value = options[name as keyof typeof NUMBERS] ?? fallback;
      return [name, wholeNumber(name, value, [min, max])];
    }),
  ) as { readonly [name in keyof typeof NUMBERS]: number };
  const beatMs = numbers.shardCheckIntervalMs;
  const name = "clientRecordMaxAgeMs";
  return {
    ...numbers,
    [name]: wholeNumber(name, options[name] ?? 5 * beatMs, [3 * beatMs, HOUR_MS]),
  };
}

/** Where the stream and the tables are, and what they are called. */
function placesOf(options: EdgeOptions, runtime: Runtime) {
  const { streamArn } = options;
  const [, arnRegion, arnName] = STREAM_ARN.exec(streamArn ?? "") ?? [];
  if (streamArn !== undefined && (arnName === undefined || options.streamName !== undefined)) {
    throw refusal("streamArn", "a stream's ARN, without a streamName", streamArn);
  }
  const applicationName = textOf(options, "applicationName", NAME);
  const kinesisEndpoint = options.kinesisEndpoint ?? endpointVariable(runtime, "KINESIS")?.value;
  const dynamodbEndpoint = options.dynamodbEndpoint ?? endpointVariable(runtime, "DYNAMODB")?.value;
  const ports = (options.kinesis ?? kinesisEndpoint) && (options.tables ?? dynamodbEndpoint);
  const near = arnRegion ?? (runtime.env("AWS_REGION") || runtime.env("AWS_DEFAULT_REGION"));
  const region = textOf(options, "region", /^[a-z0-9-]+$/, near ?? (ports && "us-east-1"));
  if (region !== (arnRegion ?? region)) throw refusal("region", "that of streamArn", region);
  const tablePrefix = textOf(options, "tablePrefix", NAME, `${applicationName}_`);
  return {
    streamName: arnName ?? textOf(options, "streamName", NAME),
    streamArn,
    applicationName,
    region,
    tablePrefix,
    tableNames: {
      ...tableNames(applicationName, tablePrefix),
      ...options.tableNames,
    } as TableNames,
    kinesisEndpoint: new URL(kinesisEndpoint ?? publicEndpoint("kinesis", region)).origin,
    dynamodbEndpoint: new URL(dynamodbEndpoint ?? publicEndpoint("dynamodb", region)).origin,
  };
}

/** What is chosen or brought. */
function choicesOf(options: EdgeOptions, runtime: Runtime) {
  const { credentials, extractContext, kinesis, logger, onEvent, tables = {} } = options;
  const { onInvalidCheckpoint = "fail", startAt = "horizon" } = options;
  if (!["fail", "horizon", "latest"].includes(onInvalidCheckpoint)) {
    throw refusal("onInvalidCheckpoint", '"fail", "horizon" or "latest"', onInvalidCheckpoint);
  }
  const isMoment = startAt instanceof Date && startAt.getTime() <= runtime.clock.nowMs();
  if (!isMoment && startAt !== "horizon" && startAt !== "latest") {
    throw refusal("startAt", '"horizon", "latest" or a Date that is not in the future', startAt);
  }
  if (onEvent !== undefined && typeof onEvent !== "function") {
    throw refusal("onEvent", "a function", onEvent);
  }
  return {
    credentials,
    extractContext,
    kinesis,
    logger,
    onEvent,
    tables,
    onInvalidCheckpoint,
    startAt,
  };
}

function textOf(
  options: EdgeOptions,
  name: keyof EdgeOptions,
  pattern: RegExp,
  fallback?: string,
): string {
  const value = options[name] ?? fallback;
  if (typeof value === "string" && pattern.test(value) && value.length <= 256) return value;
  throw refusal(name, `a string like ${pattern}`, value);
}

/** Misuse, in words; a value that may be an object is not shown. */
function refusal(name: string, allowed: string, value: unknown): Error {
  const isPlain = ["string", "number"].includes(typeof value);
  const given = isPlain ? JSON.stringify(value) : typeof value;
  const problem = `Cannot run once: ${name} must be ${allowed}, got ${given}`;
  return isPlain ? new RangeError(problem) : new TypeError(problem);
}
