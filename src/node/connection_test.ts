/**
 * The contract: connections are used again while that is safe, and never where the answer that a
 * request gets could be another's; what dies is replaced once.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Fetch, FetchResponse } from "../runtime.ts";
import { createNodeFetch } from "./fetch.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const SMALL = `${OK}Content-Length: 2\r\n\r\nok`;

/** For localhost alone, good until 2126: it protects nothing. */
const CERTIFICATE = pem("CERTIFICATE", [
  "MIIBkTCCATigAwIBAgIUW/kNBCZDq56RcBFBfhKZwjIcxoswCgYIKoZIzj0EAwIwFDESMBAGA1UE",
  "AwwJbG9jYWxob3N0MCAXDTI2MTEyMzE0NTUzNVoYDzIxMjYxMDMwMTQ1NTM1WjAUMRIwEAYDVQQD",
  "DAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQt9l4ODhSw7cWGqresu5faLkQ9",
  "ayFCSV9L0Z+Dg28AnldU2ml6pAhEzraSbT21fHeGFyg7iokU2nf+V2/aoSyLo2YwZDAdBgNVHQ4E",
  "FgQUdnToBy0CSuktQUPaiuLTUbEHRCEwHwYDVR0jBBgwFoAUdnToBy0CSuktQUPaiuLTUbEHRCEw",
  "FAYDVR0RBA0wC4IJbG9jYWxob3N0MAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDRwAwRAIgcWeN",
  "/QArC04PhE2uKvk09cHWfdnc9lvw0txN2kgiN0QCIAsYtMTeIItzyr6nZyXPNtYkbkNzbBjcb55g",
  "P9qXwaez",
]);
const KEY = pem("PRIVATE KEY", [
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgoFoctKajqwBK+sqvym1NuEW3nPej",
  "wInVK6v/ryuglOuhRANCAAQt9l4ODhSw7cWGqresu5faLkQ9ayFCSV9L0Z+Dg28AnldU2ml6pAhE",
  "zraSbT21fHeGFyg7iokU2nf+V2/aoSyL",
]);

function pem(what: string, lines: readonly string[]): string {
  return `-----BEGIN ${what}-----\n${lines.join("\n")}\n-----END ${what}-----\n`;
}

/** Answers each request with the bytes that the test says. */
class Script {
  readonly sockets: Socket[] = [];
  readonly requests: string[] = [];
  answer: (socket: Socket, request: string, connection: number) => void = () => {};

  readonly serve = (socket: Socket): void => {
    const connection = this.sockets.push(socket);
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      text += Buffer.from(chunk).toString("latin1");
      for (let end = endOf(text); end >= 0; end = endOf(text)) {
        const request = text.slice(0, end);
        text = text.slice(end);
        this.requests.push(request);
        this.answer(socket, request, connection);
      }
    });
  };

  clear(): void {
    for (const socket of this.sockets.splice(0)) socket.destroy();
    this.requests.length = 0;
  }
}

/** Where a whole request ends; -1 while it is not there. */
function endOf(text: string): number {
  const head = text.indexOf("\r\n\r\n");
  const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
  return head < 0 || text.length < head + 4 + length ? -1 : head + 4 + length;
}

const script = new Script();
let url = "";
let fetch: Fetch;
let server: Server;

async function listen(on: Server): Promise<number> {
  await new Promise<void>((resolve) => on.listen(0, "127.0.0.1", resolve));
  return (on.address() as AddressInfo).port;
}

function post(
  body: string | Uint8Array<ArrayBuffer> = "x",
  signal: AbortSignal = new AbortController().signal,
): Promise<FetchResponse> {
  return fetch(url, { method: "POST", headers: { "x-amz-target": "t" }, body, signal });
}

async function text(body?: string): Promise<string> {
  return await (await post(body)).text();
}

function answerAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.write(SMALL);
}

/** Gives what the other side did time to arrive. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 30));
}

describe("a connection of createNodeFetch()", { timeout: 60_000 }, () => {
  before(async () => {
    server = createServer({ allowHalfOpen: true }, script.serve);
    url = `http://127.0.0.1:${await listen(server)}/a?b=c`;
  });
  beforeEach(() => {
    script.clear();
    fetch = createNodeFetch(8);
  });
  after(() => {
    script.clear();
    server.close();
  });

  it("sends a request as HTTP/1.1 wants it", async () => {
    script.answer = (socket) => socket.write(SMALL);
    await text("dé");
    await (await post(Uint8Array.of(0, 255))).text();
    const { host } = new URL(url);
    const head = `POST /a?b=c HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n` +
      "x-amz-target: t\r\n";
    assert.deepEqual(script.requests, [
      `${head}content-length: 3\r\n\r\nd\u00c3\u00a9`,
      `${head}content-length: 2\r\n\r\n\u0000\u00ff`,
    ]);
    assert.equal(script.sockets.length, 1);
  });

  it("sends no header that could be taken for two", async () => {
    script.answer = (socket) => socket.write(SMALL);
    const headers = { "x-amz-target": "t\r\ncontent-length: 9" };
    const signal = new AbortController().signal;
    await assert.rejects(fetch(url, { method: "POST", headers, body: "x", signal }), TypeError);
    assert.equal(script.requests.length, 0);
  });

  it("reads a body of any length right to its place, answer after answer", async () => {
    const bytes = Buffer.alloc(3_000_000, "0123456789");
    script.answer = (socket, request) => {
      const length = Number(request.split("\r\n\r\n")[1]);
      socket.write(`${OK}Content-Length: ${length}\r\n\r\n`);
      socket.write(bytes.subarray(0, length));
    };
    for (const length of [0, 1, 3_000_000, 4_000, 4_096, 5_000, 70_000, 2]) {
      const body = new Uint8Array(await (await post(String(length))).arrayBuffer());
      assert.equal(body.length, length);
      assert.ok(Buffer.from(body).equals(bytes.subarray(0, length)), `${length} bytes`);
    }
    assert.equal(script.sockets.length, 1);
  });

  it("reads chunks that are cut anywhere", async () => {
    const whole = `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`;
    script.answer = async (socket) => {
      for (const piece of whole.match(/[^]{1,9}/g) ?? []) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    assert.equal(await text(), "hello world");
    assert.equal(await text(), "hello world");
    assert.equal(script.sockets.length, 1);
  });

  it("opens another where the first is to be closed, or ends its answer by closing", async () => {
    for (const head of ["Connection: close\r\nContent-Length: 2\r\n", ""]) {
      script.clear();
      script.answer = (socket) => socket.end(`${OK}${head}\r\nok`);
      assert.equal(await text(), "ok");
      assert.equal(await text(), "ok");
      assert.equal(script.sockets.length, 2);
    }
  });

  it("never uses one again on which more came than was asked for", async () => {
    script.answer = (socket, _, connection) => {
      socket.write(
        connection === 1 ? `${SMALL}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong` : SMALL,
      );
    };
    assert.equal(await text(), "ok");
    assert.equal(await text(), "ok");
    assert.equal(script.sockets.length, 2);
  });

  it("never uses one again on which something came unasked", async () => {
    script.answer = (socket) => socket.write(SMALL);
    assert.equal(await text(), "ok");
    script.sockets[0]?.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    await settle();
    assert.equal(await text(), "ok");
    assert.equal(script.sockets.length, 2);
  });

  it("forgets one that the server half-closed while it was idle", async () => {
    script.answer = (socket) => socket.write(SMALL);
    assert.equal(await text(), "ok");
    script.sockets[0]?.end();
    await settle();
    assert.equal(await text(), "ok");
    assert.equal(script.requests.length, 2, "the request was not sent twice");
  });

  it("asks once more where a kept one ends without a byte of an answer", async () => {
    for (const die of ["end", "destroy", "resetAndDestroy"] as const) {
      script.clear();
      fetch = createNodeFetch(8);
      script.answer = (socket) => {
        if (script.requests.length === 2) socket[die]();
        else socket.write(SMALL);
      };
      assert.equal(await text(), "ok");
      assert.equal(await text(), "ok", die);
      assert.equal(script.requests.length, 3);
      assert.equal(script.sockets.length, 2);
    }
  });

  it("asks once more only: on a new connection, which must not die too", async () => {
    script.answer = (socket) => {
      if (script.requests.length === 1) socket.write(SMALL);
      else socket.destroy();
    };
    await text();
    await assert.rejects(post());
    assert.equal(script.requests.length, 3);
  });

  it("asks once more on a new connection, though others are kept that may be dead too", async () => {
    script.answer = (socket, _, connection) => {
      if (script.requests.length > 2 && connection <= 2) socket.destroy();
      else socket.write(SMALL);
    };
    await Promise.all([text(), text()]);
    assert.equal(script.sockets.length, 2);
    assert.equal(await text(), "ok");
  });

  it("does not ask again where a byte of the answer had come, or the connection was new", async () => {
    script.answer = (socket) => {
      if (script.requests.length === 1) socket.write(SMALL);
      else socket.end("H");
    };
    await text();
    await assert.rejects(post(), /the connection was closed/);
    assert.equal(script.requests.length, 2);
    fetch = createNodeFetch(8);
    script.answer = (socket) => socket.destroy();
    await assert.rejects(post());
    assert.equal(script.requests.length, 3);
  });

  it("rejects what is no answer, and closes that connection", async () => {
    script.answer = (socket, _, connection) =>
      socket.write(connection === 1 ? "HTTP/1.1 2x\r\n\r\n" : SMALL);
    await assert.rejects(post(), /Cannot read the answer/);
    assert.equal(await text(), "ok");
    assert.equal(script.sockets.length, 2);
    script.answer = (socket) => socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n`);
    await assert.rejects(text(), /not in chunks/);
  });

  it("rejects where nobody listens", async () => {
    const gone = createServer();
    const port = await listen(gone);
    await new Promise<void>((resolve) => gone.close(() => resolve()));
    const signal = new AbortController().signal;
    const request = { method: "POST", headers: {}, body: "x", signal };
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`, request));
    await assert.rejects(fetch("ftp://127.0.0.1/", request), TypeError);
  });

  it("opens no more than it may; who is aborted while waiting goes without harm", async () => {
    fetch = createNodeFetch(2);
    const held: Socket[] = [];
    script.answer = (socket) => void held.push(socket);
    const impatient = new AbortController();
    const all = [text("1"), text("2"), text("3"), text("4")];
    const aborted = post("never", impatient.signal);
    await settle();
    assert.equal(script.requests.length, 2);
    impatient.abort(new Error("mine"));
    await assert.rejects(aborted, { message: "mine" });
    script.answer = (socket) => socket.write(SMALL);
    for (const socket of held) socket.write(SMALL);
    assert.deepEqual(await Promise.all(all), ["ok", "ok", "ok", "ok"]);
    await settle();
    assert.equal(script.sockets.length, 2);
    assert.ok(script.requests.every((request) => !request.includes("never")), "it was not sent");
  });

  it("goes on where a connection that others wait for dies", async () => {
    fetch = createNodeFetch(1);
    script.answer = (socket, _, connection) =>
      connection === 1 ? socket.destroy() : socket.write(SMALL);
    const [first, second] = await Promise.allSettled([text(), text()]);
    assert.equal(first.status, "rejected");
    assert.deepEqual(second, { status: "fulfilled", value: "ok" });
  });

  it("closes the connection of a call that is aborted, and no other", async () => {
    script.answer = () => {};
    const abort = new AbortController();
    const aborted = post("x", abort.signal);
    await settle();
    script.answer = (socket) => socket.write(SMALL);
    assert.equal(await text(), "ok");
    abort.abort(new Error("mine"));
    await assert.rejects(aborted, { message: "mine" });
    assert.equal(await text(), "ok");
    assert.equal(script.sockets.length, 2);
  });

  it("uses no idle one any more where a kept one was silent until it was given up", async () => {
    const held: Socket[] = [];
    script.answer = (socket) => void (held.push(socket) === 3 && answerAll(held));
    await Promise.all([text(), text(), text()]);
    assert.equal(script.sockets.length, 3);
    script.answer = (socket, _, connection) => void (connection > 3 && socket.write(SMALL));
    for (const waitMs of [0, 1_100]) {
      const opened: number = script.sockets.length;
      const abort = new AbortController();
      const lost = post("x", abort.signal);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      abort.abort(new Error("mine"));
      await assert.rejects(lost, { message: "mine" });
      assert.equal(script.sockets.length, opened, "it was sent over a kept one");
    }
    assert.equal(await text(), "ok");
    assert.equal(script.sockets.length, 4);
  });

  it("closes an idle one before the server does, where that says when", async () => {
    script.answer = (socket) =>
      socket.write(`${OK}Keep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok`);
    await text();
    await text();
    assert.equal(script.sockets.length, 2);
  });
});

describe("a connection of createNodeFetch() over TLS", { timeout: 60_000 }, () => {
  const secured = new Script();
  const secure = createTlsServer({ key: KEY, cert: CERTIFICATE }, secured.serve);
  const request = { method: "POST", headers: {}, body: "x" };
  let port = 0;

  before(async () => {
    port = await listen(secure);
    secured.answer = (socket) => {
      socket.write(`${OK}Content-Length: 100000\r\n\r\n`);
      socket.write(Buffer.alloc(100_000, "x"));
    };
  });
  after(() => {
    secured.clear();
    secure.close();
  });

  it("reads what a server that it trusts answers, over one connection", async () => {
    const trusting = createNodeFetch(8, { ca: CERTIFICATE });
    const { signal } = new AbortController();
    for (let call = 0; call < 3; call++) {
      const response = await trusting(`https://localhost:${port}/`, { ...request, signal });
      assert.equal((await response.text()).length, 100_000);
    }
    assert.equal(secured.sockets.length, 1);
  });

  it("sends nothing to a server that it does not trust, or that is another", async () => {
    const { signal } = new AbortController();
    const before = secured.requests.length;
    const wary = createNodeFetch(8);
    await assert.rejects(wary(`https://localhost:${port}/`, { ...request, signal }));
    const trusting = createNodeFetch(8, { ca: CERTIFICATE });
    await assert.rejects(trusting(`https://127.0.0.1:${port}/`, { ...request, signal }));
    assert.equal(secured.requests.length, before);
  });
});
