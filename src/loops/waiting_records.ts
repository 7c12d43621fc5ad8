/**
 * The records of all shards that wait to be handed over, in order: read by read, and within a shard
 * as the shard has them.
 *
 * @module
 */

import type { Channel, Range } from "./channel.ts";

/** What waits to be handed over. */
export class WaitingRecords {
  readonly #ranges: Range[] = [];
  /** When each shard was chosen last, as a count of choices. */
  readonly #chosenAt = new WeakMap<Channel, number>();
  #choices = 0;
  #count = 0;

  /** How many records wait. */
  get count(): number {
    return this.#count;
  }

  /** Those that wait at a place; 0 is the first. */
  at(index: number): Range | undefined {
    return this.#ranges[index];
  }

  /** Lets what was read last wait behind all others. */
  append(range: Range): void {
    this.#ranges.push(range);
    this.#count += range.to - range.from;
  }

  /** Lets what is given back wait before all others. */
  putBack(range: Range): void {
    this.#ranges.splice(this.#placeOf(range), 0, range);
    this.#count += range.to - range.from;
  }

  /**
   * Chooses one of the shards that are free: the one that was chosen the longest ago.
   *
   * @returns the place of the first that waits of it
   */
  choose(isFree: (channel: Channel) => boolean): number | undefined {
    let chosen: number | undefined;
    let oldest = Infinity;
    for (let index = 0; index < this.#ranges.length; index++) {
      const { channel } = this.#ranges[index]!.batch;
      const chosenAt = this.#chosenAt.get(channel) ?? 0;
      if (chosenAt >= oldest || channel.isHeld || !channel.isOpen || !isFree(channel)) continue;
      chosen = index;
      oldest = chosenAt;
    }
    if (chosen !== undefined) {
      this.#chosenAt.set(this.#ranges[chosen]!.batch.channel, ++this.#choices);
    }
    return chosen;
  }

  /** Lets those at a place wait no longer, up to `to`. */
  take(index: number, to: number): void {
    const range = this.#ranges[index]!;
    this.#count -= to - range.from;
    if (to === range.to) this.#ranges.splice(index, 1);
    else range.from = to;
  }

  /** Drops what waits of one shard. */
  drop(channel: Channel): void {
    for (let index = this.#ranges.length - 1; index >= 0; index--) {
      const { batch, to } = this.#ranges[index]!;
      if (batch.channel === channel) this.take(index, to);
    }
  }

  /** Drops all. */
  clear(): void {
    this.#ranges.length = 0;
    this.#count = 0;
  }

  /** What is given back is the next of its shard, but for what was given back and comes before it. */
  #placeOf({ batch, from }: Range): number {
    let place = 0;
    for (const [at, other] of this.#ranges.entries()) {
      if (other.batch.channel !== batch.channel) continue;
      if (other.batch.firstOrdinal + other.from > batch.firstOrdinal + from) break;
      place = at + 1;
    }
    return place;
  }
}
