/**
 * Contract: whatever was packed comes out again, in order, whoever packed it; what is no aggregate, is
 * damaged, or does not hold together is told to be none, and nothing throws.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  aggregateOf,
  bytesField,
  messageOf,
  sealed,
  type ToPack,
  varintField,
} from "../../testing/packing.ts";
import { readAggregate } from "./aggregate.ts";

/** Packed by AWS's aws_kinesis_agg 1.2.3 for Python. */
const BY_PYTHON =
  "84mawgoBYQoBYgoGw7wta2V5EicxNzAxNDExODM0NjA0NjkyMzE3MzE2ODczMDM3MTU4ODQxMDU3MjgaDwgAGgt7Im9yZGVyIjoxfRoRCAEQABoLeyJvcmRlciI6Mn0aBAgAGgAaCggCGgZncsO8w5+9dJ0qlFfDb6Zass2dWSpL";
/** Packed by AWS's aws-kinesis-agg 4.2.8 for Node. */
const BY_NODE =
  "84mawgoBYQoBYgoGw7wta2V5EgExEicxNzAxNDExODM0NjA0NjkyMzE3MzE2ODczMDM3MTU4ODQxMDU3MjgaDwgAGgt7Im9yZGVyIjoxfRoRCAEQABoLeyJvcmRlciI6Mn0aEQgAEAEaC3sib3JkZXIiOjN9GgoIAhoGZ3LDvMOfoK7suHyjXjvO75dpFdMW6Q==";
const HASH_KEY = "170141183460469231731687303715884105728";

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function read(bytes: Uint8Array) {
  return readAggregate(bytes)?.map(({ data, ...others }) => ({
    ...others,
    text: new TextDecoder().decode(data),
  }));
}

const anyRecord: fc.Arbitrary<ToPack> = fc.record({
  partitionKey: fc.string({ unit: "grapheme", minLength: 1, maxLength: 256 }),
  explicitHashKey: fc.option(fc.bigInt(0n, 2n ** 128n - 1n).map(String), { nil: undefined }),
  data: fc.uint8Array({ maxLength: 400 }),
});

describe("readAggregate()", () => {
  it("reads what AWS's library for Python packed", () => {
    assert.deepEqual(read(fromBase64(BY_PYTHON)), [
      { partitionKey: "a", explicitHashKey: undefined, text: '{"order":1}' },
      { partitionKey: "b", explicitHashKey: HASH_KEY, text: '{"order":2}' },
      { partitionKey: "a", explicitHashKey: undefined, text: "" },
      { partitionKey: "ü-key", explicitHashKey: undefined, text: "grüß" },
    ]);
  });

  it("reads what AWS's library for Node packed, keys in another order than records", () => {
    assert.deepEqual(read(fromBase64(BY_NODE)), [
      { partitionKey: "a", explicitHashKey: undefined, text: '{"order":1}' },
      { partitionKey: "b", explicitHashKey: "1", text: '{"order":2}' },
      { partitionKey: "a", explicitHashKey: HASH_KEY, text: '{"order":3}' },
      { partitionKey: "ü-key", explicitHashKey: undefined, text: "grüß" },
    ]);
  });

  it("gives back whatever was packed", () => {
    fc.assert(fc.property(fc.array(anyRecord, { maxLength: 40 }), (records) => {
      const given = readAggregate(aggregateOf(records));
      assert.deepEqual(given?.map(({ data, ...others }) => ({ ...others, data: [...data] })), [
        ...records.map(({ data, ...others }) => ({ ...others, data: [...data] })),
      ]);
    }));
  });

  it("tells a single flipped bit, anywhere", () => {
    const whole = fromBase64(BY_PYTHON);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = whole.slice();
      damaged[bit >> 3]! ^= 1 << (bit % 8);
      assert.equal(readAggregate(damaged), undefined, `bit ${bit}`);
    }
  });

  it("takes no payload of another kind for an aggregate", () => {
    const magic = [0xf3, 0x89, 0x9a, 0xc2];
    for (const bytes of [[], magic, [...magic, ...new Array(16).fill(0)], [1, 2, 3]]) {
      assert.equal(readAggregate(Uint8Array.from(bytes)), undefined);
    }
  });

  it("takes no message for one that does not hold together, although its digest is right", () => {
    const cut = bytesField(3, bytesField(3, new Uint8Array(9)).subarray(0, 5));
    const noKey = bytesField(3, messageOf(varintField(1, 1), bytesField(3, new Uint8Array(1))));
    const noHashKey = bytesField(3, messageOf(varintField(1, 0), varintField(2, 0)));
    const key = bytesField(1, new TextEncoder().encode("a"));
    const group = Uint8Array.of(3 << 3 | 3);
    const endless = new Uint8Array(12).fill(0xff);
    for (const parts of [[key, cut], [key, noKey], [key, noHashKey], [key, group], [endless]]) {
      assert.equal(readAggregate(sealed(messageOf(...parts))), undefined);
    }
  });

  it("passes over fields that it does not know", () => {
    const fixed = Uint8Array.of(5 << 3 | 5, 1, 2, 3, 4, 6 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8);
    const tag = bytesField(4, bytesField(1, new TextEncoder().encode("tag")));
    const record = messageOf(varintField(1, 0), bytesField(3, Uint8Array.of(7)), tag, fixed);
    const key = bytesField(1, new TextEncoder().encode("a"));
    const message = messageOf(bytesField(3, record), fixed, key, varintField(9, 2 ** 40));
    assert.deepEqual(readAggregate(sealed(message)), [
      { partitionKey: "a", explicitHashKey: undefined, data: Uint8Array.of(7) },
    ]);
  });

  it("reads what leaves out zeros and what is empty", () => {
    const key = bytesField(1, new TextEncoder().encode("a"));
    assert.deepEqual(readAggregate(sealed(messageOf(key, bytesField(3, new Uint8Array())))), [
      { partitionKey: "a", explicitHashKey: undefined, data: new Uint8Array() },
    ]);
  });
});
