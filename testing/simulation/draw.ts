/**
 * Draws numbers, choices and kinds from chance.
 *
 * @module
 */

import type { Random } from "../../src/runtime.ts";

/** Draws from chance. */
export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.#random.next() * (max - min + 1));
  }

  /** A whole number from `min` to `max`: each order of magnitude is as likely as the next. */
  logBetween(min: number, max: number): number {
    return Math.round(min * (max / min) ** this.#random.next());
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)]!;
  }

  weighted<Item>(items: readonly (readonly [Item, number])[]): Item {
    let left = this.#random.next() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return items[0]![0];
  }
}
