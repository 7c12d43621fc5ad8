/**
 * Stands before kinesalite, which knows no ARNs: puts the name in the place of a stream's ARN, and
 * remembers what named one.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that takes ARNs. */
export interface ArnServer {
  readonly endpoint: string;
  /** The operations that named the stream by its ARN. */
  readonly asked: ReadonlySet<string>;
  /** Those that named it otherwise. */
  readonly askedByName: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Starts it before the server at an endpoint. */
export async function startArnServer(endpoint: string): Promise<ArnServer> {
  const asked = new Set<string>();
  const askedByName = new Set<string>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const text = Buffer.concat(chunks).toString();
    const names = ["authorization", "content-type", "x-amz-date", "x-amz-target"];
    const headers = Object.fromEntries(names.map((name) => [name, `${request.headers[name]}`]));
    if (!text.startsWith("{")) {
      response.writeHead(400).end(JSON.stringify({ __type: "SerializationException" }));
      return;
    }
    const operation = headers["x-amz-target"]?.split(".")[1] ?? "";
    const { StreamARN, ...input } = JSON.parse(text) as Record<string, unknown>;
    if (typeof StreamARN === "string") asked.add(operation);
    else if ("StreamName" in input) askedByName.add(operation);
    const isNamed = typeof StreamARN === "string" && operation !== "GetRecords";
    const named = isNamed ? { StreamName: StreamARN.slice(StreamARN.indexOf("/") + 1) } : {};
    const answered = await fetch(endpoint, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...input, ...named }),
    });
    response.writeHead(answered.status).end(await answered.text());
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    asked,
    askedByName,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
