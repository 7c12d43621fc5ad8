/**
 * Remembers the credentials that requests are signed with, and gets new ones before they expire.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import { untilAborted } from "./deadline.ts";
import { conceal, type Credentials, flawOf } from "./opaque_credentials.ts";

export type { Credentials } from "./opaque_credentials.ts";

/**
 * Gets credentials from somewhere. The shape of the AWS SDK v3's credential providers.
 *
 * @param options.forceRefresh true after the service refused the last ones: a provider that keeps
 * a cache of its own should pass over it
 */
export type CredentialsProvider = (
  options?: { readonly forceRefresh?: boolean },
) => Promise<Credentials>;

/** Where the credentials of each request come from. */
export interface CredentialsSource {
  /**
   * The credentials of now.
   *
   * @throws {KinsumerError} `CredentialsMissing` when there are none to be had
   */
  get(signal?: AbortSignal): Promise<Credentials>;
  /**
   * Says that the service refused these credentials as expired: the next `get` asks for new ones,
   * where there are any to be had.
   *
   * @param rejected what `get` returned; nothing happens when they were replaced since.
   * Absent: whichever are held now
   */
  invalidate(rejected?: Credentials): void;
}

/** Credentials are replaced so long before they expire. */
const REFRESH_MARGIN_MS = 5 * 60_000;
/** Of a lifetime shorter than the margin, the last quarter serves as the margin. */
const SHORT_LIFETIME_MARGIN = 1 / 4;
/** The least time between two calls of a provider while its credentials can still be used. */
const MIN_REFRESH_INTERVAL_MS = 1_000;
/** After a refresh that failed in time, the next is tried so much later. */
const MAX_REFRESH_RETRY_MS = 30_000;
/** A provider that has not answered for so long may never do so: the next who asks does not wait for it. */
const MAX_FLIGHT_MS = 60_000;

/**
 * Makes the source of a client's credentials: those given, a provider's, or the environment's
 * `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
 *
 * @throws {TypeError} when `credentials` is neither a provider nor complete
 */
export function createCredentialsSource(
  options: {
    readonly credentials?: Credentials | CredentialsProvider | undefined;
    readonly runtime: Runtime;
  },
): CredentialsSource {
  const { credentials, runtime } = options;
  if (credentials === undefined) {
    return new CachedCredentials(() => readEnvironment(runtime), runtime);
  }
  if (typeof credentials === "function") {
    return new CachedCredentials((isForced) => askProvider(credentials, isForced), runtime);
  }
  const flaw = flawOf(credentials);
  if (flaw !== undefined) throw new TypeError(`Cannot use the given credentials: ${flaw}`);
  const fixed = conceal(credentials);
  return { get: () => Promise.resolve(fixed), invalidate: () => {} };
}

/** Credentials in use, and for how long. */
interface Held {
  readonly credentials: Credentials;
  /** From then on new ones are asked for. */
  readonly refreshAtMs: number;
  /** From then on these cannot be used. */
  readonly expiresAtMs: number;
}

/**
 * Holds what `load` gave until it is about to expire. One load at a time, however many ask, unless it
 * hangs. While the old ones are still good, nobody waits for the new.
 */
class CachedCredentials implements CredentialsSource {
  readonly #load: (isForced: boolean) => Promise<Credentials>;
  readonly #runtime: Runtime;
  #held: Held | undefined;
  #flight: Promise<Credentials> | undefined;
  #flightStartedMs = 0;
  #isRefused = false;

  constructor(load: (isForced: boolean) => Promise<Credentials>, runtime: Runtime) {
    this.#load = load;
    this.#runtime = runtime;
  }

  async get(signal?: AbortSignal): Promise<Credentials> {
    signal?.throwIfAborted();
    const held = this.#held;
    const nowMs = this.#runtime.clock.nowMs();
    if (held !== undefined && nowMs < held.refreshAtMs) return held.credentials;
    const flight = this.#refresh();
    if (held !== undefined && nowMs < held.expiresAtMs) return held.credentials;
    return await untilAborted(flight, signal);
  }

  invalidate(rejected?: Credentials): void {
    if (rejected !== undefined && rejected !== this.#held?.credentials) return;
    this.#held = undefined;
    this.#isRefused = true;
  }

  #refresh(): Promise<Credentials> {
    const startedMs = this.#runtime.clock.monotonicMs();
    const isHanging = startedMs - this.#flightStartedMs >= MAX_FLIGHT_MS;
    if (this.#flight !== undefined && !isHanging) return this.#flight;
    const flight = this.#obtain().finally(() => {
      if (this.#flight === flight) this.#flight = undefined;
    });
    flight.catch(() => {}); // those who wait see it; an early refresh has nobody waiting
    this.#flightStartedMs = startedMs;
    return this.#flight = flight;
  }

  async #obtain(): Promise<Credentials> {
    try {
      const credentials = conceal(await this.#load(this.#isRefused));
      const nowMs = this.#runtime.clock.nowMs();
      // Late, after another load: what that one gave is newer.
      if (this.#held !== undefined && nowMs < this.#held.refreshAtMs) return credentials;
      this.#isRefused = false;
      this.#held = hold(credentials, nowMs);
      return credentials;
    } catch (error) {
      const nowMs = this.#runtime.clock.nowMs();
      if (this.#held !== undefined && nowMs < this.#held.expiresAtMs) {
        this.#held = postpone(this.#held, nowMs);
      }
      throw error;
    }
  }
}

/** Decides when to replace credentials that were obtained now. */
function hold(credentials: Credentials, nowMs: number): Held {
  const expiresAtMs = credentials.expiration?.getTime() ?? NaN;
  if (Number.isNaN(expiresAtMs)) {
    return { credentials, refreshAtMs: Infinity, expiresAtMs: Infinity };
  }
  const lifetimeMs = expiresAtMs - nowMs;
  const marginMs = lifetimeMs > REFRESH_MARGIN_MS
    ? REFRESH_MARGIN_MS
    : lifetimeMs * SHORT_LIFETIME_MARGIN;
  const refreshAtMs = nowMs + Math.max(lifetimeMs - marginMs, MIN_REFRESH_INTERVAL_MS);
  return { credentials, refreshAtMs, expiresAtMs };
}

/** Decides when to try again after a refresh that failed while the old credentials are good. */
function postpone(held: Held, nowMs: number): Held {
  const waitMs = Math.min((held.expiresAtMs - nowMs) / 4, MAX_REFRESH_RETRY_MS);
  return { ...held, refreshAtMs: nowMs + Math.max(waitMs, MIN_REFRESH_INTERVAL_MS) };
}

async function askProvider(
  provider: CredentialsProvider,
  isForced: boolean,
): Promise<Credentials> {
  let given: Credentials;
  try {
    given = await (isForced ? provider({ forceRefresh: true }) : provider());
  } catch (cause) {
    const message = "Cannot get credentials: the credentials provider failed";
    throw new KinsumerError("CredentialsMissing", message, { cause, retryable: true });
  }
  const flaw = flawOf(given);
  if (flaw === undefined) return given;
  const message = `Cannot use the credentials of the credentials provider: ${flaw}`;
  throw new KinsumerError("CredentialsMissing", message);
}

function readEnvironment(runtime: Runtime): Promise<Credentials> {
  const given = {
    accessKeyId: runtime.env("AWS_ACCESS_KEY_ID") ?? "",
    secretAccessKey: runtime.env("AWS_SECRET_ACCESS_KEY") ?? "",
    sessionToken: runtime.env("AWS_SESSION_TOKEN") || undefined,
  };
  if (given.accessKeyId === "" || given.secretAccessKey === "") {
    const message = "Cannot find credentials: pass the option `credentials`, or set the " +
      'environment variables "AWS_ACCESS_KEY_ID" and "AWS_SECRET_ACCESS_KEY"';
    return Promise.reject(new KinsumerError("CredentialsMissing", message));
  }
  const flaw = flawOf(given);
  if (flaw === undefined) return Promise.resolve(given);
  const message = `Cannot use the credentials of the environment: ${flaw}`;
  return Promise.reject(new KinsumerError("CredentialsMissing", message));
}
