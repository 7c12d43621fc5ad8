/**
 * The contract: an answer is the same however it is cut into pieces, and what is not clearly an answer
 * is refused: nothing of one answer may be taken for the next.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AnswerReader } from "./answer_reader.ts";

const HEAD = "HTTP/1.1 200 OK\r\n";

/** Reads pieces of text as they would arrive; the body, and what was not taken. */
function read(pieces: readonly string[], isEnded = false): {
  readonly status: number | undefined;
  readonly body: string | undefined;
  readonly isKept: boolean;
  readonly left: number;
} {
  const reader = new AnswerReader();
  let left = 0;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, "latin1");
    const taken = reader.isComplete ? 0 : reader.take(bytes);
    left += bytes.length - taken;
    bytes.fill(0); // whatever the reader keeps must be its own
  }
  if (isEnded) reader.end();
  const body = reader.isComplete ? Buffer.from(reader.body).toString("latin1") : undefined;
  return { status: reader.head?.status, body, isKept: reader.isKept, left };
}

/** Reads in all ways of cutting a text in three, so far as that is feasible. */
function readCut(text: string, isEnded: boolean): ReturnType<typeof read>[] {
  const all = [read([text], isEnded), read(text.split(""), isEnded)];
  for (let one = 0; one < text.length; one += 3) {
    for (let two = one; two < text.length; two += 7) {
      all.push(read([text.slice(0, one), text.slice(one, two), text.slice(two)], isEnded));
    }
  }
  return all;
}

const ANSWERS: readonly {
  readonly name: string;
  readonly text: string;
  readonly body: string;
  readonly isKept?: boolean;
  readonly status?: number;
  readonly isEnded?: boolean;
}[] = [
  { name: "of known length", text: `${HEAD}Content-Length: 5\r\n\r\nabcde`, body: "abcde" },
  { name: "without a body", text: `${HEAD}content-length:0\r\n\r\n`, body: "" },
  {
    name: "with its length twice",
    text: `${HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`,
    body: "ab",
  },
  {
    name: "that has none by its status",
    text: "HTTP/1.1 204 No Content\r\n\r\n",
    body: "",
    status: 204,
  },
  {
    name: "without a reason",
    text: "HTTP/1.1 400\r\nContent-Length: 1\r\n\r\nx",
    body: "x",
    status: 400,
  },
  {
    name: "after a foretoken",
    text:
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\na: b\r\n\r\n${HEAD}Content-Length: 1\r\n\r\nx`,
    body: "x",
  },
  {
    name: "in chunks, with extensions and trailers",
    text:
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n`,
    body: "abc0123456789",
  },
  {
    name: "on a connection that closes",
    text: `${HEAD}Connection: Keep-Alive, Close\r\nContent-Length: 1\r\n\r\nx`,
    body: "x",
    isKept: false,
  },
  {
    name: "of HTTP/1.0",
    text: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
    body: "x",
    isKept: false,
  },
  {
    name: "that ends with its connection",
    text: `${HEAD}Content-Type: x\r\n\r\nabc`,
    body: "abc",
    isKept: false,
    isEnded: true,
  },
];

const REFUSED: readonly (readonly [string, string])[] = [
  ["no HTTP", "SSH-2.0-x\r\n\r\n"],
  ["another version", "HTTP/2 200 OK\r\n\r\n"],
  ["a status that is none", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["another protocol", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
  ["a header without a colon", `${HEAD}abc\r\n\r\n`],
  ["a space before the colon", `${HEAD}Content-Length : 1\r\n\r\nx`],
  ["a folded header", `${HEAD}a: b\r\n c\r\n\r\n`],
  ["a bare line feed within a header", `${HEAD}a: b\nContent-Length: 1\r\n\r\nx`],
  ["a length that is negative", `${HEAD}Content-Length: -1\r\n\r\n`],
  ["a length that is hexadecimal", `${HEAD}Content-Length: 0x10\r\n\r\n`],
  ["a length that is a list", `${HEAD}Content-Length: 1, 1\r\n\r\nx`],
  ["two lengths", `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy`],
  [
    "a length and chunks",
    `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["an encoding that is unknown", `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`],
  ["a chunk without a length", `${HEAD}Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n`],
  ["a chunk's length that is none", `${HEAD}Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n`],
  ["a chunk's length that is huge", `${HEAD}Transfer-Encoding: chunked\r\n\r\n123456789\r\nabc`],
  ["a chunk that is longer than it says", `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n`],
  ["a chunk's line without a return", `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\nab\r\n`],
  [
    "a chunk's line without an end",
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n1;${"x".repeat(5_000)}`,
  ],
  ["a head without an end", `${HEAD}a: ${"x".repeat(70_000)}`],
];

describe("AnswerReader", () => {
  for (const { name, text, body, isKept = true, status = 200, isEnded = false } of ANSWERS) {
    it(`reads an answer ${name}, however it is cut`, () => {
      for (const answer of readCut(text, isEnded)) {
        assert.deepEqual(answer, { status, body, isKept, left: 0 });
      }
    });
  }

  it("takes nothing of what follows an answer", () => {
    for (const text of [`${HEAD}Content-Length: 2\r\n\r\nab`, `${HEAD}Content-Length: 0\r\n\r\n`]) {
      assert.equal(read([`${text}HTTP/1.1`]).left, 8);
    }
    const chunks = `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`;
    assert.deepEqual(read([`${chunks}more`]), { status: 200, body: "x", isKept: true, left: 4 });
  });

  it("lets a body of known length be read right to its place", () => {
    const reader = new AnswerReader();
    const room = (): Uint8Array => reader.room ?? new Uint8Array(0);
    assert.equal(reader.isComplete, false);
    reader.take(Buffer.from(`${HEAD}Content-Length: 5\r\n\r\nab`));
    assert.equal(room().length, 3);
    room().set(Buffer.from("c"));
    reader.filled(1);
    assert.equal(room().length, 2);
    room().set(Buffer.from("de"));
    reader.filled(2);
    assert.equal(reader.isComplete, true);
    assert.equal(Buffer.from(reader.body).toString(), "abcde");
    assert.equal(reader.body.buffer.byteLength, 5);
  });

  it("collects what is longer than can be prepared for", () => {
    const reader = new AnswerReader();
    reader.take(Buffer.from(`${HEAD}Content-Length: 34000000\r\n\r\n`));
    assert.equal(reader.room, undefined);
    for (let piece = 0; piece < 34; piece++) reader.take(Buffer.alloc(1_000_000, piece));
    assert.equal(reader.isComplete, true);
    assert.equal(reader.body[33_999_999], 33);
  });

  it("reads a header with spaces around and within, however many, in no time", () => {
    const value = `a${" ".repeat(60_000)}b`;
    const reader = new AnswerReader();
    const beginMs = performance.now();
    reader.take(Buffer.from(`${HEAD}x: \t ${value} \t \r\ny:\t\r\nContent-Length: 0\r\n\r\n`));
    const tookMs = performance.now() - beginMs;
    assert.equal(reader.head?.headers.get("x"), value);
    assert.equal(reader.head?.headers.get("y"), "");
    assert.ok(tookMs < 500, `${tookMs} ms`);
  });

  for (const [name, text] of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => read([text]), /^Error: Cannot read the answer: /);
      assert.throws(
        () => read(text.slice(0, 200).split("").concat(text.slice(200))),
        /Cannot read/,
      );
    });
  }

  it("refuses an answer that is cut short", () => {
    const texts = ["", "HTTP/1.1 2", HEAD, `${HEAD}Content-Length: 5\r\n\r\nabcd`];
    const chunks = `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n`;
    for (const text of [...texts, chunks, chunks.slice(0, -6)]) {
      assert.throws(() => read([text], true), /the connection was closed/);
    }
  });
});
