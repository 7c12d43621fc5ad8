/**
 * Stands between clients and their servers as a real HTTP proxy on 127.0.0.1, and makes go wrong
 * what local servers cannot: throttling, failures, hung and cut connections, expired iterators,
 * false ends of shards, lists in pages, wrong clocks, expired credentials.
 *
 * Clients are told apart by the access key ID that they sign with.
 *
 * @module
 */

import { Agent, type IncomingMessage, request as send, type ServerResponse } from "node:http";
import { AnswerChanger, type ProxiedAnswer, refusalOf } from "./fault_proxy_answers.ts";
import { Faults } from "./fault_proxy_faults.ts";
import { Front, type Handle } from "./fault_proxy_front.ts";
import {
  IteratorMemory,
  type ProxiedRequest,
  type ProxiedService,
  readRequest,
} from "./fault_proxy_request.ts";
import { createSeededRandom } from "./simulation/random.ts";

export type { Fault } from "./fault_proxy_faults.ts";

/** Until the beginning of an answer has arrived. */
const BREAK_OFF_MS = 10;

/** What stands behind the proxy. */
export interface FaultProxyOptions {
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  /** Where the proxy listens. 0 chooses a free port. @default {0} */
  readonly kinesisPort?: number | undefined;
  /** 0 chooses a free port. @default {0} */
  readonly dynamodbPort?: number | undefined;
  /** Where chance begins. @default {1} */
  readonly seed?: number | undefined;
}

/** A proxy that runs. */
export interface FaultProxy {
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly faults: Faults;
  /** Cuts the open connections of one client (its access key ID), or all, once. */
  cut(client?: string): void;
  /** Closes both ports, with every connection; {@linkcode open} opens the same ports again. */
  close(): Promise<void>;
  open(): Promise<void>;
  /** Closes for good. May be repeated. */
  stop(): Promise<void>;
}

/** Starts a proxy without faults. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const faults = new Faults(createSeededRandom(options.seed ?? 1));
  const iterators = new IteratorMemory();
  const shared = { faults, iterators, changer: new AnswerChanger(faults, iterators) };
  const { kinesisEndpoint, dynamodbEndpoint } = options;
  const { kinesisPort = 0, dynamodbPort = 0 } = options;
  const kinesis = new Lane({
    ...shared,
    service: "kinesis",
    upstream: kinesisEndpoint,
    port: kinesisPort,
  });
  const dynamodb = new Lane({
    ...shared,
    service: "dynamodb",
    upstream: dynamodbEndpoint,
    port: dynamodbPort,
  });
  const lanes = [kinesis, dynamodb];
  try {
    for (const lane of lanes) await lane.open();
  } catch (error) {
    for (const lane of lanes) await lane.stop();
    throw error;
  }
  return {
    kinesisEndpoint: kinesis.endpoint,
    dynamodbEndpoint: dynamodb.endpoint,
    faults,
    cut: (client) => lanes.forEach((lane) => lane.cut(client)),
    close: async () => void await Promise.all(lanes.map((lane) => lane.close())),
    open: async () => void await Promise.all(lanes.map((lane) => lane.open())),
    stop: async () => void await Promise.all(lanes.map((lane) => lane.stop())),
  };
}

interface LaneFacts {
  readonly service: ProxiedService;
  readonly upstream: string;
  readonly port: number;
  readonly faults: Faults;
  readonly iterators: IteratorMemory;
  readonly changer: AnswerChanger;
}

/** The way to one server. */
class Lane {
  readonly #facts: LaneFacts;
  readonly #agent = new Agent({ keepAlive: true });
  #front: Front | undefined;

  constructor(facts: LaneFacts) {
    this.#facts = facts;
  }

  get endpoint(): string {
    return this.#front?.endpoint ?? "";
  }

  async open(): Promise<void> {
    const handle: Handle = (incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch(() => cutOff(incoming, outgoing));
    };
    this.#front ??= await Front.open(handle, this.#facts.port);
    await this.#front.reopen();
  }

  cut(client?: string): void {
    this.#front?.cut(client);
  }

  async close(): Promise<void> {
    await this.#front?.close();
  }

  async stop(): Promise<void> {
    await this.close();
    this.#agent.destroy();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { faults, iterators, service } = this.#facts;
    const wire = { service, headers: incoming.headers, body: await readAll(incoming) };
    const request = readRequest(wire, iterators);
    this.#front?.belongs(incoming, outgoing, request.client);
    const delayMs = faults.delayMs(request);
    if (delayMs > 0 && !await isStillThere(outgoing, delayMs)) return;
    if (faults.strike("drop", request, ({ isApplied }) => isApplied !== true)) {
      return cutOff(incoming, outgoing);
    }
    // A request that hangs waits for nothing but the end of its connection.
    if (faults.strike("hang", request, ({ isApplied }) => isApplied !== true)) return;
    const answer = refusalOf(faults, request) ?? await this.#ask(request);
    if (faults.strike("drop", request, ({ isApplied }) => isApplied === true)) {
      return cutOff(incoming, outgoing);
    }
    if (faults.strike("hang", request, ({ isApplied }) => isApplied === true)) return;
    write(outgoing, answer);
  }

  async #ask(request: ProxiedRequest): Promise<ProxiedAnswer> {
    const { changer, upstream } = this.#facts;
    const page = changer.nextPage(request);
    if (page !== undefined) return page;
    return changer.change(request, await forward(request, { upstream, agent: this.#agent }));
  }
}

function forward(
  request: ProxiedRequest,
  way: { readonly upstream: string; readonly agent: Agent },
): Promise<ProxiedAnswer> {
  const { upstream, agent } = way;
  const { "accept-encoding": _, connection: __, ...headers } = request.headers;
  return new Promise((resolve, reject) => {
    const options = { method: "POST", agent, headers: headers as Record<string, string> };
    const outward = send(upstream, options, (answer) => {
      const { statusCode: status = 502, headers } = answer;
      if (headers["content-type"]?.includes("eventstream")) {
        return resolve({ status, headers, body: new Uint8Array(), events: answer });
      }
      readAll(answer).then((body) => resolve({ status, headers, body }), reject);
    });
    outward.once("error", (error) => {
      // The server had closed the idle connection: it has seen nothing of this.
      if (outward.reusedSocket) forward(request, way).then(resolve, reject);
      else reject(error);
    });
    outward.end(request.body);
  });
}

async function readAll(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function write(
  outgoing: ServerResponse,
  { status, headers, body, events }: ProxiedAnswer,
): void {
  const { "transfer-encoding": _, connection: __, "keep-alive": ___, ...kept } = headers;
  if (events !== undefined) {
    outgoing.writeHead(status, kept);
    outgoing.flushHeaders();
    outgoing.once("close", () => events.destroy());
    events.once("error", () => outgoing.destroy());
    return void events.pipe(outgoing);
  }
  outgoing.writeHead(status, { ...kept, "content-length": String(body.byteLength) });
  outgoing.end(body);
}

/**
 * Cuts the connection. Deno's fetch sends a request again, unasked, when its connection ends before
 * the answer begins: for it the answer begins, and breaks off. Some clients hide their runtime; those
 * in this very process share its runtime.
 */
function cutOff(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const cut = (): void => {
    incoming.socket.destroy();
    outgoing.destroy();
  };
  const isDeno = "Deno" in globalThis || /^Deno\//.test(incoming.headers["user-agent"] ?? "");
  if (!isDeno || outgoing.headersSent) return cut();
  outgoing.writeHead(200, { "content-length": "2" });
  outgoing.flushHeaders();
  setTimeout(cut, BREAK_OFF_MS);
}

/** Waits, unless the connection ends. */
function isStillThere(outgoing: ServerResponse, delayMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isThere: boolean): void => {
      clearTimeout(timer);
      outgoing.off("close", leave);
      resolve(isThere);
    };
    const leave = (): void => end(false);
    const timer = setTimeout(end, delayMs, true);
    outgoing.once("close", leave);
  });
}
