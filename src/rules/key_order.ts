/**
 * Decides which of many waiting records may begin: those of one key one after the other, in the
 * order in which they came; different keys side by side.
 *
 * @module
 */

/** Things that wait for those of the same key before them. */
export class KeyOrder<Key, Item> {
  readonly #ready: { readonly key: Key; readonly item: Item }[] = [];
  /** A key that is here has an item that is ready or under way; the list waits behind it. */
  readonly #behind = new Map<Key, Item[]>();
  #waitingCount = 0;

  /** How many have not begun. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Whether one may begin now. */
  get isReady(): boolean {
    return this.#ready.length > 0;
  }

  add(key: Key, item: Item): void {
    this.#waitingCount++;
    const behind = this.#behind.get(key);
    if (behind !== undefined) {
      behind.push(item);
      return;
    }
    this.#behind.set(key, []);
    this.#ready.push({ key, item });
  }

  /** The next that may begin; its key is busy until {@linkcode done}. */
  next(): { readonly key: Key; readonly item: Item } | undefined {
    const next = this.#ready.shift();
    if (next !== undefined) this.#waitingCount--;
    return next;
  }

  /** The one of this key that was under way has ended. */
  done(key: Key): void {
    const behind = this.#behind.get(key);
    const item = behind?.shift();
    if (item === undefined) this.#behind.delete(key);
    else this.#ready.push({ key, item });
  }

  /** The one of this key that {@linkcode next} gave has not begun after all: it is next again. */
  undo(key: Key, item: Item): void {
    this.#ready.unshift({ key, item });
    this.#waitingCount++;
  }

  /** Takes out all that have not begun, in no order. */
  clear(): readonly Item[] {
    const ready = this.#ready.splice(0);
    const left = ready.map(({ item }) => item);
    for (const behind of this.#behind.values()) left.push(...behind.splice(0));
    for (const { key } of ready) this.#behind.delete(key);
    this.#waitingCount = 0;
    return left;
  }
}
