/**
 * Remembers what went wrong last, of the client and of each shard, without its message.
 *
 * @module
 */

import { isKinsumerError } from "../errors.ts";
import type { KinsumerEvent } from "../events.ts";
import type { Clock } from "../runtime.ts";
import type { ErrorSnapshot } from "../snapshot.ts";

/** Shards whose last error is kept. */
const MAX_SHARDS = 10_000;

/** What went wrong last. */
export class LastErrors {
  readonly #clock: Clock;
  readonly #byShard = new Map<string, ErrorSnapshot>();
  #last: ErrorSnapshot | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The last of all. */
  get last(): ErrorSnapshot | undefined {
    return this.#last;
  }

  /** The last of a shard. */
  of(shardId: string): ErrorSnapshot | undefined {
    return this.#byShard.get(shardId);
  }

  /** Notes an event, if it tells of an error. */
  note(event: KinsumerEvent): void {
    if (event.type === "shard-released" || event.type === "shard-finished") {
      this.#byShard.delete(event.shardId);
    }
    if (!["retried", "failed", "record-failed"].includes(event.type) || !("error" in event)) return;
    const { error } = event;
    const operation = "operation" in event ? event.operation : undefined;
    const noted = {
      code: codeOf(error),
      operation: operation ?? (isKinsumerError(error) ? error.operation : null) ?? null,
      atMs: this.#clock.nowMs(),
    };
    this.#last = noted;
    const shardId = "shardId" in event ? event.shardId : undefined;
    if (shardId === undefined) return;
    const hasRoom = this.#byShard.size < MAX_SHARDS || this.#byShard.has(shardId);
    if (hasRoom) this.#byShard.set(shardId, noted);
  }
}

/** What may be told of an error: its code, or its class. */
export function codeOf(error: unknown): string {
  if (isKinsumerError(error)) return error.code;
  return error instanceof Error && /^\w{1,100}$/.test(error.name) ? error.name : "Error";
}
