/**
 * Repeats calls that failed for a passing reason, with growing random pauses. Decides how often and
 * how long; what may be repeated, the error says.
 *
 * A write whose answer was lost may thus be done twice: its condition must tell.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { Clock, Random } from "../runtime.ts";
import type { AwsCall, RetryFacts } from "./call.ts";

/** One repetition, as it is about to happen. */
export interface Retry extends RetryFacts {
  readonly target: string;
}

/** How calls are repeated. */
export interface RetryingOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How often a call is tried in all: at least 1. @default {4} */
  readonly maxAttempts?: number | undefined;
  /** The longest first pause, in milliseconds; each later may be twice as long. @default {100} */
  readonly baseDelayMs?: number | undefined;
  /** No pause is longer, in milliseconds. @default {5000} */
  readonly maxDelayMs?: number | undefined;
  /**
   * Targets that are tried once, because their caller paces them.
   * @default ["Kinesis_20131202.GetRecords"]
   */
  readonly unrepeatedTargets?: readonly string[] | undefined;
  /** Told of each repetition. What it throws, the call throws. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

const DEFAULT_MAX_ATTEMPTS = 4;
const DEFAULT_BASE_DELAY_MS = 100;
const DEFAULT_MAX_DELAY_MS = 5_000;
const DEFAULT_UNREPEATED_TARGETS = ["Kinesis_20131202.GetRecords"];

/**
 * Wraps a call so that it is repeated while its failures are retryable.
 *
 * Pauses are evenly spread between 0 and a bound that doubles ("full jitter"). The first network
 * failure is repeated at once: most likely the service had closed a socket that we held open.
 *
 * @throws what the last attempt throws, or the signal's reason
 */
export function retrying(call: AwsCall, options: RetryingOptions): AwsCall {
  const { clock, random, maxAttempts = DEFAULT_MAX_ATTEMPTS, onRetry } = options;
  const { baseDelayMs = DEFAULT_BASE_DELAY_MS, maxDelayMs = DEFAULT_MAX_DELAY_MS } = options;
  const { unrepeatedTargets = DEFAULT_UNREPEATED_TARGETS } = options;
  return async (target, input, callOptions) => {
    const signal = callOptions?.signal;
    let boundMs = baseDelayMs;
    let isNetworkTrusted = true;
    for (let attempt = 1;; attempt++) {
      try {
        return await call(target, input, callOptions);
      } catch (error) {
        if (!(error instanceof KinsumerError) || !error.retryable) throw error;
        if (attempt >= maxAttempts || unrepeatedTargets.includes(target)) throw error;
        signal?.throwIfAborted();
        let delayMs = 0;
        if (error.code === "NetworkFailure" && isNetworkTrusted) isNetworkTrusted = false;
        else {
          delayMs = random.next() * Math.min(boundMs, maxDelayMs);
          boundMs *= 2;
        }
        onRetry?.({ target, attempt, delayMs, error });
        callOptions?.onRetry?.({ attempt, delayMs, error });
        if (delayMs > 0) await clock.sleep(delayMs, signal);
        signal?.throwIfAborted();
      }
    }
  };
}
