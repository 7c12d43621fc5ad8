/**
 * Stands between one simulated client and one simulated service: delay, and whatever fault a test
 * puts in the way.
 *
 * @module
 */

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
}

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
  return async ({ operation, args, signal }, carryOut) => {
    signal?.throwIfAborted();
    await options.intercept?.(operation, args);
    await clock.sleep(latencyMs, signal);
    signal?.throwIfAborted();
    const answer = carryOut();
    await options.interceptAnswer?.(operation, args, answer);
    if (answerLatencyMs > 0) await clock.sleep(answerLatencyMs, signal);
    signal?.throwIfAborted();
    return answer;
  };
}
