/**
 * Makes the answers of a faulty service: refusals, ends of shards that are none, lists in pages.
 *
 * @module
 */

import type { Readable } from "node:stream";
import type { FaultKind, Faults } from "./fault_proxy_faults.ts";
import {
  type IteratorMemory,
  type JsonObject,
  parseObject,
  type ProxiedRequest,
} from "./fault_proxy_request.ts";

/** An answer on its way back. */
export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
  /** In place of a body: what arrives for as long as the subscription lives. */
  readonly events?: Readable | undefined;
}

const DYNAMODB_PREFIX = "com.amazonaws.dynamodb.v20120810#";
/** A signature may be so much older or younger than the service's clock. */
const SIGNATURE_TOLERANCE_MS = 300_000;
const TOKEN_TTL_MS = 300_000;
/** Lists under way that are remembered. */
const MAX_TOKENS = 1_000;

/** What refuses a request before a server has seen it. */
export function refusalOf(faults: Faults, request: ProxiedRequest): ProxiedAnswer | undefined {
  const skew = faults.strike("clock-skew", request, ({ skewMs }) => isMistimed(request, skewMs));
  if (skew !== undefined) {
    const date = new Date(Date.now() + skew.skewMs).toUTCString();
    return refuse(request, { type: "InvalidSignatureException", status: 400, date });
  }
  for (const [kind, type, status] of REFUSALS) {
    if (faults.strike(kind, request)) return refuse(request, { type, status });
  }
  const isRead = request.operation === "GetRecords";
  if (isRead && faults.strike("expired-iterator", request)) {
    return refuse(request, { type: "ExpiredIteratorException", status: 400 });
  }
  return undefined;
}

const REFUSALS: readonly (readonly [kind: FaultKind, type: string, status: number])[] = [
  ["expired-credentials", "ExpiredTokenException", 400],
  ["throttle", "ProvisionedThroughputExceededException", 400],
  ["server-error", "InternalFailure", 500],
];

function isMistimed({ signedAtMs }: ProxiedRequest, skewMs: number): boolean {
  const differenceMs = (signedAtMs ?? Date.now()) - (Date.now() + skewMs);
  return Math.abs(differenceMs) > SIGNATURE_TOLERANCE_MS;
}

function refuse(
  { service }: ProxiedRequest,
  facts: { readonly type: string; readonly status: number; readonly date?: string },
): ProxiedAnswer {
  const { type, status, date } = facts;
  const __type = service === "dynamodb" ? DYNAMODB_PREFIX + type : type;
  const document = { __type, message: "The fault proxy refuses" };
  return jsonAnswer(status, document, date === undefined ? {} : { date });
}

function jsonAnswer(
  status: number,
  document: JsonObject,
  headers: ProxiedAnswer["headers"] = {},
): ProxiedAnswer {
  const body = new TextEncoder().encode(JSON.stringify(document));
  return { status, headers: { ...headers, "content-type": "application/x-amz-json-1.1" }, body };
}

/** Changes answers of Kinesis, and learns from them. */
export class AnswerChanger {
  readonly #faults: Faults;
  readonly #iterators: IteratorMemory;
  readonly #tokens = new Map<string, ListRest>();
  #tokenCount = 0;

  constructor(faults: Faults, iterators: IteratorMemory) {
    this.#faults = faults;
    this.#iterators = iterators;
  }

  /** The next page of a list; kinesalite would die of the question. */
  nextPage(request: ProxiedRequest): ProxiedAnswer | undefined {
    const token = request.input["NextToken"];
    if (request.operation !== "ListShards" || typeof token !== "string") return undefined;
    const rest = this.#tokens.get(token);
    if (rest === undefined || performance.now() > rest.untilMs) {
      return refuse(request, { type: "ExpiredNextTokenException", status: 400 });
    }
    return this.#page(rest);
  }

  /** The answer as the client gets it. */
  change(request: ProxiedRequest, answer: ProxiedAnswer): ProxiedAnswer {
    if (request.service !== "kinesis" || answer.status !== 200) return answer;
    if (!["GetRecords", "GetShardIterator", "ListShards"].includes(request.operation)) {
      return answer;
    }
    const document = parseObject(answer.body);
    if (document === undefined) return answer;
    this.#iterators.learn(request, document);
    if (typeof document["NextShardIterator"] === "string") {
      if (!this.#faults.strike("false-shard-end", request)) return answer;
      return jsonAnswer(200, { ...document, NextShardIterator: null });
    }
    const { Shards: shards } = document as { Shards?: unknown };
    const paging = Array.isArray(shards) ? this.#faults.strike("paged-list", request) : undefined;
    if (paging === undefined || !Array.isArray(shards)) return answer;
    const { pageSize, tokenTtlMs = TOKEN_TTL_MS } = paging;
    return this.#page({ shards, pageSize, untilMs: performance.now() + tokenTtlMs });
  }

  #page({ shards, pageSize, untilMs }: ListRest): ProxiedAnswer {
    const page = shards.slice(0, pageSize);
    const rest = shards.slice(pageSize);
    if (rest.length === 0) return jsonAnswer(200, { Shards: page });
    const token = `token-${++this.#tokenCount}`;
    this.#tokens.set(token, { shards: rest, pageSize, untilMs });
    if (this.#tokens.size > MAX_TOKENS) {
      this.#tokens.delete(`token-${this.#tokenCount - MAX_TOKENS}`);
    }
    return jsonAnswer(200, { Shards: page, NextToken: token });
  }
}

/** What is left of a list. */
interface ListRest {
  readonly shards: readonly unknown[];
  readonly pageSize: number;
  /** When its token dies: monotonic milliseconds. */
  readonly untilMs: number;
}
