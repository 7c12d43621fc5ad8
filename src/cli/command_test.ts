// Contract: a command's line is read, or refused with words; its help has every option and example;
// places, records and payloads are read and written as the help says.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Arguments, helpOf, readArguments, UsageError, wrap } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { isGood, Tally } from "./demo_tally.ts";
import { readPlace } from "./moment.ts";
import { didYouMean } from "./nearest.ts";
import { batchesOf, linesOf, readRecord } from "./put_input.ts";
import { formatRecord, formatRecords, visible } from "./record_format.ts";
import { mayColour } from "./shell.ts";

const command = COMMANDS.find(({ name }) => name === "top")!;

describe("readArguments()", () => {
  it("reads options and defaults", () => {
    const args = readArguments(command, ["-s", "orders", "--no-lag", "--interval=2.5"]);
    assert.equal(args.required("stream"), "orders");
    assert.equal(args.has("no-lag"), true);
    assert.equal(args.secondsAsMs("interval", { min: 1, max: 60 }), 2500);
    assert.equal(args.text("sort"), "shard");
  });

  for (const line of [["--nonsense"], ["operand"], ["--stream"]]) {
    it(`refuses ${line.join(" ")}`, () => {
      assert.throws(() => readArguments(command, line), UsageError);
    });
  }
});

describe("Arguments", () => {
  const args = new Arguments({ count: "12", bad: "1.5", empty: "" }, []);
  const range = { min: 1, max: 12 };

  it("checks counts", () => {
    assert.equal(args.count("count", range), 12);
    assert.throws(
      () => args.count("count", { min: 1, max: 11 }),
      /whole number from 1 to 11, got "12"/,
    );
    assert.throws(() => args.count("bad", range), UsageError);
  });

  it("names what is missing", () => {
    assert.throws(
      () => args.required("stream"),
      /^UsageError: --stream is missing: which stream\?$/,
    );
    assert.throws(() => args.required("empty"), UsageError);
    assert.throws(() => args.choice("count", ["a", "b"]), /one of a, b, got "12"/);
  });
});

describe("every command", () => {
  for (const each of COMMANDS) {
    it(`"${each.name}" has a help with all options, and examples that can be read`, () => {
      const help = helpOf(each);
      for (const name of Object.keys(each.options)) assert.ok(help.includes(`--${name}`), name);
      assert.ok(each.examples.length > 0, "no example");
      for (const line of help.split("\n")) assert.ok(line.length <= 110, line);
    });
  }
});

describe("mayColour()", () => {
  for (
    const [env, isTerminal, expected] of [
      [{}, true, true],
      [{}, false, false],
      [{ NO_COLOR: "1" }, true, false],
      [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
      [{ FORCE_COLOR: "1" }, false, true],
      [{ FORCE_COLOR: "0" }, true, false],
      [{ TERM: "dumb" }, true, false],
    ] as readonly (readonly [Readonly<Record<string, string>>, boolean, boolean])[]
  ) {
    it(`says ${expected} for ${JSON.stringify(env)}, terminal ${isTerminal}`, () => {
      assert.equal(mayColour((name) => env[name], isTerminal), expected);
    });
  }
});

describe("readPlace()", () => {
  const NOW_MS = Date.UTC(2026, 0, 31);
  const SEQUENCE = "49680488450790829711031458485773417102525416287884017666";

  for (
    const [text, expected] of [
      ["horizon", { type: "horizon" }],
      ["latest", { type: "latest" }],
      ["15m", { type: "time", timestampMs: NOW_MS - 900_000 }],
      ["3d", { type: "time", timestampMs: NOW_MS - 259_200_000 }],
      ["2026-01-30T12:00:00Z", { type: "time", timestampMs: NOW_MS - 43_200_000 }],
      [SEQUENCE, { type: "sequence", sequenceNumber: SEQUENCE }],
    ] as const
  ) it(`reads "${text}"`, () => assert.deepEqual(readPlace("to", text, NOW_MS), expected));

  for (const text of ["", "tip", "12345", "2027-01-01T00:00:00Z", "2026-99-99", "-1h", "99999d"]) {
    it(`refuses "${text}"`, () => assert.throws(() => readPlace("to", text, NOW_MS), UsageError));
  }
});

describe("formatRecord()", () => {
  const record = (data: Uint8Array | string) => ({
    sequenceNumber: "7",
    partitionKey: "ann",
    approximateArrivalMs: 0,
    data: typeof data === "string" ? new TextEncoder().encode(data) : data,
  });
  const SHARD = "shardId-000000000003";
  const pipe = { isTerminal: false, isColoured: false };

  it("writes text, with the shard, the time and the key before it", () => {
    assert.equal(
      formatRecord(record("hello"), SHARD, { format: "text", ...pipe }),
      "3  1970-01-01T00:00:00.000Z  ann  hello\n",
    );
  });

  it("writes JSON, whatever the payload is", () => {
    const json = (data: Uint8Array | string): unknown =>
      JSON.parse(formatRecord(record(data), SHARD, { format: "json", ...pipe }));
    const rest = {
      shardId: SHARD,
      sequenceNumber: "7",
      partitionKey: "ann",
      arrivedAt: "1970-01-01T00:00:00.000Z",
    };
    assert.deepEqual(json('{"a":1}'), { ...rest, text: '{"a":1}' });
    assert.deepEqual(json(new Uint8Array([255, 0])), { ...rest, base64: "/wA=" });
  });

  it("writes a dump of 16 bytes a line", () => {
    assert.equal(
      formatRecord(record("0123456789abcdef\n"), SHARD, { format: "hex", ...pipe }),
      "3  1970-01-01T00:00:00.000Z  ann\n" +
        "  00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n" +
        "  00000010  0a                                               .\n",
    );
  });

  it("does not let a payload speak to the terminal", () => {
    const evil = "\x1b]0;title\x07a\nb\u009b2J\tc";
    assert.equal(visible(evil), "\\x1b]0;title\\x07a\\nb\\x9b2J\tc");
    const shown = formatRecord(record(evil), SHARD, {
      format: "raw",
      isTerminal: true,
      isColoured: false,
    });
    assert.equal(shown, `${visible(evil)}\n`);
    assert.equal(formatRecord(record(evil), SHARD, { format: "raw", ...pipe }), `${evil}\n`);
  });

  it("writes raw payloads into a pipe as they are, whatever they are", () => {
    const records = [record(new Uint8Array([255, 0, 10])), record("\ufeffä")];
    const bytes = formatRecords(records, SHARD, { format: "raw", ...pipe });
    assert.deepEqual(bytes, Uint8Array.of(255, 0, 10, 10, 0xef, 0xbb, 0xbf, 0xc3, 0xa4, 10));
    const text = formatRecords(records, SHARD, { format: "raw", ...pipe, isTerminal: true });
    assert.equal(typeof text, "string");
  });
});

describe("what put reads", () => {
  async function cut(bytes: Uint8Array, length: number): Promise<readonly (readonly number[])[]> {
    const pieces = async function* () {
      const piece = new Uint8Array(length); // which may be used again
      for (let at = 0; at < bytes.length; at += length) {
        const part = bytes.subarray(at, at + length);
        piece.set(part);
        yield await Promise.resolve(piece.subarray(0, part.length));
      }
    };
    const lines: number[][] = [];
    for await (const some of linesOf(pieces())) lines.push(...some.map((line) => [...line]));
    return lines;
  }

  it("cuts pieces into lines, across their ends, byte by byte as they are", async () => {
    const bytes = [0xef, 0xbb, 0xbf, 0xc3, 0xa4, 13, 10, 10, 98, 255, 0, 10, 99];
    const expected = [[0xef, 0xbb, 0xbf, 0xc3, 0xa4], [98, 255, 0], [99]];
    for (const length of [1, 2, 3, 7, 13]) {
      assert.deepEqual(await cut(Uint8Array.from(bytes), length), expected, `${length} at a time`);
    }
  });

  it("puts again what tail --json prints, whatever the payload is", () => {
    for (const data of [Uint8Array.of(255, 0, 10), new TextEncoder().encode("\ufeffä\u0000")]) {
      const printed = formatRecord({ sequenceNumber: "7", partitionKey: "ann", data }, "shard", {
        format: "json",
        isTerminal: false,
        isColoured: false,
      });
      const read = readRecord(new TextEncoder().encode(printed), "json", "line 1");
      const bytes = typeof read.data === "string" ? new TextEncoder().encode(read.data) : read.data;
      assert.deepEqual([...bytes], [...data]);
      assert.equal(read.partitionKey, "ann");
    }
  });

  it("takes what tail --json prints, and any JSON as data", () => {
    const read = (value: unknown) => readRecord(JSON.stringify(value), "json", "line 1");
    assert.deepEqual(read({ text: "x", partitionKey: null }), {
      data: "x",
      partitionKey: undefined,
    });
    assert.deepEqual(read({ data: { a: 1 }, partitionKey: "k" }), {
      data: '{"a":1}',
      partitionKey: "k",
    });
    assert.deepEqual(readRecord("{", "lines", "line 1"), { data: "{" });
  });

  for (const line of ["{", "null", "{}", '{"data":1,"partitionKey":2}', '{"base64":"/*=="}']) {
    it(`refuses ${line}`, () => {
      assert.throws(() => readRecord(line, "json", "line 3"), /^UsageError: line 3 /);
    });
  }

  it("cuts records into calls by count and by bytes", () => {
    const sizes = (records: readonly { readonly data: string }[]): readonly number[] =>
      [...batchesOf(records)].map((batch) => batch.length);
    assert.deepEqual(sizes(Array.from({ length: 1001 }, () => ({ data: "x" }))), [500, 500, 1]);
    const big = { data: "x".repeat(1_000_000) };
    assert.deepEqual(sizes([big, big, big]), [1, 1, 1]);
    assert.deepEqual(sizes([]), []);
  });
});

describe("Tally", () => {
  const record = (place: number) => ({ shardId: "s", sequenceNumber: String(place) });

  it("finds what is lost, twice and out of order", () => {
    const tally = new Tally();
    tally.produced([1, 2, 3, 10].map(record));
    for (const place of [1, 10, 2, 2]) tally.consumed(record(place));
    const expected = { produced: 4, consumed: 3, lost: 1, twice: 1, outOfOrder: 2 };
    assert.deepEqual(tally.verdict, expected);
    assert.equal(isGood(tally.verdict), false);
  });

  it("is content with everything once and in order", () => {
    const tally = new Tally();
    tally.produced([9, 10].map(record));
    for (const place of [9, 10]) tally.consumed(record(place));
    assert.equal(isGood(tally.verdict), true);
  });
});

describe("wrap()", () => {
  it("breaks between words", () => assert.equal(wrap("aa bb cc", 5), "aa bb\ncc"));
});

describe("didYouMean()", () => {
  const known = ["stream", "status", "no-lag", "tables create"];
  const cases = {
    strem: "stream",
    sream: "stream",
    stauts: "status",
    "no-lags": "no-lag",
    "tabels craete": "tables create",
  };
  for (const [word, meant] of Object.entries(cases)) {
    it(`takes ${word} for ${meant}`, () => {
      assert.equal(didYouMean(word, known), `: did you mean "${meant}"?`);
    });
  }

  it("guesses nothing where nothing is near", () => {
    for (const word of ["", "x", "region", "stat"]) assert.equal(didYouMean(word, known), "", word);
  });
});
