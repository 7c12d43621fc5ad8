/**
 * A small HTTP server that keeps what is posted to it: the service that an example bills, the
 * collector that takes its spans.
 *
 * @module
 */

import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";

/** A request that came. */
export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that keeps what it gets. */
export interface Inbox {
  /** For example `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly posted: readonly Posted[];
  close(): Promise<void>;
}

/** Starts one, on a free port. @param delayMs how long it takes to answer */
export async function openInbox(delayMs = 0): Promise<Inbox> {
  const posted: Posted[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    posted.push({ path: request.url ?? "", headers: request.headers, body });
    setTimeout(() => response.setHeader("content-type", "application/json").end("{}"), delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The inbox has no port");
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${address.port}`, posted, close };
}
