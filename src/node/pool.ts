/**
 * Keeps the connections to one server: uses them again, and opens no more than it may.
 *
 * @module
 */

import { Connection, type Origin } from "./connection.ts";

/** Somebody who needs a connection. */
export interface Awaiting {
  /** Has it to itself from now on, until the exchange on it is over. */
  over(connection: Connection): void;
}

/** The connections to one server. */
export class Pool {
  readonly #origin: Origin;
  readonly #maxSockets: number;
  /** The last that was used is used first, so that those which are not needed grow old and go. */
  readonly #idle: Connection[] = [];
  readonly #waiting: Awaiting[] = [];
  #openCount = 0;

  constructor(origin: Origin, maxSockets: number) {
    this.#origin = origin;
    this.#maxSockets = maxSockets;
  }

  /** @param isNew asks for a connection that nothing was sent on before */
  begin(call: Awaiting, isNew: boolean): void {
    const kept = isNew ? undefined : this.#idle.pop();
    if (kept !== undefined) call.over(kept);
    else if (this.#openCount < this.#maxSockets) this.#open(call);
    else this.#waiting.push(call);
  }

  /** Forgets a call that waits for a connection. */
  forget(call: Awaiting): void {
    const at = this.#waiting.indexOf(call);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #open(call: Awaiting): void {
    this.#openCount++;
    call.over(
      new Connection(this.#origin, {
        idle: (connection) => {
          const next = this.#waiting.shift();
          if (next === undefined) this.#idle.push(connection);
          else next.over(connection);
        },
        gone: (connection) => {
          this.#openCount--;
          const at = this.#idle.indexOf(connection);
          if (at >= 0) this.#idle.splice(at, 1);
          const next = this.#waiting.shift();
          if (next !== undefined) this.#open(next);
        },
        // What cut one off without a word, a gateway that was replaced, has cut off all that are as old.
        silent: () => {
          for (const connection of this.#idle.splice(0)) connection.close();
        },
      }),
    );
  }
}
