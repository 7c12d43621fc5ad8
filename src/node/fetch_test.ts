/**
 * The contract: it fetches as fetch does, as far as Kinsumer uses it: bodies of any form,
 * aborts at any time, connections that are used again and replaced where they had died, no redirect.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import type { Fetch } from "../runtime.ts";
import { createNodeFetch } from "./fetch.ts";
import { nodeRuntime } from "./runtime.ts";

describe("createNodeFetch()", { timeout: 30_000 }, () => {
  const fetch = createNodeFetch(16);
  const sockets = new Set<Socket>();
  let server: Server;
  let url = "";
  let answer: (response: ServerResponse, body: string) => void = () => {};

  before(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Uint8Array) => body += chunk.toString());
      request.on("end", () => answer(response, body));
    });
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  function post(body: string | Uint8Array<ArrayBuffer>, signal?: AbortSignal): ReturnType<Fetch> {
    const headers = { "x-amz-target": "t" };
    return fetch(url, {
      method: "POST",
      headers,
      body,
      signal: signal ?? new AbortController().signal,
    });
  }

  it("sends text and bytes, and reads answers of known and of unknown length", async () => {
    answer = (response, body) => {
      response.writeHead(body === "sized" ? 201 : 202, {
        "x-b": "c",
        ...(body === "sized" && { "content-length": "6" }),
      });
      response.write("ab");
      setTimeout(() => response.end("cdéü".slice(0, 3)), 5);
    };
    const sized = await post("sized");
    assert.equal(sized.status, 201);
    assert.equal(sized.headers.get("X-B"), "c");
    assert.equal(sized.headers.get("none"), null);
    assert.equal(await sized.text(), "abcdé");
    const chunked = await post(Uint8Array.of(1, 2));
    assert.equal(chunked.status, 202);
    assert.equal((await chunked.arrayBuffer()).byteLength, 6);
  });

  it("uses one connection for calls that follow each other", async () => {
    answer = (response) => response.end("x");
    const before = sockets.size;
    for (let call = 0; call < 5; call++) await (await post("x")).text();
    assert.ok(sockets.size <= before + 1, `${sockets.size - before} new connections`);
  });

  it("replaces a connection that had died while it was idle", async () => {
    let dropped = 0;
    answer = (response) => response.end("x");
    await (await post("x")).text();
    answer = (response) => {
      if (dropped++ === 0) response.socket?.resetAndDestroy();
      else response.end("again");
    };
    assert.equal(await (await post("x")).text(), "again");
  });

  it("rejects where a new connection dies", async () => {
    answer = (response) => response.socket?.resetAndDestroy();
    await assert.rejects(post("x"));
  });

  it("rejects the body where the connection dies within it", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("only this");
      setTimeout(() => response.socket?.destroy(), 5);
    };
    const response = await post("x");
    await assert.rejects(response.arrayBuffer());
  });

  it("aborts before, while it waits, and within the body", async () => {
    const gone = new AbortController();
    gone.abort(new Error("mine"));
    await assert.rejects(post("x", gone.signal), { message: "mine" });
    answer = () => {};
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(new Error("mine")), 10);
    await assert.rejects(post("x", waiting.signal));
    answer = (response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("x");
    };
    const reading = new AbortController();
    const response = await post("x", reading.signal);
    setTimeout(() => reading.abort(new Error("mine")), 10);
    await assert.rejects(response.text());
  });

  it("does not follow a redirect", async () => {
    answer = (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
    assert.equal((await post("x")).status, 302);
  });

  it("is refused a runtime without sockets", () => {
    assert.throws(() => nodeRuntime({ maxSockets: 0 }), RangeError);
  });
});
