/**
 * Checks one option at a time and collects what is wrong: each problem names the option, its value
 * and what is allowed. Values of credentials are never shown.
 *
 * @module
 */

import type { KinsumerOptions } from "./options.ts";
import type { ShardStart, ShardStarts, StartAt, StartPosition } from "./rules/position.ts";
import type { Runtime } from "./runtime.ts";
import { type TableNames, tableNames } from "./tables/schema.ts";

/** What AWS allows in the name of a stream or a table. */
export const NAME: Rule = { pattern: /^[A-Za-z0-9_.-]+$/, words: "letters, digits and _ . -" };
/** What a region's name looks like. */
export const REGION: Rule = { pattern: /^[a-z0-9-]+$/, words: "lower-case letters, digits and -" };

const START = '"horizon", "latest" or a Date that is not in the future';
const STARTS = `${START}, or an object of these by shard ID and for "others"`;
const SHARD_ID = /^shardId-[A-Za-z0-9_.-]{1,120}$/;

const STREAM_ARN: Rule = {
  pattern: /^arn:aws[a-z0-9-]*:kinesis:[a-z0-9-]+:\d{12}:stream\/[A-Za-z0-9_.-]{1,128}$/,
  words: 'characters like "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"',
};

interface Rule {
  readonly pattern: RegExp;
  readonly words: string;
}

const KNOWN: { readonly [option in keyof Required<KinsumerOptions>]: true } = {
  streamName: true,
  streamArn: true,
  applicationName: true,
  clientName: true,
  clientId: true,
  region: true,
  credentials: true,
  kinesisEndpoint: true,
  dynamodbEndpoint: true,
  startAt: true,
  onInvalidCheckpoint: true,
  acknowledge: true,
  throttleDelayMs: true,
  idleDelayMs: true,
  commitIntervalMs: true,
  shardCheckIntervalMs: true,
  leaderActionIntervalMs: true,
  clientRecordMaxAgeMs: true,
  goShardCheckIntervalMs: true,
  drainTimeoutMs: true,
  stalledAfterMs: true,
  bufferSize: true,
  maxBufferedBytes: true,
  readLimit: true,
  wire: true,
  requestTimeoutMs: true,
  tablePrefix: true,
  tableNames: true,
  tableTags: true,
  deletionProtection: true,
  pointInTimeRecovery: true,
  tableCapacity: true,
  tableWaiterDelayMs: true,
  onEvent: true,
  logger: true,
  statsReceiver: true,
  extractContext: true,
  coordination: true,
  shared: true,
  runtime: true,
  kinesis: true,
  tables: true,
};

/** The option `coordination`, completed. */
export type Coordination = Required<NonNullable<KinsumerOptions["coordination"]>> & {
  readonly adopt: boolean;
  readonly intervalMs: number;
};

/** Checks the options of one consumer. Every method returns a usable value, whatever it found. */
export class Checker {
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #problems: string[] = [];
  #hasTypeProblem = false;

  constructor(options: Readonly<Record<string, unknown>>) {
    this.#options = options;
    for (const name of Object.keys(options)) {
      if (!Object.hasOwn(KNOWN, name)) this.#type(`${name} is not an option`);
    }
  }

  /** Whether the option is given. */
  has(name: keyof KinsumerOptions): boolean {
    return this.#options[name] !== undefined;
  }

  text(
    name: keyof KinsumerOptions,
    allowed: {
      readonly max: number;
      readonly pattern?: Rule;
      readonly fallback?: () => string | undefined;
    },
  ): string {
    const value = this.#options[name] ?? allowed.fallback?.();
    const what = `a string of 1 to ${allowed.max} ${allowed.pattern?.words ?? "characters"}`;
    if (value === undefined) this.#type(`${name} is required: ${what}`);
    else if (typeof value !== "string") this.#type(`${name} must be ${what}, got ${show(value)}`);
    else if (
      value.length < 1 || value.length > allowed.max ||
      allowed.pattern?.pattern.test(value) === false
    ) this.#range(`${name} must be ${what}, got ${show(value)}`);
    else return value;
    return "";
  }

  /** The stream, by its name or by its ARN. */
  stream(): { readonly streamName: string; readonly streamArn: string | undefined } {
    if (!this.has("streamArn")) {
      const streamName = this.text("streamName", { max: 128, pattern: NAME });
      return { streamName, streamArn: undefined };
    }
    const streamArn = this.text("streamArn", { max: 2048, pattern: STREAM_ARN });
    if (streamArn !== "" && this.has("streamName")) {
      this.#type("streamArn and streamName must not be given both");
    }
    return { streamName: streamArn.slice(streamArn.indexOf("/") + 1), streamArn };
  }

  /** The region that the stream's ARN names, if there is a sound one. */
  get arnRegion(): string | undefined {
    const arn = this.#options["streamArn"];
    return typeof arn === "string" && STREAM_ARN.pattern.test(arn) ? arn.split(":")[3] : undefined;
  }

  /** A stream is spoken to in its own region. */
  arnAgrees(region: string): void {
    const { arnRegion } = this;
    if (arnRegion === undefined || arnRegion === region || region === "") return;
    this.#range(`region must be that of streamArn, ${show(arnRegion)}, got ${show(region)}`);
  }

  /** What the tables' names begin with, and the names themselves. */
  tableNames(
    applicationName: string,
  ): { readonly tablePrefix: string; readonly tableNames: TableNames } {
    const tablePrefix = this.text("tablePrefix", {
      max: 240,
      pattern: NAME,
      fallback: () => `${applicationName}_`,
    });
    const standard = tableNames(applicationName, tablePrefix);
    const value = this.#options["tableNames"] ?? {};
    if (!isObject(value)) this.#type(`tableNames must be an object, got ${show(value)}`);
    const given = isObject(value) ? value : {};
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(standard, name)) this.#type(`tableNames has no ${show(name)}`);
    }
    const nameOf = (table: keyof TableNames) =>
      this.#tableName(`tableNames.${table}`, given[table] ?? standard[table]);
    const names = {
      clients: nameOf("clients"),
      checkpoints: nameOf("checkpoints"),
      metadata: nameOf("metadata"),
    };
    const all = Object.values(names).filter((name) => name !== "");
    if (new Set(all).size < all.length) this.#range("tableNames must differ from one another");
    return { tablePrefix, tableNames: names };
  }

  #tableName(name: string, value: unknown): string {
    const problem = `${name} must be a string of 3 to 255 ${NAME.words}, got ${show(value)}`;
    if (typeof value !== "string") this.#type(problem);
    else if (value.length < 3 || value.length > 255 || !NAME.pattern.test(value)) {
      this.#range(problem);
    } else return value;
    return "";
  }

  flag(name: "deletionProtection" | "pointInTimeRecovery"): boolean {
    const value = this.#options[name] ?? false;
    if (typeof value === "boolean") return value;
    this.#type(`${name} must be true or false, got ${show(value)}`);
    return false;
  }

  tags(name: "tableTags"): KinsumerOptions["tableTags"] {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    if (!isObject(value) || Array.isArray(value)) {
      this.#type(`${name} must be an object of strings, got ${show(value)}`);
      return undefined;
    }
    const entries = Object.entries(value);
    for (const [key, text] of entries) {
      const part = `${name}[${show(key)}]`;
      if (typeof text !== "string") this.#type(`${part} must be a string, got ${show(text)}`);
      else if (key.length < 1 || key.length > 128 || text.length > 256) {
        this.#range(`${part} must be a key of 1 to 128 and a value of 0 to 256 characters`);
      }
    }
    if (entries.length > 50) this.#range(`${name} must be at most 50 tags, got ${entries.length}`);
    return Object.freeze({ ...value }) as KinsumerOptions["tableTags"];
  }

  url(name: keyof KinsumerOptions, fallback: string): string {
    const value = this.#options[name] ?? fallback;
    const what = "an http: or https: URL without a path";
    if (typeof value !== "string") {
      this.#type(`${name} must be ${what}, got ${show(value)}`);
      return fallback;
    }
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isFit = url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === "/" &&
      url.search === "" && url.username === "" && url.password === "";
    if (!isFit) {
      this.#range(`${name} must be ${what}${value.includes("@") ? "" : `, got ${show(value)}`}`);
    }
    return isFit ? url.origin : fallback;
  }

  number(
    name: keyof KinsumerOptions,
    fallback: number,
    [min, max]: readonly [min: number, max: number],
  ): number {
    return this.#wholeNumber(name, this.#options[name] ?? fallback, [min, max]) ?? fallback;
  }

  choice<Choice extends string>(
    name: keyof KinsumerOptions,
    choices: readonly [Choice, ...Choice[]],
  ): Choice {
    const value = this.#options[name] ?? choices[0];
    const choice = choices.find((each) => each === value);
    if (choice !== undefined) return choice;
    const problem = `${name} must be ${choices.map(show).join(" or ")}, got ${show(value)}`;
    if (typeof value === "string") this.#range(problem);
    else this.#type(problem);
    return choices[0];
  }

  startAt(name: "startAt", nowMs: number): StartAt {
    const value = this.#options[name] ?? "horizon";
    if (!isObject(value) || isDate(value)) return this.#startPosition(name, value, nowMs);
    const starts: Record<string, ShardStart> = {};
    for (const [key, start] of Object.entries(value)) {
      const isShard = SHARD_ID.test(key);
      if (!isShard && key !== "others") {
        this.#type(`${name} must be ${STARTS}, got an object with ${show(key)}`);
      } else if (start !== undefined) {
        const part = `${name}[${show(key)}]`;
        starts[key] = isShard && isObject(start) && !isDate(start)
          ? this.#place(part, start)
          : this.#startPosition(part, start, nowMs);
      }
    }
    return Object.freeze(starts) as ShardStarts;
  }

  #startPosition(name: string, value: unknown, nowMs: number): StartPosition {
    if (value === "horizon" || value === "latest") return value;
    const what = name === "startAt" ? STARTS : START;
    const problem = `${name} must be ${what}, got ${show(value)}`;
    if (!isDate(value)) {
      if (typeof value === "string") this.#range(problem);
      else this.#type(problem);
    } else if (!(value.getTime() <= nowMs)) this.#range(problem);
    else return new Date(value);
    return "horizon";
  }

  #place(name: string, value: Record<string, unknown>): ShardStart {
    const { after, at, ...others } = value;
    const place = after ?? at;
    const hasOne = (after === undefined) !== (at === undefined) && Object.keys(others).length === 0;
    const what = "one of { after } and { at }, a sequence number of 1 to 128 digits";
    if (!hasOne || typeof place !== "string") this.#type(`${name} must be ${what}`);
    else if (!/^\d{1,128}$/.test(place)) this.#range(`${name} must be ${what}, got ${show(place)}`);
    else return after === undefined ? { at: place } : { after: place };
    return "horizon";
  }

  capacity(name: "tableCapacity"): KinsumerOptions["tableCapacity"] {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    if (!isObject(value)) {
      this.#type(`${name} must be an object with readUnits and writeUnits, got ${show(value)}`);
      return undefined;
    }
    const units = (unit: string) =>
      this.#wholeNumber(`${name}.${unit}`, value[unit], [1, 40_000]) ?? 1;
    return { readUnits: units("readUnits"), writeUnits: units("writeUnits") };
  }

  credentials(name: "credentials"): KinsumerOptions["credentials"] {
    const value = this.#options[name] as KinsumerOptions["credentials"];
    if (value === undefined || typeof value === "function") return value;
    if (!isObject(value)) {
      this.#type(`${name} must be an object or a function that returns a promise of one`);
      return undefined;
    }
    for (const part of ["accessKeyId", "secretAccessKey"]) {
      if (typeof value[part] !== "string" || value[part] === "") {
        this.#type(`${name}.${part} must be a non-empty string (its value is not shown)`);
      }
    }
    return value;
  }

  coordination(name: "coordination"): Coordination | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    if (!isObject(value)) {
      this.#type(`${name} must be an object with tableName, got ${show(value)}`);
      return undefined;
    }
    const { tableName, adopt = true, intervalMs = 60_000, ...others } = value;
    for (const other of Object.keys(others)) this.#type(`${name} has no ${show(other)}`);
    if (typeof adopt !== "boolean") {
      this.#type(`${name}.adopt must be true or false, got ${show(adopt)}`);
    }
    return {
      tableName: this.#tableName(`${name}.tableName`, tableName),
      adopt: adopt === true,
      intervalMs: this.#wholeNumber(`${name}.intervalMs`, intervalMs, [1_000, 3_600_000]) ?? 60_000,
    };
  }

  shared(name: "shared"): KinsumerOptions["shared"] {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    if (!isObject(value) || typeof value["heldBytes"] !== "number") {
      this.#type(`${name} must be made by createShared(), got ${show(value)}`);
    }
    for (const other of ["maxBufferedBytes", "credentials"] as const) {
      if (this.has(other)) this.#type(`${name} and ${other} must not be given both`);
    }
    return value as unknown as KinsumerOptions["shared"];
  }

  callable<Name extends "onEvent" | "extractContext">(name: Name): KinsumerOptions[Name] {
    const value = this.#options[name] as KinsumerOptions[Name];
    if (value === undefined || typeof value === "function") return value;
    this.#type(`${name} must be a function, got ${show(value)}`);
    return undefined;
  }

  methods<Name extends "logger" | "statsReceiver" | "kinesis">(
    name: Name,
    methods: readonly string[],
  ): KinsumerOptions[Name] {
    const value = this.#options[name];
    if (value !== undefined) this.#checkMethods(name, value, methods);
    return value as KinsumerOptions[Name];
  }

  runtime(name: "runtime"): Runtime | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    const parts = isObject(value) ? value : {};
    const before = this.#problems.length;
    this.#checkMethods(name, parts, ["fetch", "env"]);
    this.#checkMethods(`${name}.clock`, parts["clock"], ["nowMs", "monotonicMs", "sleep"]);
    this.#checkMethods(`${name}.random`, parts["random"], ["next", "uuid"]);
    return this.#problems.length === before ? value as Runtime : undefined;
  }

  tables(name: "tables"): NonNullable<KinsumerOptions["tables"]> {
    const value = this.#options[name] ?? {};
    if (!isObject(value)) {
      this.#type(`${name} must be an object, got ${show(value)}`);
      return {};
    }
    const needs = {
      clients: ["register", "beat", "read", "list", "assign", "remove"],
      checkpoints: ["read", "readMany", "list", "capture", "commit", "remove"],
      metadata: [
        "readLeader",
        "lead",
        "resign",
        "readShardCache",
        "writeShardCache",
        "startedAtMs",
      ],
    };
    for (const [table, methods] of Object.entries(needs)) {
      if (value[table] !== undefined) this.#checkMethods(`${name}.${table}`, value[table], methods);
    }
    return value;
  }

  /**
   * Throws what was found, if anything was.
   *
   * @throws {TypeError} when any problem is one of type
   * @throws {RangeError} otherwise
   */
  finish(): void {
    if (this.#problems.length === 0) return;
    const message = this.#problems.length === 1
      ? `Cannot create a Kinsumer: ${this.#problems[0]}`
      : `Cannot create a Kinsumer:\n${this.#problems.map((each) => `  - ${each}`).join("\n")}`;
    throw this.#hasTypeProblem ? new TypeError(message) : new RangeError(message);
  }

  #wholeNumber(
    name: string,
    value: unknown,
    [min, max]: readonly [min: number, max: number],
  ): number | undefined {
    const problem = `${name} must be a whole number from ${min} to ${max}, got ${show(value)}`;
    if (typeof value !== "number") this.#type(problem);
    else if (!Number.isInteger(value) || value < min || value > max) this.#range(problem);
    else return value;
    return undefined;
  }

  #checkMethods(name: string, value: unknown, methods: readonly string[]): void {
    const missing = isObject(value)
      ? methods.filter((method) => typeof value[method] !== "function")
      : methods;
    if (missing.length > 0) this.#type(`${name} lacks the method ${missing.join(", ")}`);
  }

  #type(problem: string): void {
    this.#hasTypeProblem = true;
    this.#problems.push(problem);
  }

  #range(problem: string): void {
    this.#problems.push(problem);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isDate(value: unknown): value is Date {
  return value instanceof Date;
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Date) {
    return `Date ${Number.isNaN(value.getTime()) ? "Invalid" : value.toISOString()}`;
  }
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return typeof value === "function" ? "a function" : String(value);
}
