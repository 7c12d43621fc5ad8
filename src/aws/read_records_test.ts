/**
 * The contract: an answer means the same in CBOR and in JSON, whichever way it is read; what is cut
 * short or no answer at all is a KinsumerError; a service that does not take CBOR, or does not speak
 * it well, is read in JSON from then on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { KinsumerError } from "../errors.ts";
import { RawAnswer, type Wire } from "./answers.ts";
import type { AwsCall } from "./call.ts";
import { decodeCbor, encodeCbor } from "./cbor.ts";
import { scanCborAnswer } from "./cbor_records.ts";
import { scanJsonAnswer } from "./json_records.ts";
import type { RecordsAnswer } from "./kinesis.ts";
import { createRecordsReader, WireChoice } from "./read_records.ts";

type Item = Uint8Array | string | number | boolean | null | Item[] | { [name: string]: Item };
type Bytes = Uint8Array<ArrayBuffer>;

/** Writes any item; `isOpen` leaves lengths of lists and maps unstated, `chunk` cuts up strings. */
function write(item: Item, style: { isOpen: boolean; chunk: number }): Bytes {
  const out: number[] = [];
  const head = (major: number, value: number): void => {
    const top = major << 5;
    if (value < 24) out.push(top | value);
    else if (value < 256) out.push(top | 24, value);
    else if (value < 65_536) out.push(top | 25, value >> 8, value & 255);
    else {
      out.push(top | 27);
      for (let shift = 56n; shift >= 0n; shift -= 8n) {
        out.push(Number((BigInt(value) >> shift) & 255n));
      }
    }
  };
  const string = (major: number, bytes: Uint8Array): void => {
    if (style.chunk === 0) {
      head(major, bytes.length);
      out.push(...bytes);
      return;
    }
    out.push((major << 5) | 31);
    for (let at = 0; at < bytes.length; at += style.chunk) {
      const part = bytes.subarray(at, at + style.chunk);
      head(major, part.length);
      out.push(...part);
    }
    out.push(0xff);
  };
  const put = (value: Item): void => {
    if (value === null) out.push(0xf6);
    else if (typeof value === "boolean") out.push(value ? 0xf5 : 0xf4);
    else if (typeof value === "number" && Number.isInteger(value)) head(0, value);
    else if (typeof value === "number") {
      out.push(0xfb);
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, value);
      out.push(...new Uint8Array(view.buffer));
    } else if (typeof value === "string") string(3, new TextEncoder().encode(value));
    else if (value instanceof Uint8Array) string(2, value);
    else if (Array.isArray(value)) {
      if (style.isOpen) out.push(0x9f);
      else head(4, value.length);
      value.forEach(put);
      if (style.isOpen) out.push(0xff);
    } else {
      const entries = Object.entries(value);
      if (style.isOpen) out.push(0xbf);
      else head(5, entries.length);
      for (const [name, each] of entries) {
        put(name);
        put(each);
      }
      if (style.isOpen) out.push(0xff);
    }
  };
  put(item);
  return Uint8Array.from(out);
}

function jsonBytes(document: unknown): Bytes {
  return new TextEncoder().encode(JSON.stringify(document));
}

/** Reads one body, as a service's answer. */
async function read(wire: Wire, bytes: Bytes): Promise<RecordsAnswer> {
  const call: AwsCall = () => Promise.resolve(new RawAnswer(wire, bytes.slice()));
  return await createRecordsReader({ call, wire: new WireChoice("json") })({}, undefined);
}

/** What an answer says, in plain values. */
function plain({ records, nextShardIterator, lagMs, hasChildShards }: RecordsAnswer): unknown {
  return {
    records: records.map((record) => ({
      sequenceNumber: record.sequenceNumber,
      partitionKey: record.partitionKey,
      data: [...record.data],
      again: [...record.data],
      approximateArrivalMs: record.approximateArrivalMs,
      encryptionType: record.encryptionType,
    })),
    nextShardIterator,
    lagMs,
    hasChildShards,
  };
}

const RECORD = fc.record({
  data: fc.uint8Array({ maxLength: 90 }),
  sequenceNumber: fc.bigInt({ min: 0n, max: 10n ** 56n }).map(String),
  partitionKey: fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: undefined }),
  arrivalMs: fc.option(fc.integer({ min: 10 ** 11, max: 10 ** 13 }), { nil: undefined }),
  encryptionType: fc.option(fc.constantFrom("NONE", "KMS"), { nil: undefined }),
});
const ANSWER = fc.record({
  records: fc.array(RECORD, { maxLength: 6 }),
  next: fc.option(fc.string({ maxLength: 40 }), { nil: undefined }),
  lagMs: fc.option(fc.nat(), { nil: undefined }),
  hasChildren: fc.boolean(),
});
type Facts = typeof ANSWER extends fc.Arbitrary<infer Value> ? Value : never;

/** The document of an answer, with payloads and times as the wire has them. */
function documentOf(facts: Facts, wire: "json" | "cbor" | "local cbor"): { [name: string]: Item } {
  const isCbor = wire === "cbor";
  return {
    Records: facts.records.map((each) => ({
      SequenceNumber: each.sequenceNumber,
      ...(each.arrivalMs !== undefined &&
        { ApproximateArrivalTimestamp: isCbor ? each.arrivalMs : each.arrivalMs / 1000 }),
      Data: isCbor ? each.data : btoa(String.fromCharCode(...each.data)),
      ...(each.partitionKey !== undefined && { PartitionKey: each.partitionKey }),
      ...(each.encryptionType !== undefined && { EncryptionType: each.encryptionType }),
    })),
    ...(facts.next !== undefined && { NextShardIterator: facts.next }),
    ...(facts.lagMs !== undefined && { MillisBehindLatest: facts.lagMs }),
    ...(facts.hasChildren && { ChildShards: [{ ShardId: "c", ParentShards: ["p"] }] }),
  };
}

const STYLE = fc.record({ isOpen: fc.boolean(), chunk: fc.constantFrom(0, 0, 0, 7) });
const ANSWERS = { numRuns: 300 };
/** What changes an answer's form or its numbers, or is a part of any base64. */
const STRUCTURE = '"{}[],:.+=\\019AEek';

describe("reading records", () => {
  it("says the same of CBOR, of the local servers' CBOR, and of JSON", async () => {
    await fc.assert(
      fc.asyncProperty(ANSWER, STYLE, async (facts, style) => {
        const json = plain(await read("json", jsonBytes(documentOf(facts, "json"))));
        assert.deepEqual(plain(await read("cbor", write(documentOf(facts, "cbor"), style))), json);
        const local = write(documentOf(facts, "local cbor"), style);
        assert.deepEqual(plain(await read("cbor", local)), json);
      }),
      ANSWERS,
    );
  });

  it("says the same as the full parser, of JSON in any layout", async () => {
    await fc.assert(
      fc.asyncProperty(ANSWER, fc.constantFrom(0, 2), async (facts, indent) => {
        const document = documentOf(facts, "json");
        const text = JSON.stringify(document, null, indent);
        const scanned = plain(await read("json", new TextEncoder().encode(text)));
        const call: AwsCall = () => Promise.resolve(JSON.parse(text));
        const parsed = await createRecordsReader({ call, wire: new WireChoice("json") })(
          {},
          undefined,
        );
        assert.deepEqual(scanned, plain(parsed));
      }),
      ANSWERS,
    );
  });

  it("takes the short way for the usual form, in both wires", () => {
    const facts: Facts = {
      records: [{
        data: Uint8Array.of(1, 2, 3),
        sequenceNumber: "49",
        partitionKey: "kéy",
        arrivalMs: 1_700_000_000_123,
        encryptionType: "KMS",
      }],
      next: "n",
      lagMs: 0,
      hasChildren: false,
    };
    const style = { isOpen: true, chunk: 0 };
    assert.notEqual(scanCborAnswer(write(documentOf(facts, "cbor"), style)), undefined);
    assert.notEqual(scanJsonAnswer(jsonBytes(documentOf(facts, "json"))), undefined);
  });

  it("refuses every answer that is cut short, whatever the wire", async () => {
    await fc.assert(
      fc.asyncProperty(ANSWER, STYLE, fc.nat(), async (facts, style, at) => {
        for (const wire of ["cbor", "json"] as const) {
          const document = documentOf(facts, wire);
          const whole = wire === "cbor" ? write(document, style) : jsonBytes(document);
          await assertMalformed(wire, whole.slice(0, 1 + at % (whole.length - 1)));
        }
      }),
      ANSWERS,
    );
  });

  it("reads garbage as an answer or refuses it, and reads nothing beyond its end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async (bytes) => {
        for (const wire of ["cbor", "json"] as const) {
          await readOrRefuse(wire, Uint8Array.from(bytes));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("survives a changed byte anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(ANSWER, STYLE, fc.nat(), fc.nat(255), async (facts, style, at, byte) => {
        for (const wire of ["cbor", "json"] as const) {
          const document = documentOf(facts, wire);
          const whole = wire === "cbor" ? write(document, style) : jsonBytes(document);
          whole[at % whole.length] = byte;
          await readOrRefuse(wire, whole);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("says the same as the full parser, of JSON with a changed byte that this one reads", async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(ANSWER, fc.nat(), fc.constantFrom(...STRUCTURE), async (...given) => {
        const [facts, at, sign] = given;
        const whole = jsonBytes(documentOf(facts, "json"));
        if (whole[at % whole.length]! > 127) return; // what is no text is for nobody to agree on
        whole[at % whole.length] = sign.charCodeAt(0);
        const parse: AwsCall = () => Promise.resolve(JSON.parse(new TextDecoder().decode(whole)));
        const reader = createRecordsReader({ call: parse, wire: new WireChoice("json") });
        const parsed = await reader({}, undefined).then(plain).catch(() => undefined);
        if (parsed === undefined) return;
        compared++;
        assert.deepEqual(plain(await read("json", whole)), parsed);
      }),
      { numRuns: 1_000 },
    );
    assert.ok(compared > 100, `only ${compared} could be compared`);
  });

  it("refuses a payload that is no base64, each time it is read", async () => {
    const bytes = jsonBytes({ Records: [{ SequenceNumber: "1", Data: "a*bc" }] });
    const { records: [record] } = await read("json", bytes);
    for (const _ of [1, 2]) {
      assert.throws(() => record!.data, { code: "MalformedAnswer" });
    }
  });
});

async function assertMalformed(wire: Wire, bytes: Bytes): Promise<void> {
  await assert.rejects(
    async () => plain(await read(wire, bytes)),
    (error) => error instanceof KinsumerError && error.code === "MalformedAnswer",
  );
}

async function readOrRefuse(wire: Wire, bytes: Bytes): Promise<void> {
  try {
    plain(await read(wire, bytes));
  } catch (error) {
    if (!(error instanceof KinsumerError)) throw error;
    assert.equal(error.code, "MalformedAnswer");
  }
}

describe("the wire", () => {
  const good = () => new RawAnswer("json", jsonBytes({ Records: [] }));
  const goodCbor = () => new RawAnswer("cbor", write({ Records: [] }, { isOpen: true, chunk: 0 }));
  const refusal = new KinsumerError("RequestRejected", "no", { awsCode: "SerializationException" });

  async function play(...replies: (RawAnswer | KinsumerError)[]): Promise<{
    readonly asked: (Wire | undefined)[];
    readonly told: KinsumerError[];
    readonly failures: unknown[];
  }> {
    const asked: (Wire | undefined)[] = [];
    const told: KinsumerError[] = [];
    const failures: unknown[] = [];
    const call: AwsCall = (_target, _input, options) => {
      const reply = replies[asked.push(options?.raw?.wire) - 1];
      return reply instanceof RawAnswer ? Promise.resolve(reply) : Promise.reject(reply);
    };
    const wire = new WireChoice("cbor", (error) => void told.push(error));
    const readRecords = createRecordsReader({ call, wire });
    while (asked.length < replies.length) {
      await readRecords({}, undefined).catch((error) => failures.push(error));
    }
    return { asked, told, failures };
  }

  it("stays CBOR while the service answers", async () => {
    const { asked, told } = await play(goodCbor(), goodCbor());
    assert.deepEqual([asked, told], [["cbor", "cbor"], []]);
  });

  it("becomes JSON, once and for good, where CBOR is refused and JSON is not", async () => {
    const { asked, told, failures } = await play(refusal, good(), good());
    assert.deepEqual([asked, told, failures], [["cbor", "json", "json"], [refusal], []]);
  });

  it("stays undecided where both are refused", async () => {
    const { asked, told, failures } = await play(refusal, refusal, goodCbor());
    assert.deepEqual([asked, told, failures], [["cbor", "json", "cbor"], [], [refusal]]);
  });

  it("is not changed by a service that failed for a moment, but by one that always does", async () => {
    const failed = new KinsumerError("ServiceFailure", "not now", { retryable: true });
    const moment = await play(failed, good(), failed, good(), goodCbor(), failed, goodCbor());
    assert.deepEqual(moment.asked, ["cbor", "json", "cbor", "json", "cbor", "cbor", "cbor"]);
    assert.deepEqual([moment.told, moment.failures], [[], [failed]]);
    const always = await play(failed, good(), failed, good(), failed, good(), good());
    assert.deepEqual(always.asked, ["cbor", "json", "cbor", "json", "cbor", "json", "json"]);
    assert.deepEqual([always.told, always.failures], [[failed], []]);
  });

  it("stays CBOR where another shard's read was answered in it meanwhile", async () => {
    const told: KinsumerError[] = [];
    const wire = new WireChoice("cbor", (error) => void told.push(error));
    const call: AwsCall = (_target, _input, options) => {
      if (options?.raw?.wire === "cbor") return Promise.reject(refusal);
      wire.answered();
      return Promise.resolve(good());
    };
    await createRecordsReader({ call, wire })({}, undefined);
    assert.deepEqual([wire.wire, told], ["cbor", []]);
  });

  it("becomes JSON where a later answer is cut short", async () => {
    const cut = new RawAnswer("cbor", Uint8Array.of(0xbf, 0x67));
    const { asked, told } = await play(goodCbor(), cut, good(), good());
    assert.deepEqual(asked, ["cbor", "cbor", "json", "json"]);
    assert.equal(told[0]?.code, "MalformedAnswer");
  });

  it("is not doubted for throttling, nor for a refusal after it was proven", async () => {
    const throttled = new KinsumerError("Throttled", "slow down", { retryable: true });
    const { asked, told } = await play(throttled, goodCbor(), refusal, goodCbor());
    assert.deepEqual([asked, told], [["cbor", "cbor", "cbor", "cbor"], []]);
  });
});

describe("decodeCbor()", () => {
  it("reads what encodeCbor() wrote", () => {
    const fields = { ShardIterator: "x".repeat(300), Limit: 10_000, Left: undefined };
    const { Left: _, ...kept } = fields;
    assert.deepEqual(decodeCbor(encodeCbor(fields)), kept);
  });

  // RFC 8949, appendix A.
  const vectors: readonly (readonly [hex: string, value: unknown])[] = [
    ["17", 23],
    ["1818", 24],
    ["1903e8", 1_000],
    ["1a000f4240", 1_000_000],
    ["1b000000e8d4a51000", 1_000_000_000_000],
    ["20", -1],
    ["3863", -100],
    ["f93c00", 1],
    ["f93e00", 1.5],
    ["f90001", 5.960464477539063e-8],
    ["f9c400", -4],
    ["f97c00", Infinity],
    ["fa47c35000", 100_000],
    ["fb3ff199999999999a", 1.1],
    ["f4", false],
    ["f5", true],
    ["f6", null],
    ["f7", undefined],
    ["c11a514b67b0", 1_363_896_240],
    ["64f0908591", "\ud800\udd51"],
    ["5f42010243030405ff", Uint8Array.of(1, 2, 3, 4, 5)],
    ["7f657374726561646d696e67ff", "streaming"],
    ["8301820203820405", [1, [2, 3], [4, 5]]],
    ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
    ["a26161016162820203", { a: 1, b: [2, 3] }],
    ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
  ];
  for (const [hex, value] of vectors) {
    it(`reads ${hex}`, () => assert.deepEqual(decodeCbor(bytesOf(hex)), value));

    it(`refuses ${hex}, cut short or going on`, () => {
      for (let at = 0; at < hex.length; at += 2) {
        assert.throws(() => decodeCbor(bytesOf(hex.slice(0, at))), SyntaxError);
      }
      assert.throws(() => decodeCbor(bytesOf(`${hex}00`)), SyntaxError);
    });
  }

  it("refuses heads that are none, and strings of parts that are none", () => {
    for (
      const hex of [
        "1c",
        "1f",
        "3f",
        "df00",
        "fc",
        "ff",
        "5f01ff",
        "5f5f4101ffff",
        "7f4101ff",
        "a10001",
      ]
    ) {
      assert.throws(() => decodeCbor(bytesOf(hex)), SyntaxError, hex);
    }
  });

  it("refuses what is nested without end", () => {
    assert.throws(() => decodeCbor(new Uint8Array(100_000).fill(0x81)), SyntaxError);
  });
});

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (each) => parseInt(each, 16));
}
