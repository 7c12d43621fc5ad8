/**
 * Sends requests by `node:http` and `node:https`: as `fetch` would, as far as Kinsumer uses it, and
 * at a fraction of its cost. Connections are kept and used again; redirects are not followed.
 *
 * @module
 */

import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { Fetch, FetchRequest, FetchResponse } from "../runtime.ts";

/** An idle connection is closed after this time. */
const IDLE_TIMEOUT_MS = 60_000;

/** Makes a `fetch` with connections of its own. */
export function createNodeFetch(maxSockets: number): Fetch {
  // The last that was used is used first, so that those which are not needed grow old and go.
  const options = {
    keepAlive: true,
    maxSockets,
    maxFreeSockets: maxSockets,
    scheduling: "lifo",
    timeout: IDLE_TIMEOUT_MS,
  } as const;
  const agents = { "http:": new HttpAgent(options), "https:": new HttpsAgent(options) };
  const targets = new Map<string, RequestOptions>();
  const targetOf = (url: string): RequestOptions => {
    const known = targets.get(url);
    if (known !== undefined) return known;
    const { protocol, hostname, port, pathname, search } = new URL(url);
    const agent = agents[protocol as keyof typeof agents];
    if (agent === undefined) throw new TypeError(`Cannot fetch: "${protocol}" is not supported`);
    const host = hostname.replace(/^\[|\]$/g, ""); // of an IPv6 address
    const target = { protocol, host, port, path: `${pathname}${search}`, agent };
    targets.set(url, target);
    return target;
  };
  return async (url, request) => await send(targetOf(url), request, true);
}

/**
 * @param isFirst whether a connection that the server had closed while it was idle may be replaced
 */
function send(
  target: RequestOptions,
  request: FetchRequest,
  isFirst: boolean,
): Promise<FetchResponse> {
  const { signal, body, method } = request;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    const headers = { ...request.headers, "content-length": length };
    const make = target.protocol === "https:" ? requestHttps : requestHttp;
    const outgoing = make({ ...target, method, headers });
    const abort = (): void => void outgoing.destroy(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    outgoing.once("close", () => signal.removeEventListener("abort", abort));
    outgoing.once("response", (incoming: IncomingMessage) => resolve(new NodeResponse(incoming)));
    outgoing.on("error", (error) => {
      if (isFirst && isStale(outgoing, error) && !signal.aborted) {
        send(target, request, false).then(resolve, reject);
      } else reject(error);
    });
    outgoing.end(body);
  });
}

/** Whether a kept connection turned out to be closed before anything was answered on it. */
function isStale(outgoing: ClientRequest, error: NodeJS.ErrnoException): boolean {
  return outgoing.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

/** An answer, whose body is collected from the beginning. */
class NodeResponse implements FetchResponse {
  readonly status: number;
  readonly headers: FetchResponse["headers"];
  readonly #body: Promise<Uint8Array<ArrayBuffer>>;

  constructor(incoming: IncomingMessage) {
    this.status = incoming.statusCode ?? 0;
    this.headers = {
      get: (name) => {
        const value = incoming.headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    };
    this.#body = collect(incoming);
    this.#body.catch(() => {}); // whoever reads the body is told
  }

  async text(): Promise<string> {
    const { buffer, byteOffset, byteLength } = await this.#body;
    return new TextDecoder().decode(new Uint8Array(buffer, byteOffset, byteLength));
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.#body).buffer;
  }
}

/** Longer bodies are collected piece by piece, whatever the header promises. */
const MAX_PREPARED_BYTES = 33_554_432;

function collect(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const promised = Number(incoming.headers["content-length"] ?? Number.NaN);
  const isPrepared = promised <= MAX_PREPARED_BYTES && !incoming.headers["content-encoding"];
  return isPrepared ? collectInto(incoming, promised) : collectPieces(incoming);
}

/** Copies what arrives to its place at once: there are never two copies of an answer. */
function collectInto(
  incoming: IncomingMessage,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const whole = bytesOf(length);
    let at = 0;
    incoming.on("data", (chunk: Uint8Array) => {
      whole.set(chunk, at); // the parser lets no more arrive than was promised
      at += chunk.length;
    });
    settle(incoming, () => resolve(whole), reject);
  });
}

function collectPieces(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    incoming.on("data", (chunk: Uint8Array) => {
      chunks.push(chunk);
      length += chunk.length;
    });
    settle(incoming, () => {
      const whole = bytesOf(length);
      let at = 0;
      for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      resolve(whole);
    }, reject);
  });
}

/** Memory of its own, not cleared before it is written. */
function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer as ArrayBuffer);
}

function settle(
  incoming: IncomingMessage,
  finish: () => void,
  fail: (error: unknown) => void,
): void {
  incoming.once("end", finish);
  incoming.once("error", fail);
  incoming.once("close", () => {
    if (!incoming.complete) fail(new Error("Cannot read the answer: the connection was closed"));
  });
}
