/**
 * Remembers how many bytes are held, by one queue or by several that share a budget.
 *
 * @module
 */

/** A budget of bytes. */
export class ByteBudget {
  readonly maxBytes: number;
  readonly #listeners = new Set<() => void>();
  #heldBytes = 0;
  #shardCount = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes that are taken. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** How many shards are read within the budget, whoever reads them. */
  get shardCount(): number {
    return this.#shardCount;
  }

  /** One more shard is read within the budget. */
  join(): void {
    this.#shardCount++;
  }

  /** One less is. */
  leave(): void {
    this.#shardCount--;
  }

  /** Whether so many more bytes fit; any number does where nothing is held. */
  hasRoomFor(byteLength: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + byteLength <= this.maxBytes;
  }

  take(byteLength: number): void {
    this.#heldBytes += byteLength;
  }

  /** Gives bytes back, and tells everyone who may wait for them; each time another is told first. */
  free(byteLength: number): void {
    this.#heldBytes -= byteLength;
    const [first] = this.#listeners;
    if (first === undefined) return;
    this.#listeners.delete(first);
    this.#listeners.add(first);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Tells when bytes are free, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
