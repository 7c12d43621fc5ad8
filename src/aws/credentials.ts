/**
 * Remembers the credentials that requests are signed with, and gets new ones before they expire.
 *
 * @module
 */

import { KinsumerError, type KinsumerErrorFacts } from "../errors.ts";
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
    return new CachedCredentials(() => readEnvironment(runtime), "environment", runtime);
  }
  if (typeof credentials === "function") {
    const ask = (isForced: boolean) => askProvider(credentials, isForced);
    return new CachedCredentials(ask, "credentials provider", runtime);
  }
  const flaw = flawOf(credentials);
  if (flaw !== undefined) throw new TypeError(`Cannot use the given credentials: ${flaw}`);
  const fixed = conceal(credentials);
  return { get: () => Promise.resolve(fixed), invalidate: () => {} };
}

/** Credentials in use, and for how long. */
interface Held {
  readonly credentials?: Credentials;
  /** From then on new ones are asked for. */
  readonly refreshAtMs: number;
  /** From then on these cannot be used. */
  readonly expiresAtMs: number;
}

const NONE: Held = { refreshAtMs: -Infinity, expiresAtMs: -Infinity };

/**
 * Holds what `load` gave until it is about to expire. One load at a time, however many ask, unless it
 * hangs. While the old ones are still good, nobody waits for the new.
 */
class CachedCredentials implements CredentialsSource {
  readonly #load: (isForced: boolean) => Promise<Credentials>;
  readonly #origin: string;
  readonly #runtime: Runtime;
  #held = NONE;
  #flight: Promise<Credentials> | undefined;
  #flightStartedMs = 0;
  #isRefused = false;

  /** @param origin whose credentials they are, for the error */
  constructor(
    load: (isForced: boolean) => Promise<Credentials>,
    origin: string,
    runtime: Runtime,
  ) {
    this.#load = load;
    this.#origin = origin;
    this.#runtime = runtime;
  }

  async get(signal?: AbortSignal): Promise<Credentials> {
    signal?.throwIfAborted();
    const { credentials, refreshAtMs, expiresAtMs } = this.#held;
    const nowMs = this.#runtime.clock.nowMs();
    if (nowMs < refreshAtMs) return credentials!;
    const flight = this.#refresh();
    return nowMs < expiresAtMs ? credentials! : await untilAborted(flight, signal);
  }

  invalidate(rejected: Credentials | undefined = this.#held.credentials): void {
    if (rejected !== this.#held.credentials) return;
    this.#held = NONE;
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
    const { clock } = this.#runtime;
    try {
      const given = await this.#load(this.#isRefused);
      const flaw = flawOf(given);
      if (flaw !== undefined) {
        throw missing(`Cannot use the credentials of the ${this.#origin}: ${flaw}`);
      }
      const credentials = conceal(given);
      const nowMs = clock.nowMs();
      // Late, after another load: what that one gave is newer.
      if (nowMs < this.#held.refreshAtMs) return credentials;
      this.#isRefused = false;
      this.#held = hold(credentials, nowMs);
      return credentials;
    } catch (error) {
      const { expiresAtMs } = this.#held;
      const leftMs = expiresAtMs - clock.nowMs();
      // Decides when to try again, while the old credentials are good.
      if (leftMs > 0) {
        const waitMs = Math.min(leftMs / 4, MAX_REFRESH_RETRY_MS);
        const refreshAtMs = clock.nowMs() + Math.max(waitMs, MIN_REFRESH_INTERVAL_MS);
        this.#held = { ...this.#held, refreshAtMs };
      }
      throw error;
    }
  }
}

/** Decides when to replace credentials that were obtained now. */
function hold(credentials: Credentials, nowMs: number): Held {
  const givenMs = credentials.expiration?.getTime() ?? NaN;
  const expiresAtMs = Number.isNaN(givenMs) ? Infinity : givenMs;
  const lifetimeMs = expiresAtMs - nowMs;
  const marginMs = lifetimeMs > REFRESH_MARGIN_MS
    ? REFRESH_MARGIN_MS
    : lifetimeMs * SHORT_LIFETIME_MARGIN;
  const refreshAtMs = nowMs + Math.max(lifetimeMs - marginMs, MIN_REFRESH_INTERVAL_MS);
  return { credentials, refreshAtMs, expiresAtMs };
}

async function askProvider(
  provider: CredentialsProvider,
  isForced: boolean,
): Promise<Credentials> {
  try {
    return await (isForced ? provider({ forceRefresh: true }) : provider());
  } catch (cause) {
    const facts = { cause, retryable: true };
    throw missing("Cannot get credentials: the credentials provider failed", facts);
  }
}

// Async, so that what it throws rejects.
// deno-lint-ignore require-await
async function readEnvironment({ env }: Runtime): Promise<Credentials> {
  const [accessKeyId, secretAccessKey] = [env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")];
  if (!accessKeyId || !secretAccessKey) {
    throw missing(
      "Cannot find credentials: pass the option `credentials`, or set the environment variables " +
        '"AWS_ACCESS_KEY_ID" and "AWS_SECRET_ACCESS_KEY"; profiles, SSO and the roles of containers ' +
        "and machines take a function, such as fromNodeProviderChain() of " +
        "@aws-sdk/credential-providers",
    );
  }
  return { accessKeyId, secretAccessKey, sessionToken: env("AWS_SESSION_TOKEN") };
}

function missing(message: string, facts?: KinsumerErrorFacts): KinsumerError {
  return new KinsumerError("CredentialsMissing", message, facts);
}
