/**
 * Says what credentials are, and keeps them so that no secret is ever reachable by printing or
 * serializing an object: in private fields, behind getters.
 *
 * @module
 */

/** What a request is signed with. The shape of the AWS SDK's `AwsCredentialIdentity`. */
export interface Credentials {
  /** Names the key; no secret. */
  readonly accessKeyId: string;
  /** Signs; is never sent, and never told. */
  readonly secretAccessKey: string;
  /** Comes with temporary credentials. */
  readonly sessionToken?: string | undefined;
  /** When temporary credentials expire. Absent: never. */
  readonly expiration?: Date | undefined;
}

/** Whether two credentials sign alike. */
export function isSameCredentials(one: Credentials, other: Credentials): boolean {
  return one.accessKeyId === other.accessKeyId &&
    one.secretAccessKey === other.secretAccessKey &&
    one.sessionToken === other.sessionToken;
}

/** Keeps a copy of some credentials in an object that shows nothing of itself. */
export function conceal(credentials: Credentials): Credentials {
  return new OpaqueCredentials(credentials);
}

class OpaqueCredentials implements Credentials {
  readonly #accessKeyId: string;
  readonly #secretAccessKey: string;
  readonly #sessionToken: string | undefined;
  readonly #expiration: Date | undefined;

  constructor(credentials: Credentials) {
    this.#accessKeyId = credentials.accessKeyId;
    this.#secretAccessKey = credentials.secretAccessKey;
    this.#sessionToken = credentials.sessionToken || undefined;
    this.#expiration = credentials.expiration ?? undefined;
  }

  get accessKeyId(): string {
    return this.#accessKeyId;
  }
  get secretAccessKey(): string {
    return this.#secretAccessKey;
  }
  get sessionToken(): string | undefined {
    return this.#sessionToken;
  }
  get expiration(): Date | undefined {
    return this.#expiration;
  }

  /** For `util.inspect` of Node and Bun, which would call the getters if asked to. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "OpaqueCredentials {}";
  }

  /** For `Deno.inspect`, likewise. */
  [Symbol.for("Deno.customInspect")](): string {
    return "OpaqueCredentials {}";
  }
}

/**
 * What is wrong with some credentials, without quoting them. A value that cannot stand in a header
 * is found here, since the errors of `Headers` would quote it.
 */
export function flawOf(credentials: unknown): string | undefined {
  if (typeof credentials !== "object" || credentials === null) return "they are not an object";
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials as Unchecked;
  return flawOfText("accessKeyId", accessKeyId) ??
    flawOfText("secretAccessKey", secretAccessKey) ??
    (sessionToken ? flawOfText("sessionToken", sessionToken) : undefined) ??
    (!expiration || isDate(expiration) ? undefined : '"expiration" is not a Date');
}

type Unchecked = { readonly [name in keyof Credentials]?: unknown };

function flawOfText(name: keyof Credentials, value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return `"${name}" is not a non-empty string`;
  if (/^[\x21-\x7e]+$/.test(value)) return undefined;
  return `"${name}" contains a space, a control character or one outside ASCII`;
}

/** By its method: the Date of another realm is no instance of ours. */
function isDate(value: unknown): boolean {
  return typeof value === "object" && value !== null && "getTime" in value;
}
