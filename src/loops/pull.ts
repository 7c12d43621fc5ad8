/**
 * Lets the user pull: asking for the next record acknowledges the one before it; leaving the loop
 * gives the current one back.
 *
 * Written by hand, because an async generator costs several times as much a record.
 *
 * @module
 */

/** What can be pulled: a record or a batch. */
export interface Pulled {
  ack(): void;
  giveBack(): void;
}

/** Pulls one thing; `undefined` at the end. */
export type Pull<Item> = () => Promise<Item | undefined>;

/** Iterates over records or batches; see {@link Kinsumer} for what iterating promises. */
export class PullIterator<Item extends Pulled> implements AsyncIterableIterator<Item, undefined> {
  readonly #pull: Pull<Item>;
  readonly #take: (() => Item | undefined) | undefined;
  readonly #isManual: boolean;
  readonly #inHand: Item[] = [];
  #isDone = false;

  /**
   * @param isManual true leaves acknowledging to the user
   * @param take gives what need not be waited for: spares two promises a record
   */
  constructor(pull: Pull<Item>, isManual: boolean, take?: () => Item | undefined) {
    this.#pull = pull;
    this.#take = take;
    this.#isManual = isManual;
  }

  /** Acknowledges what was returned before, and waits for the next. */
  next(): Promise<IteratorResult<Item, undefined>> {
    this.acknowledge();
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    const value = this.#take?.();
    if (value === undefined) return this.#wait();
    if (!this.#isManual) this.#inHand.push(value);
    return Promise.resolve({ done: false, value });
  }

  async #wait(): Promise<IteratorResult<Item, undefined>> {
    const value = await this.#pull();
    if (value === undefined || this.#isDone) {
      this.#isDone = true;
      value?.giveBack();
      return { done: true, value: undefined };
    }
    if (!this.#isManual) this.#inHand.push(value);
    return { done: false, value };
  }

  /** Ends the iteration: what was returned last is not acknowledged, and will be delivered again. */
  return(): Promise<IteratorResult<Item, undefined>> {
    this.#isDone = true;
    for (const item of this.#inHand.splice(0).reverse()) item.giveBack();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Acknowledges what was returned last. */
  acknowledge(): void {
    const inHand = this.#inHand;
    if (inHand.length === 0) return;
    for (let index = 0; index < inHand.length; index++) inHand[index]!.ack();
    while (inHand.length > 0) inHand.pop(); // setting the length costs more
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
