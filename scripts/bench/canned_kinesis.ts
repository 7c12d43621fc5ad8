/**
 * Serves canned streams as Kinesis does, in JSON and in CBOR, and counts who asked for what. The
 * answers are there beforehand; what is left is reading the request and writing the bytes.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { buildAnswer, type CannedAnswer, SEQUENCE_PREFIX } from "./canned_answers.ts";
import { shardIdOf, streamName, type StreamShape, streamShape } from "./stream_shape.ts";

/** What was asked, since the counts were last taken. */
export interface KinesisCounts {
  reads: number;
  connections: number;
  /** By shard: who read it last, when (Unix milliseconds), and the longest pause between two reads. */
  readonly lastReads: Record<string, LastRead>;
}

/** The last read of a shard. */
export interface LastRead {
  readonly client: string;
  readonly atMs: number;
  readonly longestGapMs: number;
}

/** A key and a certificate, in PEM, for serving over TLS. */
export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

/** How many records an answer may have: the largest that a request's limit allows is served. */
const RECORD_COUNTS = [10, 9, 8, 7, 6, 5, 4, 3, 2].flatMap((count) => count * 1_000).concat(
  [1_000, 900, 800, 700, 600, 500, 400, 300, 200, 100, 90, 80, 70, 60, 50, 40, 30, 20, 10],
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
);
const MAX_ANSWER_BYTES = 10_485_760;

/** A server of canned streams. */
export class CannedKinesis {
  counts: KinesisCounts = { reads: 0, connections: 0, lastReads: {} };
  readonly #answers = new Map<string, CannedAnswer[]>();

  /** @param tls serves HTTPS in place of HTTP */
  createServer(tls?: TlsIdentity): Server {
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      const chunks: Uint8Array[] = [];
      request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      request.on("end", () => this.#serve(request, response, Buffer.concat(chunks)));
    };
    const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
    server.keepAliveTimeout = 120_000;
    server.on(tls === undefined ? "connection" : "secureConnection", () => {
      this.counts.connections++;
    });
    return server;
  }

  #serve(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
    const isCbor = request.headers["content-type"] === "application/x-amz-cbor-1.1";
    if (operation === "GetRecords") return this.#getRecords(request, response, { body, isCbor });
    if (isCbor) {
      // Other calls of an SDK that speaks CBOR would need a real server: none of them does.
      response.writeHead(400).end();
      return;
    }
    const input = JSON.parse(body.toString()) as Record<string, unknown>;
    const answer = answerTo(operation, input);
    response.writeHead(answer === undefined ? 400 : 200, {
      "content-type": "application/x-amz-json-1.1",
    });
    response.end(JSON.stringify(answer ?? { __type: "ResourceNotFoundException" }));
  }

  #getRecords(
    request: IncomingMessage,
    response: ServerResponse,
    { body, isCbor }: { readonly body: Buffer; readonly isCbor: boolean },
  ): void {
    const text = body.toString("latin1");
    const [, name = "", shard = "0", readText = "0"] =
      /(canned-[\w-]+?)\|(\d+)\|(\d+)\|/.exec(text) ?? [];
    const shape = streamShape(name);
    if (shape === undefined) return void response.writeHead(400).end();
    this.counts.reads++;
    const read = Number(readText);
    const client = /Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const { lastReads } = this.counts;
    const shardId = shardIdOf(Number(shard));
    const [atMs, last] = [Date.now(), lastReads[shardId]];
    const longestGapMs = Math.max(last?.longestGapMs ?? 0, atMs - (last?.atMs ?? atMs));
    lastReads[shardId] = { client, atMs, longestGapMs };
    const limit = isCbor ? cborLimit(body) : Number(/"Limit":(\d+)/.exec(text)?.[1] ?? 10_000);
    this.#write(response, { shape, isCbor, limit, read, shard });
  }

  #write(
    response: ServerResponse,
    facts: {
      readonly shape: StreamShape;
      readonly isCbor: boolean;
      readonly limit: number;
      readonly read: number;
      readonly shard: string;
    },
  ): void {
    const { shape, isCbor, limit, read, shard } = facts;
    const contentType = `application/x-amz-${isCbor ? "cbor" : "json"}-1.1`;
    if (shape.readsUntilClosed > 0 && read >= shape.readsUntilClosed) {
      const closed = isCbor
        ? Buffer.from("a1675265636f72647380", "hex") // {"Records": []}
        : '{"Records":[],"MillisBehindLatest":0}';
      return void response.writeHead(200, { "content-type": contentType }).end(closed);
    }
    const fitting = Math.floor(MAX_ANSWER_BYTES / (shape.recordBytes + 30));
    const most = Math.min(limit, shape.recordsPerRead, Math.max(1, fitting));
    const recordCount = RECORD_COUNTS.find((count) => count <= most) ?? 0;
    const key = `${isCbor}-${shape.recordBytes}-${shape.payload}-${recordCount}`;
    const answer = this.#answers.get(key)?.pop() ?? buildAnswer({
      wire: isCbor ? "cbor" : "json",
      recordBytes: shape.recordBytes,
      recordCount,
      payload: shape.payload,
      lagMs: recordCount === 0 ? 0 : 60_000,
    });
    answer.stamp(read + 1, iteratorOf(shape, shard, read + 1));
    const free = (): void => {
      const pool = this.#answers.get(key) ?? [];
      this.#answers.set(key, pool);
      pool.push(answer);
    };
    response.writeHead(200, {
      "content-type": contentType,
      "content-length": answer.bytes.length,
      "x-amzn-requestid": "00000000-0000-4000-8000-000000000000",
    });
    response.once("close", free);
    response.end(answer.bytes);
  }
}

/** `Limit` of a request, wherever it stands in it. */
function cborLimit(body: Buffer): number {
  const at = body.indexOf("eLimit", 0, "latin1") + 6;
  const head = body[at] ?? 0;
  if (at < 6 || head > 0x1b) return 10_000;
  if (head < 24) return head;
  return body.readUIntBE(at + 1, 2 ** (head - 24));
}

function iteratorOf(shape: StreamShape, shard: string, read: number): string {
  return `${streamName(shape)}|${shard}|${read}|`;
}

function answerTo(operation: string, input: Record<string, unknown>): unknown {
  const arn = String(input["StreamARN"] ?? "").split("/").at(-1);
  const name = String(input["StreamName"] ?? arn);
  const shape = streamShape(name);
  if (shape === undefined) return undefined;
  switch (operation) {
    case "ListShards":
      return { Shards: shardsOf(shape) };
    case "DescribeStreamSummary":
      return { StreamDescriptionSummary: { ...describe(name), OpenShardCount: shape.shardCount } };
    case "DescribeStream":
      return {
        StreamDescription: { ...describe(name), Shards: shardsOf(shape), HasMoreShards: false },
      };
    case "GetShardIterator": {
      const from = String(input["StartingSequenceNumber"] ?? "");
      const read = Number(from.slice(SEQUENCE_PREFIX.length, SEQUENCE_PREFIX.length + 9));
      const shard = String(Number(String(input["ShardId"]).slice("shardId-".length)));
      return { ShardIterator: iteratorOf(shape, shard, read).padEnd(200, "-") };
    }
    default:
      return undefined;
  }
}

function describe(name: string): Record<string, unknown> {
  return {
    StreamName: name,
    StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`,
    StreamStatus: "ACTIVE",
    RetentionPeriodHours: 24,
    StreamCreationTimestamp: 1_700_000_000,
    EnhancedMonitoring: [],
    EncryptionType: "NONE",
  };
}

function shardsOf(shape: StreamShape): unknown[] {
  return Array.from({ length: shape.shardCount }, (_, index) => ({
    ShardId: shardIdOf(index),
    HashKeyRange: {
      StartingHashKey: "0",
      EndingHashKey: "340282366920938463463374607431768211455",
    },
    SequenceNumberRange: {
      StartingSequenceNumber: SEQUENCE_PREFIX + "0".repeat(14),
      ...(shape.readsUntilClosed > 0 && { EndingSequenceNumber: SEQUENCE_PREFIX + "9".repeat(14) }),
    },
  }));
}
