/**
 * Remembers where a StatsD server is. UDP sockets look its name up for each packet, and a busy consumer
 * sends hundreds a second: more than many resolvers answer, those of AWS's networks among them.
 *
 * @module
 */

/** What `dns.lookup` calls back. */
export type Found = (error: Error | null, address: string, family: number) => void;

/** As much of `dns.lookup` as UDP sockets use. */
export type Lookup = (host: string, family: number, found: Found) => void;

interface Answer {
  readonly error: Error | null;
  readonly address: string;
  readonly family: number;
}

/** A host may have moved by then. */
const KEPT_MS = 60_000;
/** What failed is tried again so much later; until then the last known address serves. */
const RETRIED_MS = 5_000;

/**
 * Wraps a lookup, so that it is made once a minute.
 *
 * @param nowMs a clock that never goes back
 */
export function rememberingLookup(lookup: Lookup, nowMs: () => number): Lookup {
  const places = new Map<string, Place>();
  return (host, family, found) => {
    const key = `${family} ${host}`;
    const place = places.get(key) ?? new Place();
    places.set(key, place);
    place.find((answered) => lookup(host, family, answered), nowMs, found);
  };
}

/** Where one host is. */
class Place {
  #answer: Answer | undefined;
  #goodUntilMs = 0;
  #waiting: Found[] = [];

  find(lookup: (found: Found) => void, nowMs: () => number, found: Found): void {
    const answer = this.#answer;
    if (answer !== undefined && nowMs() < this.#goodUntilMs) {
      return queueMicrotask(() => found(answer.error, answer.address, answer.family));
    }
    if (this.#waiting.push(found) > 1) return;
    lookup((error, address, family) => {
      const isKept = error !== null && this.#answer?.error === null;
      const next = isKept ? this.#answer! : { error, address, family };
      this.#answer = next;
      this.#goodUntilMs = nowMs() + (error === null ? KEPT_MS : RETRIED_MS);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const each of waiting) each(next.error, next.address, next.family);
    });
  }
}
