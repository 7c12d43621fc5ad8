/**
 * Bounds how long a piece of work is waited for: until a signal aborts, or until a time has passed.
 * Leaves no timer and no listener behind.
 *
 * @module
 */

import type { Clock } from "../runtime.ts";

/** Given as a reason, because without one a DOMException is made for each call. */
const ENDED = "ended";

/** How long to wait, and on whose account. */
export interface Deadline {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** The caller's: gives the work up before the time has passed. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the error that a timeout rejects with. */
  readonly timeoutError: () => Error;
}

/**
 * Waits for `work`, or rejects with the signal's reason as soon as it aborts. The work itself goes
 * on; what becomes of it is then nobody's concern.
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await work;
  let giveUp = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/**
 * Does `work` under a signal that aborts when the caller's does, or when the time has passed.
 *
 * Rejects at that very moment, whether or not `work` heeds the signal.
 *
 * @throws the caller's reason, or what `timeoutError` makes
 */
export async function withDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, timeoutMs, signal, timeoutError } = deadline;
  signal?.throwIfAborted();
  const limit = new AbortController();
  const ended = new AbortController();
  const giveUp = (): void => limit.abort(signal?.reason);
  signal?.addEventListener("abort", giveUp, { once: true });
  void clock.sleep(timeoutMs, ended.signal).then(() => {
    if (!ended.signal.aborted) limit.abort(timeoutError());
  });
  try {
    return await untilAborted(work(limit.signal), limit.signal);
  } finally {
    ended.abort(ENDED);
    signal?.removeEventListener("abort", giveUp);
  }
}
