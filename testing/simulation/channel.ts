/**
 * Stands between one simulated client and one simulated service: delay, and whatever fault a test
 * puts in the way.
 *
 * @module
 */

import { KinsumerError } from "../../src/errors.ts";
import type { Clock } from "../../src/runtime.ts";

/** How one client reaches a simulated service. */
export interface ChannelOptions {
  /** The client's own clock. @default the service's */
  readonly clock?: Clock | undefined;
  /** How long a request travels before it is carried out, in milliseconds. @default {1} */
  readonly latencyMs?: number | undefined;
  /** How long its answer travels back, in milliseconds. @default {0} */
  readonly answerLatencyMs?: number | undefined;
  /**
   * Called before each request leaves; what it throws is what the caller sees, and nothing is
   * carried out. Operations are named as the service names them: `UpdateItem`, `GetRecords`.
   */
  readonly intercept?: ((operation: string, args: unknown) => void | Promise<void>) | undefined;
  /**
   * Called when a request has been carried out; what it throws is what the caller sees in place of
   * the answer: a lost answer.
   */
  readonly interceptAnswer?:
    | ((operation: string, args: unknown, answer: unknown) => void | Promise<void>)
    | undefined;
  /** Whether a request goes on when its caller has given it up. @default {false} */
  readonly isDeaf?: boolean | undefined;
  /** Chooses what becomes of a request on its way; absent, or `undefined`: it arrives once, in time. */
  readonly fate?: ((operation: string, args: unknown) => Fate | undefined) | undefined;
}

/** What may become of a request on its way. */
export type Fate =
  /** The caller sees a failure at once; the request is carried out later all the same. */
  | { readonly fate: "late"; readonly ms: number }
  /** The request is carried out in time, and once more later. */
  | { readonly fate: "twice"; readonly ms: number };

/** Carries one request out. */
export type Channel = <Answer>(
  request: {
    readonly operation: string;
    readonly args: unknown;
    readonly signal: AbortSignal | undefined;
  },
  carryOut: () => Answer,
) => Promise<Answer>;

/** Opens a channel from a client to a service. */
export function createChannel(
  service: { readonly clock: Clock },
  options: ChannelOptions,
): Channel {
  const { clock = service.clock, latencyMs = 1, answerLatencyMs = 0 } = options;
  return async ({ operation, args, signal: given }, carryOut) => {
    const signal = options.isDeaf ? undefined : given;
    signal?.throwIfAborted();
    await options.intercept?.(operation, args);
    const fate = options.fate?.(operation, args);
    await clock.sleep(latencyMs, signal);
    signal?.throwIfAborted();
    if (fate !== undefined) again(service.clock, fate.ms, carryOut);
    if (fate?.fate === "late") {
      throw new KinsumerError("NetworkFailure", "Cannot tell: no answer", { retryable: true });
    }
    const answer = carryOut();
    await options.interceptAnswer?.(operation, args, answer);
    if (answerLatencyMs > 0) await clock.sleep(answerLatencyMs, signal);
    signal?.throwIfAborted();
    return answer;
  };
}

/** Carries a request out later; nobody waits for its answer. */
function again(clock: Clock, ms: number, carryOut: () => unknown): void {
  clock.sleep(ms).then(() => {
    try {
      carryOut();
    } catch {
      // The service refused it: there is nobody to tell.
    }
  });
}
