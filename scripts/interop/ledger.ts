/**
 * Remembers which record was delivered to whom, and counts what was lost, what came twice and why,
 * and what came before its predecessor of the same key.
 *
 * @module
 */

/** A record's payload. */
export interface Payload {
  readonly index: number;
  readonly key: string;
}

/** One delivery. */
interface Delivery {
  readonly client: string;
  readonly atMs: number;
}

/** What the ledger says in the end. */
export interface Account {
  readonly produced: number;
  readonly lost: number;
  /** Deliveries beyond the first of each record. */
  readonly duplicates: number;
  /** Those whose first delivery was to a client that was killed shortly afterwards. */
  readonly explained: number;
  /** Records that were first delivered after a later record of the same key. */
  readonly outOfOrder: number;
}

/** A Go client may have handed out this much before its last commit before a kill. */
const KILL_WINDOW_MS = 2_000;

/** What was produced and what was delivered. */
export class Ledger {
  readonly #deliveries = new Map<number, Delivery[]>();
  readonly #latestOfKey = new Map<string, number>();
  readonly #killedAtMs = new Map<string, number>();
  #produced = 0;
  #outOfOrder = 0;

  /** The next record to put. */
  next(key: string): Payload {
    return { index: this.#produced++, key };
  }

  /** How many different records were delivered. */
  get deliveredCount(): number {
    return this.#deliveries.size;
  }

  get producedCount(): number {
    return this.#produced;
  }

  /** A client was handed a record. */
  deliver(client: string, { index, key }: Payload): void {
    const atMs = performance.now();
    const before = this.#deliveries.get(index);
    if (before !== undefined) {
      before.push({ client, atMs });
      return;
    }
    this.#deliveries.set(index, [{ client, atMs }]);
    const latest = this.#latestOfKey.get(key) ?? -1;
    if (index < latest) this.#outOfOrder++;
    else this.#latestOfKey.set(key, index);
  }

  /** A client was killed: what it was handed just before may come again. */
  killed(client: string): void {
    this.#killedAtMs.set(client, performance.now());
  }

  /** How many different records a client was handed. */
  countOf(client: string): number {
    return [...this.#deliveries.values()].filter((all) =>
      all.some((each) => each.client === client)
    ).length;
  }

  account(): Account {
    let duplicates = 0;
    let explained = 0;
    for (const [first, ...more] of this.#deliveries.values()) {
      duplicates += more.length;
      const killedAtMs = this.#killedAtMs.get(first!.client);
      const isByKill = killedAtMs !== undefined && first!.atMs > killedAtMs - KILL_WINDOW_MS;
      if (isByKill) explained += more.length;
    }
    return {
      produced: this.#produced,
      lost: this.#produced - this.#deliveries.size,
      duplicates,
      explained,
      outOfOrder: this.#outOfOrder,
    };
  }
}
