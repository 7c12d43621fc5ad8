/**
 * Checks what `process()` is given and fills in the defaults. All problems are reported together.
 *
 * @module
 */

import type { Concurrency, FailurePolicy, ProcessOptions } from "./handling.ts";
import type { FailureAction, RetryPolicy } from "./rules/failure_policy.ts";

/** {@linkcode ProcessOptions} with every default filled in. */
export interface ResolvedHandling {
  readonly isBatch: boolean;
  readonly batchSize: number;
  readonly by: NonNullable<Concurrency["by"]>;
  readonly limit: number;
  /** `Infinity`: no limit. */
  readonly timeoutMs: number;
  readonly policy:
    & RetryPolicy
    & { readonly action: FailureAction }
    & Pick<FailurePolicy, "deadLetter" | "resumeAfterMs">;
  readonly dedupe: ProcessOptions["dedupe"];
  readonly signal: AbortSignal | undefined;
  readonly deadlineMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ACTIONS = ["stop", "pauseShard", "skip", "deadLetter"] as const;
const ORDERS = ["shard", "partitionKey", "nothing"] as const;
const KNOWN = [
  "batch",
  "batchSize",
  "concurrency",
  "timeoutMs",
  "onFailure",
  "dedupe",
  "signal",
  "deadlineMs",
];
const KNOWN_POLICY = [
  "attempts",
  "firstDelayMs",
  "maxDelayMs",
  "jitter",
  "action",
  "deadLetter",
  "resumeAfterMs",
];

/**
 * Checks and completes the options.
 *
 * @throws {TypeError} when the handler is none, or an option has the wrong type or is not known
 * @throws {RangeError} when every type is right but a value is not allowed
 */
export function resolveHandling(handler: unknown, options: ProcessOptions): ResolvedHandling {
  const check = new Check();
  if (typeof handler !== "function") {
    check.type(`handler must be a function, got ${show(handler)}`);
  }
  const given = check.record("options", options, KNOWN);
  const isBatch = check.boolean("batch", given["batch"]);
  const { by, limit } = concurrency(check, given["concurrency"]);
  if (isBatch && by === "partitionKey") {
    check.range('concurrency.by must be "shard" or "nothing" with batch: true');
  }
  if (!isBatch && given["batchSize"] !== undefined) check.range("batchSize needs batch: true");
  const resolved = {
    isBatch,
    by,
    limit,
    batchSize: check.whole("batchSize", given["batchSize"] ?? 10_000, [1, 10_000]),
    timeoutMs: given["timeoutMs"] === undefined
      ? Infinity
      : check.whole("timeoutMs", given["timeoutMs"], [1, DAY_MS]),
    policy: failurePolicy(check, given["onFailure"]),
    dedupe: check.dedupe("dedupe", given["dedupe"]),
    signal: check.signal("signal", given["signal"]),
    deadlineMs: check.whole("deadlineMs", given["deadlineMs"] ?? 10_000, [0, HOUR_MS]),
  };
  check.finish();
  return resolved;
}

function concurrency(check: Check, value: unknown): { by: typeof ORDERS[number]; limit: number } {
  const given = typeof value === "string"
    ? { by: value }
    : check.record("concurrency", value ?? {}, ["by", "limit"]);
  return {
    by: check.choice("concurrency.by", given["by"] ?? "shard", ORDERS),
    limit: check.whole("concurrency.limit", given["limit"] ?? 16, [1, 10_000]),
  };
}

function failurePolicy(check: Check, value: unknown): ResolvedHandling["policy"] {
  const given = typeof value === "string"
    ? { action: value }
    : check.record("onFailure", value ?? {}, KNOWN_POLICY);
  const { attempts = 3, jitter = 0.5, deadLetter, resumeAfterMs } = given;
  const isForEver = attempts === Infinity;
  const standard = deadLetter === undefined ? "stop" : "deadLetter";
  const action = check.choice("onFailure.action", given["action"] ?? standard, ACTIONS);
  checkCompanions(check, { action, deadLetter, resumeAfterMs });
  return {
    action,
    attempts: isForEver ? Infinity : check.whole("onFailure.attempts", attempts, [1, 1_000_000]),
    firstDelayMs: check.whole("onFailure.firstDelayMs", given["firstDelayMs"] ?? 200, [1, HOUR_MS]),
    maxDelayMs: check.whole("onFailure.maxDelayMs", given["maxDelayMs"] ?? 30_000, [1, DAY_MS]),
    jitter: check.share("onFailure.jitter", jitter),
    deadLetter: deadLetter as FailurePolicy["deadLetter"],
    resumeAfterMs: resumeAfterMs === undefined
      ? undefined
      : check.whole("onFailure.resumeAfterMs", resumeAfterMs, [1, 7 * DAY_MS]),
  };
}

function checkCompanions(check: Check, { action, deadLetter, resumeAfterMs }: {
  readonly action: FailureAction;
  readonly deadLetter?: unknown;
  readonly resumeAfterMs?: unknown;
}): void {
  if (deadLetter !== undefined && typeof deadLetter !== "function") {
    check.type(`onFailure.deadLetter must be a function, got ${show(deadLetter)}`);
  }
  if ((action === "deadLetter") !== (deadLetter !== undefined)) {
    check.range('onFailure.deadLetter and onFailure.action "deadLetter" need each other');
  }
  if (resumeAfterMs !== undefined && action !== "pauseShard") {
    check.range('onFailure.resumeAfterMs needs onFailure.action "pauseShard"');
  }
}

type Given = Readonly<Record<string, unknown>>;

/** Collects what is wrong. Every method returns a usable value, whatever it found. */
class Check {
  readonly #problems: string[] = [];
  #hasTypeProblem = false;

  record(name: string, value: unknown, known: readonly string[]): Given {
    if (typeof value !== "object" || value === null) {
      this.type(`${name} must be an object, got ${show(value)}`);
      return {};
    }
    for (const each of Object.keys(value)) {
      if (!known.includes(each)) {
        this.type(`${name === "options" ? "" : `${name}.`}${each} is not an option`);
      }
    }
    return value as Given;
  }

  boolean(name: string, value: unknown = false): boolean {
    if (typeof value !== "boolean") this.type(`${name} must be true or false, got ${show(value)}`);
    return value === true;
  }

  whole(name: string, value: unknown, [min, max]: readonly [min: number, max: number]): number {
    const problem = `${name} must be a whole number from ${min} to ${max}, got ${show(value)}`;
    if (typeof value !== "number") this.type(problem);
    else if (!Number.isInteger(value) || value < min || value > max) this.range(problem);
    else return value;
    return min;
  }

  share(name: string, value: unknown): number {
    const problem = `${name} must be a number from 0 to 1, got ${show(value)}`;
    if (typeof value !== "number") this.type(problem);
    else if (!(value >= 0 && value <= 1)) this.range(problem);
    else return value;
    return 0;
  }

  choice<Choice extends string>(
    name: string,
    value: unknown,
    choices: readonly [Choice, ...Choice[]],
  ): Choice {
    const choice = choices.find((each) => each === value);
    if (choice !== undefined) return choice;
    const problem = `${name} must be ${choices.map(show).join(" or ")}, got ${show(value)}`;
    if (typeof value === "string") this.range(problem);
    else this.type(problem);
    return choices[0];
  }

  dedupe(name: string, value: unknown): ProcessOptions["dedupe"] {
    if (value === undefined) return undefined;
    const methods = (value ?? {}) as Given;
    const isFit = typeof methods["load"] === "function" && typeof methods["save"] === "function";
    if (!isFit) this.type(`${name} must have the methods load and save, got ${show(value)}`);
    return isFit ? value as ProcessOptions["dedupe"] : undefined;
  }

  signal(name: string, value: unknown): AbortSignal | undefined {
    if (value === undefined || value instanceof AbortSignal) return value;
    this.type(`${name} must be an AbortSignal, got ${show(value)}`);
    return undefined;
  }

  type(problem: string): void {
    this.#hasTypeProblem = true;
    this.#problems.push(problem);
  }

  range(problem: string): void {
    this.#problems.push(problem);
  }

  finish(): void {
    if (this.#problems.length === 0) return;
    const message = this.#problems.length === 1
      ? `Cannot process: ${this.#problems[0]}`
      : `Cannot process:\n${this.#problems.map((each) => `  - ${each}`).join("\n")}`;
    throw this.#hasTypeProblem ? new TypeError(message) : new RangeError(message);
  }
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
