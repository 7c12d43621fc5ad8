/**
 * Sends requests over connections of its own: as `fetch` would, as far as Kinsumer uses it, and at a
 * fraction of its cost. Connections are kept and used again; redirects are not followed.
 *
 * @module
 */

import type { Fetch, FetchRequest, FetchResponse } from "../runtime.ts";
import type { AnswerHead } from "./answer_reader.ts";
import type { Connection, Exchange, Origin } from "./connection.ts";
import { Pool } from "./pool.ts";

/**
 * Makes a `fetch` with connections of its own.
 *
 * @param maxSockets how many of them may be open at once to one server
 * @param secure whom to trust in place of those whom Node trusts
 */
export function createNodeFetch(maxSockets: number, secure: Origin["secure"] = {}): Fetch {
  const pools = new Map<string, Pool>();
  const targets = new Map<string, Target>();
  const targetOf = (url: string): Target => {
    const known = targets.get(url);
    if (known !== undefined) return known;
    const { protocol, host, hostname, port, pathname, search } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") {
      throw new TypeError(`Cannot fetch: "${protocol}" is not supported`);
    }
    const isTls = protocol === "https:";
    const name = `${protocol}//${host}`;
    const pool = pools.get(name) ?? new Pool({
      isTls,
      host: hostname.replace(/^\[|\]$/g, ""), // of an IPv6 address
      port: port === "" ? (isTls ? 443 : 80) : Number(port),
      secure,
    }, maxSockets);
    pools.set(name, pool);
    const target = { pool, host, path: `${pathname}${search}` };
    targets.set(url, target);
    return target;
  };
  return async (url, request) => await send(targetOf(url), request);
}

/** Where requests to one URL go. */
interface Target {
  readonly pool: Pool;
  readonly host: string;
  readonly path: string;
}

function send(target: Target, request: FetchRequest): Promise<FetchResponse> {
  return new Promise((resolve, reject) => {
    if (request.signal.aborted) return reject(request.signal.reason);
    new Call(target, request, { resolve, reject }).begin(false);
  });
}

interface Settle {
  readonly resolve: (response: FetchResponse) => void;
  readonly reject: (error: unknown) => void;
}

/** One request, over one connection, or over a second where the first had been closed. */
class Call implements Exchange {
  readonly bytes: string | Uint8Array;
  readonly #pool: Pool;
  readonly #signal: AbortSignal;
  readonly #settle: Settle;
  readonly #abort = (): void => this.#giveUp();
  #connection: Connection | undefined;
  #response: SocketResponse | undefined;
  #isFirst = true;

  constructor(target: Target, request: FetchRequest, settle: Settle) {
    this.#pool = target.pool;
    this.#signal = request.signal;
    this.#settle = settle;
    this.bytes = bytesOf(target, request);
    this.#signal.addEventListener("abort", this.#abort, { once: true });
  }

  begin(isNew: boolean): void {
    this.#pool.begin(this, isNew);
  }

  over(connection: Connection): void {
    this.#connection = connection;
    connection.send(this);
  }

  answered(head: AnswerHead): void {
    this.#response = new SocketResponse(head);
    this.#settle.resolve(this.#response);
  }

  completed(body: Uint8Array<ArrayBuffer>): void {
    this.#end();
    this.#response?.complete(body);
  }

  failed(error: unknown, isUnheard: boolean): void {
    this.#connection = undefined;
    if (isUnheard && this.#isFirst && !this.#signal.aborted) {
      this.#isFirst = false;
      return this.begin(true);
    }
    this.#end();
    this.#settle.reject(error);
    this.#response?.fail(error);
  }

  #giveUp(): void {
    const { reason } = this.#signal;
    if (this.#connection !== undefined) return this.#connection.destroy(reason);
    this.#pool.forget(this);
    this.failed(reason, false);
  }

  #end(): void {
    this.#connection = undefined;
    this.#signal.removeEventListener("abort", this.#abort);
  }
}

const FORBIDDEN = /[^\t\x20-\x7e]/;

/** The request as it goes out, in one piece. */
function bytesOf({ host, path }: Target, request: FetchRequest): string | Uint8Array {
  const { method, headers, body } = request;
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (const name in headers) {
    const value = headers[name]!;
    if (FORBIDDEN.test(value)) {
      throw new TypeError(`Cannot fetch: the header "${name}" is not ASCII`);
    }
    head += `${name}: ${value}\r\n`;
  }
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  head += `content-length: ${length}\r\n\r\n`;
  if (typeof body === "string" && length === body.length) return head + body;
  const bytes = Buffer.allocUnsafe(head.length + length);
  bytes.write(head, "latin1");
  if (typeof body === "string") bytes.write(body, head.length);
  else bytes.set(body, head.length);
  return bytes;
}

const decoder = new TextDecoder();

/** An answer, whose body is collected from the beginning. */
class SocketResponse implements FetchResponse {
  readonly status: number;
  readonly headers: FetchResponse["headers"];
  readonly #body: Promise<Uint8Array<ArrayBuffer>>;
  complete!: (body: Uint8Array<ArrayBuffer>) => void;
  fail!: (error: unknown) => void;

  constructor({ status, headers }: AnswerHead) {
    this.status = status;
    this.headers = { get: (name) => headers.get(name.toLowerCase()) ?? null };
    this.#body = new Promise((resolve, reject) => {
      this.complete = resolve;
      this.fail = reject;
    });
    this.#body.catch(() => {}); // whoever reads the body is told
  }

  async text(): Promise<string> {
    return decoder.decode(await this.#body);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.#body).buffer;
  }
}
