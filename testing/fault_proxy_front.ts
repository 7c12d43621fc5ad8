/**
 * Listens on 127.0.0.1, and can close and open again on the same port, and cut connections.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

const HOST = "127.0.0.1";
/** How often a port that is still held is asked for again. */
const LISTEN_ATTEMPTS = 50;
const LISTEN_DELAY_MS = 20;

/** Takes one request. */
export type Handle = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** One listening port. */
export class Front {
  readonly #handle: Handle;
  /** Whose each connection is. */
  readonly #sockets = new Map<Socket, string>();
  /** Whose each answer is that is not given yet. */
  readonly #pending = new Map<ServerResponse, string>();
  #server: Server | undefined;
  #port: number;

  private constructor(handle: Handle, port: number) {
    this.#handle = handle;
    this.#port = port;
  }

  /**
   * Listens.
   *
   * @param port 0 chooses a free one
   */
  static async open(handle: Handle, port: number): Promise<Front> {
    const front = new Front(handle, port);
    await front.#listen(1);
    return front;
  }

  get endpoint(): string {
    return `http://${HOST}:${this.#port}`;
  }

  /** Listens again on the port of before. Does nothing while it listens. */
  async reopen(): Promise<void> {
    if (this.#server === undefined) await this.#listen(LISTEN_ATTEMPTS);
  }

  async #listen(attempts: number): Promise<void> {
    for (let attempt = 1;; attempt++) {
      try {
        this.#server = await listen(this.#handle, this.#port);
        break;
      } catch (error) {
        if (attempt === attempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, LISTEN_DELAY_MS));
      }
    }
    const address = this.#server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  /** Cuts every connection and listens no more. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.cut();
    server.closeAllConnections();
    await closed;
  }

  /** Notes whose connection and whose answer these are. */
  belongs(incoming: IncomingMessage, outgoing: ServerResponse, client: string): void {
    const { socket } = incoming;
    if (!this.#sockets.has(socket)) socket.once("close", () => this.#sockets.delete(socket));
    this.#sockets.set(socket, client);
    this.#pending.set(outgoing, client);
    outgoing.once("close", () => this.#pending.delete(outgoing));
  }

  /** Cuts the connections of one client, or all. */
  cut(client?: string): void {
    // Deno cuts a connection by its answer only.
    for (const connection of [this.#sockets, this.#pending]) {
      for (const [each, owner] of connection) {
        if (client === undefined || owner === client) each.destroy();
      }
    }
  }
}

function listen(handle: Handle, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(handle);
    server.on("clientError", (_error, socket) => socket.destroy());
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}
