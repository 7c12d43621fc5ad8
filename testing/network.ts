/**
 * Stands between one client and its machine: counts what it sends and how many of its timers run,
 * and cuts the cable.
 *
 * @module
 */

import { decodeCbor } from "../src/aws/cbor.ts";
import { type Fetch, type Runtime, systemRuntime } from "../src/runtime.ts";

/** A request as it was sent. */
export interface SentRequest {
  /** For example `GetRecords`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Whose signature it bears. */
  readonly accessKeyId: string;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

/** How a network fails: at once, or by never answering. */
export type Cut = "refused" | "silent";

/** One client's network, and its timers. */
export class Network {
  /** What to give to the client. */
  readonly runtime: Runtime;
  readonly sent: SentRequest[] = [];
  /** Requests that are neither answered nor given up. */
  inFlightCount = 0;
  /** Timers that run. */
  timerCount = 0;
  /** Holds an answer back until the promise resolves. */
  holdAnswer: ((request: SentRequest) => Promise<void> | undefined) | undefined;
  readonly #inner: Fetch;
  #cut: Cut | undefined;

  constructor(inner: Runtime = systemRuntime()) {
    this.#inner = inner.fetch;
    const sleep: Runtime["clock"]["sleep"] = async (ms, signal) => {
      this.timerCount++;
      await inner.clock.sleep(ms, signal);
      this.timerCount--;
    };
    this.runtime = {
      ...inner,
      clock: { ...inner.clock, sleep },
      fetch: (...request) => this.#fetch(...request),
    };
  }

  /** How many requests were sent: all, or of one operation. */
  count(operation?: string): number {
    if (operation === undefined) return this.sent.length;
    return this.sent.filter((each) => each.operation === operation).length;
  }

  /** How many requests were sent, by operation. */
  counts(): ReadonlyMap<string, number> {
    const operations = new Set(this.sent.map((each) => each.operation));
    return new Map([...operations].sort().map((each) => [each, this.count(each)]));
  }

  /** Nothing arrives any more, in either direction; what is under way is lost. */
  cut(how: Cut): void {
    this.#cut = how;
  }

  /** All is well again. */
  mend(): void {
    this.#cut = undefined;
  }

  async #fetch(...[url, request]: Parameters<Fetch>): ReturnType<Fetch> {
    const { clock } = this.runtime;
    const target = request.headers["x-amz-target"] ?? "";
    const sent = {
      operation: target.slice(target.indexOf(".") + 1),
      input: inputOf(request.body),
      accessKeyId: /Credential=([^/]+)/.exec(request.headers["authorization"] ?? "")?.[1] ?? "",
      atMs: clock.monotonicMs(),
    };
    this.sent.push(sent);
    this.inFlightCount++;
    try {
      await this.#fail(request.signal);
      const response = await this.#inner(url, request);
      await this.holdAnswer?.(sent);
      if (this.#cut !== undefined) {
        await response.text().catch(() => {});
        await this.#fail(request.signal);
      }
      return response;
    } finally {
      this.inFlightCount--;
    }
  }

  async #fail(signal: AbortSignal): Promise<void> {
    if (this.#cut === "refused") throw new TypeError("The network is cut");
    if (this.#cut === undefined) return;
    await new Promise((_, reject) => {
      const giveUp = () => reject(signal.reason);
      if (signal.aborted) giveUp();
      else signal.addEventListener("abort", giveUp, { once: true });
    });
  }
}

function inputOf(body: string | Uint8Array): Readonly<Record<string, unknown>> {
  const input: unknown = typeof body === "string" ? JSON.parse(body) : decodeCbor(body);
  return input as Readonly<Record<string, unknown>>;
}
