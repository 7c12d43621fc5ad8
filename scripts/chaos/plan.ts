/**
 * Decides which blow comes next: every kind once, in an order that the seed chooses, then again.
 *
 * @module
 */

import type { Random } from "../../src/runtime.ts";

/** Draws from a bag without putting back; a bag that is empty is filled again. */
export class Bag<Item> {
  readonly #items: readonly Item[];
  readonly #random: Random;
  #left: Item[] = [];

  /** @param items what may come; more than once what shall come more often */
  constructor(items: readonly Item[], random: Random) {
    this.#items = items;
    this.#random = random;
  }

  draw(): Item {
    if (this.#left.length === 0) this.#left = [...this.#items];
    const place = Math.floor(this.#random.next() * this.#left.length);
    return this.#left.splice(place, 1)[0]!;
  }
}
