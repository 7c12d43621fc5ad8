/**
 * Stands in for the machine in tests of the wire: a clock that is moved by hand, a `fetch` that
 * answers from a script and remembers what it was asked.
 *
 * @module
 */

import type { Clock, Fetch, FetchRequest, FetchResponse, Random, Runtime } from "../src/runtime.ts";

interface Sleeper {
  readonly atMs: number;
  wake(): void;
}

/** A clock that only moves when it is told to. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  readonly #sleepers = new Set<Sleeper>();
  /** The length of every sleep that was asked for, in milliseconds. */
  readonly sleeps: number[] = [];
  /** Whether a sleep moves the clock and ends by itself. */
  readonly isSelfMoving: boolean;

  constructor(options: { readonly nowMs?: number; readonly isSelfMoving?: boolean } = {}) {
    this.#startMs = this.#nowMs = options.nowMs ?? Date.parse("2015-08-30T12:36:00Z");
    this.isSelfMoving = options.isSelfMoving ?? false;
  }

  /** How many sleeps are under way. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    if (signal?.aborted) return Promise.resolve();
    if (this.isSelfMoving) {
      this.#nowMs += ms;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { atMs: this.#nowMs + ms, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** Moves the clock, and wakes whoever is due. */
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.atMs <= this.#nowMs) sleeper.wake();
  }
}

/** What `fetch` was asked. */
export interface RecordedRequest extends FetchRequest {
  readonly url: string;
}

/** What `fetch` does with one request. */
export type Script = (request: RecordedRequest) => Promise<FetchResponse>;

/** A `fetch` that plays its scripts in order, and then fails. */
export class ScriptedFetch {
  readonly requests: RecordedRequest[] = [];
  readonly #scripts: Script[];
  readonly #watchers = new Set<() => void>();

  constructor(...scripts: Script[]) {
    this.#scripts = scripts;
  }

  readonly fetch: Fetch = (url, request) => {
    const recorded = { ...request, url };
    const script = this.#scripts[this.requests.push(recorded) - 1];
    for (const watcher of this.#watchers) watcher();
    if (script === undefined) throw new TypeError("Cannot fetch: the script is at its end");
    return script(recorded);
  };

  /** Resolves when so many requests have been made. */
  requested(count: number): Promise<void> {
    return new Promise((resolve) => {
      const watcher = (): void => {
        if (this.requests.length < count) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }
}

/** What an answer is made of. */
export interface ScriptedAnswer {
  /** @default {200} */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is, anything else as JSON. @default {""} */
  readonly body?: unknown;
}

/** Answers at once. */
export function answers(answer: ScriptedAnswer): Script {
  return () => Promise.resolve(responseOf(answer));
}

/** Fails as the network does. */
export function breaks(error: unknown = new TypeError("fetch failed")): Script {
  return () => Promise.reject(error);
}

/** Never answers; rejects when the request's signal aborts. */
export function hangs(): Script {
  return ({ signal }) => untilAbort(signal);
}

/** Answers with a status and headers, and then goes on as told with the body. */
export function answersWithBody(
  status: number,
  text: (signal: AbortSignal) => Promise<string>,
): Script {
  return ({ signal }) => Promise.resolve({ ...responseOf({ status }), text: () => text(signal) });
}

/** Rejects with a signal's reason when it aborts. */
export function untilAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function responseOf({ status = 200, headers = {}, body = "" }: ScriptedAnswer): FetchResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const named = new Map(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    status,
    headers: { get: (name) => named.get(name.toLowerCase()) ?? null },
    text: () => Promise.resolve(text),
    arrayBuffer: () => Promise.resolve(new TextEncoder().encode(text).buffer),
  };
}

/** A machine of doubles. What is left out must not be used, and throws. */
export function scriptedRuntime(parts: Partial<Runtime>): Runtime {
  const refuse = (): never => {
    throw new Error("Cannot do this: the test has not provided for it");
  };
  return {
    clock: parts.clock ?? { nowMs: refuse, monotonicMs: refuse, sleep: refuse },
    random: parts.random ?? { next: refuse, uuid: refuse },
    fetch: parts.fetch ?? refuse,
    env: parts.env ?? refuse,
  };
}

/** Chance that always falls the same. */
export function constantRandom(value: number): Random {
  return { next: () => value, uuid: () => "00000000-0000-4000-8000-000000000000" };
}
