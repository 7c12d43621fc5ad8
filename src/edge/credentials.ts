/**
 * Remembers the credentials that requests at the edge are signed with, in as little code as a run
 * needs: those given, a provider's until shortly before they expire, or the environment's.
 *
 * @module
 */

import type { Credentials, CredentialsProvider, CredentialsSource } from "../aws/credentials.ts";
import { untilAborted } from "../aws/deadline.ts";
import { flawOf } from "../aws/opaque_credentials.ts";
import { KinsumerError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";

/** Credentials are replaced so long before they expire. */
const REFRESH_MARGIN_MS = 60_000;
/** What a provider gives that is about to expire is used for so long before it is asked again. */
const MIN_REFRESH_INTERVAL_MS = 1_000;
/** A provider that has not answered for so long is asked again. */
const MAX_FLIGHT_MS = 60_000;

/**
 * Makes the source of a run's credentials.
 *
 * @throws {TypeError} when `credentials` is neither a provider nor complete
 */
export function createEdgeCredentials({ credentials, runtime: { clock, env } }: {
  readonly credentials?: Credentials | CredentialsProvider | undefined;
  readonly runtime: Pick<Runtime, "clock" | "env">;
}): CredentialsSource {
  const isProvider = typeof credentials === "function";
  const given = isProvider ? undefined : credentials;
  const flaw = given && flawOf(given);
  if (flaw !== undefined) throw new TypeError(`Cannot use the given credentials: ${flaw}`);
  let current: Promise<Credentials> | undefined;
  let latest: Credentials | undefined;
  let untilMs = 0;
  let isRefused = false;

  const load = async (): Promise<Credentials> => {
    const loaded = isProvider
      ? await credentials(isRefused ? { forceRefresh: true } : undefined)
      : given ?? fromEnvironment(env);
    const flaw = flawOf(loaded);
    if (flaw !== undefined) throw new Error(flaw);
    isRefused = false;
    latest = loaded;
    const expiresAtMs = loaded.expiration?.getTime() ?? Infinity;
    untilMs = Math.max(expiresAtMs - REFRESH_MARGIN_MS, clock.nowMs() + MIN_REFRESH_INTERVAL_MS);
    return loaded;
  };
  return {
    get: (signal) => {
      if (current === undefined || clock.nowMs() >= untilMs) {
        untilMs = clock.nowMs() + MAX_FLIGHT_MS;
        const loading = current = load().catch((cause: unknown) => {
          if (current === loading) current = undefined;
          throw missing(isProvider, cause);
        });
      }
      return untilAborted(current, signal);
    },
    invalidate: (refused = latest) => {
      if (refused !== latest) return; // another request was refused with them before
      current = latest = undefined;
      isRefused = true;
    },
  };
}

function fromEnvironment(env: Runtime["env"]): Credentials {
  return {
    accessKeyId: env("AWS_ACCESS_KEY_ID") ?? "",
    secretAccessKey: env("AWS_SECRET_ACCESS_KEY") ?? "",
    sessionToken: env("AWS_SESSION_TOKEN"),
  };
}

function missing(isProvider: boolean, cause: unknown): KinsumerError {
  const message = isProvider
    ? "Cannot get credentials: the credentials provider failed, or gave none that can be used"
    : "Cannot find credentials: pass the option `credentials`, or set the environment variables " +
      '"AWS_ACCESS_KEY_ID" and "AWS_SECRET_ACCESS_KEY"';
  return new KinsumerError("CredentialsMissing", message, { cause, retryable: isProvider });
}
