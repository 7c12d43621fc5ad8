/**
 * Counts, from outside, what one client has read and no handler of it has begun.
 *
 * A client that lets a shard go drops what waits of it, and waits for what runs before it releases
 * the shard: only then can it be seen from outside. So where there is more than may wait, it is
 * judged once it is known which of the shards went on: those of which more was read or begun before
 * they were released, lost or paused. Of the others everything had been dropped.
 *
 * @module
 */

interface Shard {
  /** The records, by their places. */
  readonly waiting: Set<number>;
}

/** More than may wait, unless some of the shards were being let go. */
interface Excess {
  readonly most: number;
  /** How many records of each shard waited. */
  readonly counts: ReadonlyMap<Shard, number>;
  readonly going: Set<Shard>;
}

/** What one client has read and not begun. */
export class HandlersAhead {
  readonly #shards = new Map<string, Shard>();
  #excesses: Excess[] = [];

  /**
   * Records were read.
   *
   * @param most how many may wait
   * @returns how many waited when there were too many, once that is known
   */
  read(shardId: string, places: readonly number[], most: number): number | undefined {
    const shard = this.#shards.get(shardId) ?? { waiting: new Set() };
    this.#shards.set(shardId, shard);
    const excessive = this.#goesOn(shard);
    for (const place of places) shard.waiting.add(place);
    const shards = [...this.#shards.values()];
    const counts = new Map(shards.map((each) => [each, each.waiting.size]));
    const going = new Set<Shard>();
    if (sumOf(counts.values()) > most) this.#excesses.push({ most, counts, going });
    return excessive;
  }

  /** A handler has begun a record; returns what `read` does. */
  begun(shardId: string, place: number): number | undefined {
    const shard = this.#shards.get(shardId);
    shard?.waiting.delete(place);
    return shard && this.#goesOn(shard);
  }

  /** A shard was let go or paused, and what was read of it dropped. */
  dropped(shardId: string): void {
    this.#shards.delete(shardId);
  }

  /** The shard was not being let go in any of the doubtful moments. */
  #goesOn(shard: Shard): number | undefined {
    let excessive: number | undefined;
    this.#excesses = this.#excesses.filter(({ counts, going, most }) => {
      going.add(shard);
      const count = sumOf([...going].map((each) => counts.get(each) ?? 0));
      if (count > most) excessive = count;
      const isOpen = [...counts.keys()].some((each) => !going.has(each) && this.#isThere(each));
      return count <= most && isOpen;
    });
    return excessive;
  }

  #isThere(shard: Shard): boolean {
    return [...this.#shards.values()].includes(shard);
  }
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
