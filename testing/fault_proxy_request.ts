/**
 * Understands a request to Kinesis or DynamoDB: what it asks for, of which shard, for which client.
 *
 * @module
 */

import { decodeCbor } from "../src/aws/cbor.ts";

/** The services behind a fault proxy. */
export type ProxiedService = "kinesis" | "dynamodb";

/** A request on its way through. */
export interface ProxiedRequest {
  readonly service: ProxiedService;
  /** For example `GetRecords`; empty when it names none. */
  readonly operation: string;
  /** The access key ID of its signature; empty without one. */
  readonly client: string;
  /** The shard that it is about, as far as it tells. */
  readonly shardId: string | undefined;
  /** The time of its signature: milliseconds since the Unix epoch. */
  readonly signedAtMs: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
  /** The body, where it is a JSON object. */
  readonly input: JsonObject;
}

/** A JSON object. */
export type JsonObject = { readonly [name: string]: unknown };

/** Iterators name no shard: so many are remembered, the oldest forgotten first. */
const MAX_ITERATORS = 20_000;

/** Remembers which shard an iterator is of. */
export class IteratorMemory {
  readonly #shards = new Map<string, string>();

  shardOf(iterator: unknown): string | undefined {
    return typeof iterator === "string" ? this.#shards.get(iterator) : undefined;
  }

  /** Learns from an answer the iterator that it carries. */
  learn(request: ProxiedRequest, answer: JsonObject): void {
    const iterator = answer["ShardIterator"] ?? answer["NextShardIterator"];
    if (typeof iterator !== "string" || request.shardId === undefined) return;
    this.#shards.set(iterator, request.shardId);
    if (this.#shards.size <= MAX_ITERATORS) return;
    for (const oldest of this.#shards.keys()) {
      this.#shards.delete(oldest);
      break;
    }
  }
}

/** Understands a request. */
export function readRequest(
  wire: Pick<ProxiedRequest, "service" | "headers" | "body">,
  iterators: IteratorMemory,
): ProxiedRequest {
  const input = parseObject(wire.body) ?? {};
  const target = textOf(wire.headers["x-amz-target"]);
  return {
    ...wire,
    operation: target.slice(target.indexOf(".") + 1),
    client: /Credential=([^/]+)/.exec(textOf(wire.headers["authorization"]))?.[1] ?? "",
    shardId: shardOf(input, iterators),
    signedAtMs: readAmzDate(textOf(wire.headers["x-amz-date"])),
    input,
  };
}

/** An object from the wire, in JSON or CBOR; `undefined` when it is none. */
export function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const isJson = bytes[0] === "{".charCodeAt(0);
    const value: unknown = isJson ? JSON.parse(new TextDecoder().decode(bytes)) : decodeCbor(bytes);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function shardOf(input: JsonObject, iterators: IteratorMemory): string | undefined {
  const named = input["ShardId"] ?? iterators.shardOf(input["ShardIterator"]);
  if (typeof named === "string") return named;
  const key = isObject(input["Key"]) ? input["Key"]["Shard"] : undefined;
  const value = isObject(key) ? key["S"] : undefined;
  return typeof value === "string" ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : header?.[0] ?? "";
}

/** `20150830T123600Z`. */
function readAmzDate(text: string): number | undefined {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const timeMs = Date.parse(iso);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
