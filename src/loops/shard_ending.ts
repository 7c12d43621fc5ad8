/**
 * How a shard comes to be let go: in order, in a hurry, or at once because it is lost. Each degree
 * has a signal, and includes those before it.
 *
 * @module
 */

import type { LossReason } from "../events.ts";

/** Says to all that works for one shard how far it is to be let go. */
export class ShardEnding {
  readonly #stopping = new AbortController();
  readonly #hurrying = new AbortController();
  readonly #abandoning = new AbortController();
  readonly #losing = new AbortController();
  /** Why the shard is lost; absent: it is not. */
  lossReason: LossReason | undefined;

  /** Aborts when the shard is to be let go, orderly or not. */
  get stopSignal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Aborts when an orderly stop has taken too long. */
  get hurrySignal(): AbortSignal {
    return this.#hurrying.signal;
  }

  /** Aborts when even the last write is given up. */
  get abandonSignal(): AbortSignal {
    return this.#abandoning.signal;
  }

  /** Aborts when what is in the user's hands does not count any more: the signal of the records. */
  get lossSignal(): AbortSignal {
    return this.#losing.signal;
  }

  /** Lets the shard go in order. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Ends an orderly stop that has taken too long. */
  hurry(): void {
    this.stop();
    this.#hurrying.abort();
  }

  /** Gives up even the last write. */
  abandon(): void {
    this.hurry();
    this.#abandoning.abort();
  }

  /** What is in hand does not count any more, and may come again. */
  recall(error: Error): void {
    this.#losing.abort(error);
  }
}
