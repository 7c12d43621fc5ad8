/**
 * One connection to a server: sends a request at a time, and reads its answer right into the memory
 * in which it is handed on.
 *
 * @module
 */

import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type AnswerHead, AnswerReader } from "./answer_reader.ts";

/** Whom a connection is to. */
export interface Origin {
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
  /** Whom to trust; absent: whom Node trusts. */
  readonly secure: { readonly ca?: string };
  /** What a TLS session may be resumed with. */
  session?: Buffer | undefined;
}

/** A request, and who is told of its answer. One of `completed` and `failed` comes last. */
export interface Exchange {
  readonly bytes: string | Uint8Array;
  /** The head of the answer is there. */
  answered(head: AnswerHead): void;
  completed(body: Uint8Array<ArrayBuffer>): void;
  /** @param isUnheard whether the connection, kept from before, ended without a byte of an answer */
  failed(error: unknown, isUnheard: boolean): void;
}

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** It may be used again. */
  idle(connection: Connection): void;
  /** It is of no more use. */
  gone(connection: Connection): void;
  /** Kept from before, it said nothing for long, and was given up: others may be as dead. */
  silent(): void;
}

/** A connection that nothing came or went on for so long is closed. */
const IDLE_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_DELAY_MS = 1_000;
/** A service that lives has begun to answer by then, as a rule. */
const SILENCE_MS = 1_000;
/** Room for a head; the rest of a large answer is read right to its place. */
const HEAD_BYTES = 4_096;
const STREAM_BYTES = 65_536;

const IDLE = new AnswerReader();

/** A connection: with an exchange under way, or idle. */
export class Connection {
  readonly #socket: Socket;
  readonly #origin: Origin;
  readonly #owner: ConnectionOwner;
  #exchange: Exchange | undefined;
  #reader = IDLE;
  #isHeard = false;
  #isKept = false;
  #isGone = false;
  #sentAtMs = 0;
  #scratch = Buffer.allocUnsafeSlow(HEAD_BYTES);
  #timeoutMs = IDLE_TIMEOUT_MS;

  constructor(origin: Origin, owner: ConnectionOwner) {
    this.#origin = origin;
    this.#owner = owner;
    const socket = this.#connect();
    this.#socket = socket;
    socket.setTimeout(this.#timeoutMs, () => {
      if (this.#exchange === undefined) socket.destroy();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#fail(closed()));
  }

  /** Sends a request, when the exchange before it is over. */
  send(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#reader = new AnswerReader();
    this.#isHeard = false;
    this.#sentAtMs = performance.now();
    if (this.#isKept) this.#socket.ref();
    const { bytes } = exchange;
    if (typeof bytes === "string") this.#socket.write(bytes, "latin1");
    else this.#socket.write(bytes);
  }

  /** Gives the exchange up, and the connection with it. */
  destroy(error: unknown): void {
    const isSilent = this.#isKept && !this.#isHeard &&
      performance.now() - this.#sentAtMs >= SILENCE_MS;
    this.#fail(error);
    if (isSilent) this.#owner.silent();
  }

  /** Ends what is idle. */
  close(): void {
    this.#leave();
  }

  #connect(): Socket {
    const { isTls, host, port, session } = this.#origin;
    // What arrives is read to where it belongs. Deno and Bun cannot: they hand over what they read.
    const onread = {
      buffer: () => this.#room(),
      callback: (count: number, buffer: Uint8Array) => {
        this.#arrived(buffer.length === count ? buffer : buffer.subarray(0, count));
        return true;
      },
    };
    const reading = canReadInto() ? { onread } : {};
    const options = {
      ...{ host, port, noDelay: true, keepAlive: true },
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      ...reading,
    };
    const socket = isTls ? this.#secure(options, session) : connectTcp(options);
    if (!canReadInto()) socket.on("data", (chunk: Uint8Array) => this.#arrived(chunk));
    return socket;
  }

  #secure(options: { readonly host: string }, session: Buffer | undefined): Socket {
    const servername = isIP(options.host) === 0 ? { servername: options.host } : {};
    const resumed = session === undefined ? {} : { session };
    const secured = {
      ...options,
      ...this.#origin.secure,
      ...servername,
      ...resumed,
      ALPNProtocols: ["http/1.1"],
    };
    const socket = connectTls(secured);
    socket.on("session", (fresh: Buffer) => this.#origin.session = fresh);
    return socket;
  }

  #room(): Uint8Array {
    return this.#exchange !== undefined && this.#reader.room || this.#scratch;
  }

  #arrived(bytes: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return void this.#fail(new Error("Nothing was asked"));
    this.#isHeard = true;
    const reader = this.#reader;
    const isAnswered = reader.head !== undefined;
    try {
      if (isInPlace(bytes, reader.room)) reader.filled(bytes.length);
      else if (reader.take(bytes) < bytes.length) reader.isKept = false; // who knows what that is
    } catch (error) {
      return this.#fail(error);
    }
    if (!isAnswered && reader.head !== undefined) this.#begun(exchange, reader.head);
    if (reader.isComplete && this.#exchange === exchange) this.#complete(exchange);
  }

  #begun(exchange: Exchange, head: AnswerHead): void {
    const { isComplete, room } = this.#reader;
    if (!isComplete && room === undefined && this.#scratch.length < STREAM_BYTES) {
      this.#scratch = Buffer.allocUnsafeSlow(STREAM_BYTES);
    }
    const hint = /(?:^|[,;\s])timeout=(\d{1,6})/i.exec(head.headers.get("keep-alive") ?? "")?.[1];
    if (hint !== undefined) this.#hint(Number(hint) * 1_000);
    exchange.answered(head);
  }

  /** The server says after what time it closes an idle connection: ours is closed before. */
  #hint(ms: number): void {
    const timeoutMs = Math.min(IDLE_TIMEOUT_MS, ms > 1_000 ? ms - 1_000 : ms);
    if (timeoutMs === 0) this.#reader.isKept = false;
    else if (timeoutMs !== this.#timeoutMs) this.#socket.setTimeout(this.#timeoutMs = timeoutMs);
  }

  #complete(exchange: Exchange): void {
    const { body, isKept } = this.#reader;
    this.#exchange = undefined;
    this.#reader = IDLE; // an idle connection must not keep the body alive
    if (isKept && this.#socket.writableLength === 0) {
      this.#isKept = true;
      this.#socket.unref();
      this.#owner.idle(this);
    } else this.#leave();
    exchange.completed(body);
  }

  #ended(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#leave();
    try {
      this.#reader.end();
    } catch (error) {
      return this.#fail(error);
    }
    this.#complete(exchange);
  }

  #fail(error: unknown): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange !== undefined) this.#origin.session = undefined;
    this.#leave();
    exchange?.failed(error, this.#isKept && !this.#isHeard);
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#socket.destroy();
    this.#owner.gone(this);
  }
}

function canReadInto(): boolean {
  return !("Deno" in globalThis) && !("Bun" in globalThis);
}

/** Whether bytes were read to where they belong. */
function isInPlace(bytes: Uint8Array, room: Uint8Array | undefined): boolean {
  return room !== undefined && bytes.buffer === room.buffer;
}

function closed(): Error {
  return new Error("Cannot read the answer: the connection was closed");
}
