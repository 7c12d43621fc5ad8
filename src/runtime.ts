/**
 * The four things a consumer needs from the machine it runs on: time, chance, the network and the
 * environment. `systemRuntime()` alone touches the globals, so that everything above it can run in
 * a simulated world.
 *
 * @module
 */

/** Time. The only source of it, and the only timer. */
export interface Clock {
  /** Wall-clock time: milliseconds since the Unix epoch. May jump; never used to measure. */
  nowMs(): number;
  /** Milliseconds since some fixed moment; never goes back, and is not adjusted. */
  monotonicMs(): number;
  /**
   * Waits. Resolves after `ms` milliseconds (24 days at the most), or as soon as `signal` aborts; never rejects.
   *
   * @param ms at least 0; 0 gives other work a turn
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `fire` after `ms` milliseconds, unless what it returns is called before: what `sleep` can do
   * too, for less. Every request has one. @default by `sleep`
   */
  after?(ms: number, fire: () => void): () => void;
}

/** Chance. */
export interface Random {
  /** A number from 0 (included) to 1 (excluded), evenly spread. */
  next(): number;
  /** A new random UUID. */
  uuid(): string;
}

/** What a request needs of `fetch`. */
export interface FetchRequest {
  /** The HTTP method. */
  readonly method: string;
  /** The headers, signature included. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes where the request is in CBOR. */
  readonly body: string | Uint8Array<ArrayBuffer>;
  /** Ends the request when it aborts. */
  readonly signal: AbortSignal;
}

/** What a request needs of the answer of `fetch`. */
export interface FetchResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The headers, by their names in any case. */
  readonly headers: { get(name: string): string | null };
  /** The body, as text. Either this or `arrayBuffer()`, once. */
  text(): Promise<string>;
  /** The body, as bytes. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The network: `fetch`, cut down to what is used of it. */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchResponse>;

/** Somebody who waits for a consumer. */
export interface Wait {
  /** Settles when the waiting ends. */
  readonly until: Promise<unknown>;
  /** Whether it is for the next record or batch, which may never come. */
  readonly isForRecords: boolean;
  /** How many records of this consumer are being worked on now. The same function for every wait. */
  readonly inHandCount: () => number;
}

/** A request as it goes out, but for its body. */
export interface SignedRequest {
  /** Where it goes. */
  readonly url: string;
  /** The headers, signature included. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What is to be signed, by whom and when. */
export interface SigningRequest {
  /** Their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What is sent. */
  readonly body: string | Uint8Array<ArrayBuffer>;
  /** The same object for as long as the credentials are the same. */
  readonly credentials: {
    /** Names the key; no secret. */
    readonly accessKeyId: string;
    /** Signs; is never sent. */
    readonly secretAccessKey: string;
    /** Is sent, with temporary credentials. */
    readonly sessionToken?: string | undefined;
  };
  /** The signature's time: milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** Signs a POST to one endpoint with AWS Signature Version 4. */
export type Signer = (request: SigningRequest) => SignedRequest | Promise<SignedRequest>;

/** Where a signer's requests go. */
export interface SignerEndpoint {
  /** Its URL, without a path. */
  readonly url: string;
  /** As a signature names it: `"kinesis"` or `"dynamodb"`. */
  readonly service: string;
  /** The region that requests are signed for. */
  readonly region: string;
}

/** Everything that a consumer takes from the machine it runs on. */
export interface Runtime {
  /** Time and timers. */
  readonly clock: Clock;
  /** Chance. */
  readonly random: Random;
  /** The network. */
  readonly fetch: Fetch;
  /** The value of an environment variable; `undefined` where there is none, or no access to it. */
  readonly env: (name: string) => string | undefined;
  /** Makes what signs the requests to one endpoint. @default by aws4fetch and WebCrypto */
  readonly createSigner?: ((endpoint: SignerEndpoint) => Signer) | undefined;
  /**
   * Is told whenever the consumer's user begins to wait for it: a virtual clock can move while
   * somebody waits, and rest while records are worked on. Nothing else needs it.
   */
  readonly onWait?: ((wait: Wait) => void) | undefined;
}

/** The runtime's own clock, random source, `fetch` and environment. */
export function systemRuntime(): Runtime {
  return { clock: systemClock, random: systemRandom, fetch: systemFetch, env: systemEnv };
}

/** A longer timeout fires at once, on every runtime. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, LONGEST_TIMEOUT_MS));
      signal?.addEventListener("abort", done, { once: true });
    }),
  after: (ms, fire) => {
    const timer = setTimeout(fire, Math.min(ms, LONGEST_TIMEOUT_MS));
    return () => clearTimeout(timer);
  },
};

const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => crypto.randomUUID(),
};

// "manual", because "error" is not known to workerd; a redirect then fails as an unexpected status.
const systemFetch: Fetch = (url, request) => fetch(url, { ...request, redirect: "manual" });

function systemEnv(name: string): string | undefined {
  const globals = globalThis as {
    Deno?: {
      env: { get(name: string): string | undefined };
      permissions?: {
        querySync?(asked: { name: "env"; variable: string }): { readonly state: string };
      };
    };
    process?: { env?: Record<string, string | undefined> };
  };
  try {
    // Reading would ask Deno's user for leave, and few have a use for these variables.
    if (/ENDPOINT_URL/.test(name)) {
      const asked = { name: "env", variable: name } as const;
      if (globals.Deno?.permissions?.querySync?.(asked).state === "prompt") return undefined;
    }
    return globals.Deno?.env.get(name) ?? globals.process?.env?.[name];
  } catch {
    return undefined; // Deno without permission to read this variable
  }
}
