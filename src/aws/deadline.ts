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
 * A port of the user's own, each of whose calls ends when the signal that it is given aborts, whether
 * or not the port heeds it.
 */
export function heeding<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...args: readonly unknown[]) => {
        const signal = args.find((each) => each instanceof AbortSignal);
        signal?.throwIfAborted();
        return await untilAborted(Reflect.apply(method, target, args), signal);
      };
    },
  });
}

/**
 * Does `work` under a signal that aborts when the caller's does, or when the time has passed.
 *
 * Rejects at that very moment, whether or not `work` heeds the signal.
 *
 * @throws the caller's reason, or what `timeoutError` makes
 */
export function withDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, timeoutMs, signal, timeoutError } = deadline;
  // By hand, because every poll of an idle shard has one: async functions and races cost twice.
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const limit = new AbortController();
    const end = (): void => {
      cancel();
      signal?.removeEventListener("abort", giveUp);
    };
    const give = (reason: unknown): void => {
      end();
      reject(reason);
      limit.abort(reason);
    };
    const giveUp = (): void => give(signal?.reason);
    const cancel = after(clock, timeoutMs, () => give(timeoutError()));
    signal?.addEventListener("abort", giveUp, { once: true });
    work(limit.signal).then((result) => {
      end();
      resolve(result);
    }, (error: unknown) => {
      end();
      reject(error);
    });
  });
}

function after(clock: Clock, ms: number, fire: () => void): () => void {
  if (clock.after !== undefined) return clock.after(ms, fire);
  const ended = new AbortController();
  void clock.sleep(ms, ended.signal).then(() => {
    if (!ended.signal.aborted) fire();
  });
  return () => ended.abort(ENDED);
}
