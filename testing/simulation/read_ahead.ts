/**
 * Counts, from outside, what one client holds: the bytes of every read that came, until all of its
 * records are acknowledged or its shard is let go.
 *
 * The budget (`maxBufferedBytes`) is an admission: no read is begun while it is spent, but those that
 * were admitted before may still return. A shard has one read at a time. So from the moment at which
 * a client holds more than its budget until it holds less again, each shard may bring one more
 * answer, and no shard a second one:
 *
 *     held ≤ maxBufferedBytes + what the reads under way returned, one a shard
 *
 * @module
 */

interface Batch {
  readonly bytes: number;
  left: number;
}

/** What one client holds. */
export class ReadAhead {
  readonly #maxBufferedBytes: number;
  readonly #batches = new Map<string, Batch[]>();
  /** The shards that brought an answer since the budget was spent. */
  readonly #over = new Set<string>();
  #heldBytes = 0;
  #mostBytes = 0;

  constructor(maxBufferedBytes: number) {
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  /** Bytes that wait or are in hand. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The most that was ever held at once: bytes. */
  get mostBytes(): number {
    return this.#mostBytes;
  }

  /**
   * A read returned records.
   *
   * @returns whether it was allowed to
   */
  arrived(shardId: string, answer: { readonly bytes: number; readonly count: number }): boolean {
    const wasSpent = this.#heldBytes > this.#maxBufferedBytes;
    if (!wasSpent) this.#over.clear();
    const isAllowed = !wasSpent || !this.#over.has(shardId);
    this.#batches.set(shardId, [
      ...this.#batches.get(shardId) ?? [],
      { bytes: answer.bytes, left: answer.count },
    ]);
    this.#heldBytes += answer.bytes;
    this.#mostBytes = Math.max(this.#mostBytes, this.#heldBytes);
    if (this.#heldBytes > this.#maxBufferedBytes) this.#over.add(shardId);
    return isAllowed;
  }

  /** The oldest record of a shard is acknowledged. */
  acknowledged(shardId: string): void {
    const batches = this.#batches.get(shardId);
    const first = batches?.[0];
    if (batches === undefined || first === undefined || --first.left > 0) return;
    batches.shift();
    this.#heldBytes -= first.bytes;
  }

  /** A shard was let go, with all that was held of it. */
  letGo(shardId: string): void {
    for (const { bytes } of this.#batches.get(shardId) ?? []) this.#heldBytes -= bytes;
    this.#batches.delete(shardId);
  }
}
