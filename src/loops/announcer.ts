/**
 * Tells the user what happens: each event goes to the listener and, as one line, to the logger.
 * What either throws is ignored: a consumer must not stop because it was watched.
 *
 * @module
 */

import type { KinsumerError } from "../errors.ts";
import type { EventListener, KinsumerEvent, Logger } from "../events.ts";

type Level = keyof Logger;

/** Those that are more, or less, than `info`. */
const LEVELS: { readonly [type in KinsumerEvent["type"]]?: Level } = {
  "shard-lost": "warn",
  "shard-expired": "warn",
  "checkpoint-invalid": "error",
  "checkpointed": "debug",
  "table-unprotected": "warn",
  "retried": "debug",
  "wire-refused": "warn",
  "failed": "error",
  "record-failed": "warn",
  "record-skipped": "warn",
  "record-dead-lettered": "warn",
  "shard-paused": "error",
  "shard-stalled": "warn",
};

/** Failures in a row after which a retry is worth a line at the level `warn`. */
const WARN_AFTER_FAILURES = 5;

/** Tells the user what happens. */
export class Announcer {
  readonly #listener: EventListener | undefined;
  readonly #logger: Logger | undefined;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(
    listeners: {
      readonly onEvent?: EventListener | undefined;
      readonly logger?: Logger | undefined;
    },
    fields: Readonly<Record<string, unknown>>,
  ) {
    this.#listener = listeners.onEvent;
    this.#logger = listeners.logger;
    this.#fields = fields;
  }

  /** @param isLogged false: it changes nothing that a line of the log would tell of */
  announce(event: KinsumerEvent, { isLogged = true }: { readonly isLogged?: boolean } = {}): void {
    attempt(() => this.#listener?.(event));
    if (this.#logger === undefined || !isLogged) return;
    const { type, ...facts } = event;
    const isStubborn = event.type === "retried" && event.failures === WARN_AFTER_FAILURES;
    const level = isStubborn ? "warn" : LEVELS[type] ?? "info";
    attempt(() => this.#logger?.[level](`kinsumer: ${type}`, { ...this.#fields, ...facts }));
  }

  /** The user's logger, with these fields in each line. */
  loggerWith(more: Readonly<Record<string, unknown>>): Logger {
    const write = (level: Level) => (message: string, fields?: Record<string, unknown>) =>
      attempt(() => this.#logger?.[level](message, { ...this.#fields, ...more, ...fields }));
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    };
  }

  /** Says that a call failed and is made again. */
  retried(error: KinsumerError, facts: {
    readonly operation: string;
    readonly shardId?: string | undefined;
    readonly failures: number;
    readonly delayMs: number;
  }): void {
    this.announce({ type: "retried", error, ...facts });
  }
}

/** Calls the user's code; what it throws, or its promise rejects with, is ignored. */
export function attempt(call: () => unknown): void {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(ignore);
  } catch {
    // The user's listener failed; the consumer goes on.
  }
}

function ignore(): void {}
