/**
 * One call of a handler: what it is told, and whether its outcome still counts.
 *
 * @module
 */

import type { Logger } from "../events.ts";
import type { HandlerContext, HandlerSpan } from "../handling.ts";
import type { Range } from "./channel.ts";
import type { DeliveredRecord } from "./delivery.ts";
import type { Task } from "./lane.ts";

/** What a call is made with. */
export interface AttemptFacts {
  readonly task: Task;
  /** The records of the call: a part of the task's. */
  readonly unit: Range;
  readonly records: readonly DeliveredRecord[];
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly openLogger: (fields: Readonly<Record<string, unknown>>) => Logger;
}

/**
 * One call of a handler. Its signal and its logger are made when they are first asked for: most
 * handlers never do.
 */
export class Attempt implements HandlerContext {
  readonly attempt: number;
  readonly records: readonly DeliveredRecord[];
  readonly startedAtMs: number;
  readonly task: Task;
  readonly unit: Range;
  span: HandlerSpan | undefined;
  readonly #openLogger: AttemptFacts["openLogger"];
  #logger: Logger | undefined;
  #aborting: AbortController | undefined;
  #ending: { readonly reason: unknown; readonly isTimeout: boolean } | undefined;

  constructor(facts: AttemptFacts) {
    this.task = facts.task;
    this.unit = facts.unit;
    this.records = facts.records;
    this.attempt = facts.attempt;
    this.startedAtMs = facts.startedAtMs;
    this.#openLogger = facts.openLogger;
  }

  get shardId(): string {
    return this.unit.batch.channel.shardId;
  }

  /** The first record's. */
  get sequenceNumber(): string {
    return this.records[0]!.sequenceNumber;
  }

  get lagMs(): number | undefined {
    return this.unit.batch.lagMs;
  }

  get logger(): Logger {
    const { shardId, sequenceNumber, attempt } = this;
    this.#logger ??= this.#openLogger({ shardId, sequenceNumber, attempt });
    return this.#logger;
  }

  get signal(): AbortSignal {
    if (this.#aborting === undefined) {
      this.#aborting = new AbortController();
      if (this.#ending !== undefined) this.#aborting.abort(this.#ending.reason);
    }
    return this.#aborting.signal;
  }

  /** Why the call failed although it may still run: its time was up. */
  get timeout(): { readonly reason: unknown } | undefined {
    return this.#ending?.isTimeout ? this.#ending : undefined;
  }

  /** Ends what the handler may do for its records: whatever it does later does not count. */
  abort(reason: unknown, isTimeout = false): void {
    if (this.#ending !== undefined) return;
    this.#ending = { reason, isTimeout };
    for (const record of this.records) record.revoke();
    this.#aborting?.abort(reason);
  }
}
