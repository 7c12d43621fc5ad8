/**
 * Asks a server over HTTP, and keeps of the answer what a client must not see: its status, headers
 * and failure as they came.
 *
 * @module
 */

import { createSigner } from "../../src/aws/signing.ts";
import { systemRuntime } from "../../src/runtime.ts";
import {
  type AskOptions,
  type Fields,
  type Reply,
  type Subject,
  Unanswered,
} from "./observation.ts";

const TARGETS = { kinesis: "Kinesis_20131202.", dynamodb: "DynamoDB_20120810." } as const;
const CONTENT_TYPES = {
  kinesis: "application/x-amz-json-1.1",
  dynamodb: "application/x-amz-json-1.0",
} as const;
const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };
const TIMEOUT_MS = 15_000;

/** A server that listens at an endpoint. */
export function openWire(
  server: { readonly service: "kinesis" | "dynamodb"; readonly endpoint: string },
): Subject {
  const { service, endpoint } = server;
  const { clock } = systemRuntime();
  const sign = createSigner({ url: new URL(endpoint).href, service, region: "us-east-1" });
  return {
    isSimulated: false,
    pause: (ms) => clock.sleep(ms),
    ask: async (operation, input, options = {}) => {
      const body = JSON.stringify(input);
      const signed = await sign({
        headers: {
          "content-type": CONTENT_TYPES[service],
          "x-amz-target": TARGETS[service] + operation,
        },
        body,
        credentials: CREDENTIALS,
        nowMs: clock.nowMs(),
      });
      const headers = { ...signed.headers, ...options.headers };
      return await send(signed.url, { headers, body: options.body ?? body, options });
    },
  };
}

async function send(
  url: string,
  request: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | Uint8Array;
    readonly options: AskOptions;
  },
): Promise<Reply> {
  const { headers, body, options: { isBodyless = false, timeoutMs = TIMEOUT_MS } } = request;
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), timeoutMs);
  try {
    const init = { method: "POST", headers, body: body as BodyInit, signal: ending.signal };
    const response = await fetch(url, init);
    const text = isBodyless ? "" : await response.text();
    return asReply(response, text);
  } catch (cause) {
    throw new Unanswered("No answer", { cause });
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
}

function asReply(response: Response, text: string): Reply {
  const body = parse(text);
  const type = body["__type"];
  return {
    status: response.status,
    type: typeof type === "string" ? type : undefined,
    body,
    header: (name) => response.headers.get(name) ?? undefined,
  };
}

function parse(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Fields : {};
  } catch {
    return {}; // no JSON: empty, an event stream, CBOR
  }
}
