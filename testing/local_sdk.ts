/**
 * Leads the AWS SDK for JavaScript (version 3) to the local servers: the configuration of a client,
 * with a request handler of its own.
 *
 * The SDK's Kinesis client speaks HTTP/2 unless told otherwise, and no local server does without TLS.
 * The handler here is `fetch`, on every runtime.
 *
 * @module
 */

/** What the SDK asks of the network, as far as it is used. */
export interface SdkRequest {
  /** The HTTP method. */
  readonly method: string;
  /** With its colon: `"http:"`. */
  readonly protocol: string;
  /** The host, without the port. */
  readonly hostname: string;
  /** The port; the protocol's own when absent. */
  readonly port?: number | undefined;
  /** The path, without the query. */
  readonly path: string;
  /** The query, by name. */
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined;
  /** The headers, signature included. */
  readonly headers: Readonly<Record<string, string>>;
  /** Text or bytes. */
  readonly body?: unknown;
}

/** What the SDK gets from the network. */
export interface SdkResponse {
  /** The HTTP status. */
  readonly statusCode: number;
  /** Its phrase. */
  readonly reason: string;
  /** The headers, by their names in small letters. */
  readonly headers: Record<string, string>;
  /** The bytes, as the SDK collects them. */
  readonly body: unknown;
}

/** A request handler of the SDK. */
export interface SdkRequestHandler {
  /** Sends a request. */
  handle(
    request: SdkRequest,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ response: SdkResponse }>;
  /** The SDK calls it; there is nothing to configure. */
  updateHttpClientConfig(): void;
  /** The SDK calls it; there is nothing configured. */
  httpHandlerConfigs(): Record<string, never>;
  /** The SDK calls it; there is nothing to let go of. */
  destroy(): void;
}

/** The configuration of a client of the SDK. */
export interface SdkConfig {
  /** Where the local service answers. */
  readonly endpoint: string;
  /** The region that requests are signed for. */
  readonly region: string;
  /** What requests are signed with. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Sends the requests, by way of the faults. */
  readonly requestHandler: SdkRequestHandler;
}

/** A request handler that speaks HTTP/1.1. */
export function createSdkRequestHandler(): SdkRequestHandler {
  return {
    handle: async (request, { abortSignal } = {}) => {
      // `content-length` is fetch's own business; as for `host`, it is part of the address.
      const { host: _, "content-length": __, ...headers } = request.headers;
      const signal = abortSignal instanceof AbortSignal ? abortSignal : null;
      try {
        const answer = await fetch(urlOf(request), {
          method: request.method,
          headers,
          body: request.body as BodyInit | null | undefined ?? null,
          signal,
        });
        return { response: await toResponse(answer) };
      } catch (error) {
        throw signal?.aborted ? error : connectionLost(error);
      }
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    destroy: () => {},
  };
}

/** The SDK makes a call again after a failure of the network, which it knows by Node's code only. */
function connectionLost(cause: unknown): Error {
  return Object.assign(new Error("The connection was lost", { cause }), { code: "ECONNRESET" });
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values ?? ""].flat()) url.searchParams.append(name, value);
  }
  return url.href;
}

async function toResponse(answer: Response): Promise<SdkResponse> {
  const headers = Object.fromEntries(answer.headers);
  const isStream = headers["content-type"]?.includes("eventstream") === true;
  return {
    statusCode: answer.status,
    reason: answer.statusText,
    headers,
    body: isStream ? answer.body : new Uint8Array(await answer.arrayBuffer()),
  };
}
