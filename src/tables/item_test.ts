// Contract: item.ts writes what a Go reader understands and reads every form that a Go client
// writes; an assignment survives its short form.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  decodeAssignment,
  encodeAssignment,
  laterUpdate,
  nextUpdate,
  readBoolean,
  readPositive,
  readString,
  readStrings,
  readUpdate,
  rfc1123,
} from "./item.ts";

const NOW_MS = 1_795_412_454_604;

describe("nextUpdate()", () => {
  it("counts nanoseconds, without losing a digit", () => {
    assert.equal(nextUpdate(NOW_MS), "1795412454604000000");
    assert.equal(nextUpdate(NOW_MS + 0.7), "1795412454604000000");
  });

  it("exceeds the previous value when the clock stands still or goes back", () => {
    assert.equal(nextUpdate(NOW_MS, "1795412454604000000"), "1795412454604000001");
    assert.equal(nextUpdate(NOW_MS, "1795412454604999999"), "1795412454605000000");
    assert.equal(nextUpdate(NOW_MS, "1795412454603999999"), "1795412454604000000");
    assert.equal(nextUpdate(0, "1795412454604000000"), "1795412454604000001");
  });

  it("is later than any previous value", () => {
    const previous = fc.bigInt({ min: 0n, max: 10n ** 20n });
    fc.assert(
      fc.property(fc.nat(2 ** 45), previous, (nowMs, before) => {
        assert.ok(BigInt(nextUpdate(nowMs, String(before))) > before);
      }),
    );
  });
});

describe("laterUpdate()", () => {
  it("compares as numbers, and takes undefined for the earliest", () => {
    assert.equal(laterUpdate("9", "10"), "10");
    assert.equal(laterUpdate("10", "9"), "10");
    assert.equal(laterUpdate(undefined, "1"), "1");
    assert.equal(laterUpdate("1", undefined), "1");
    assert.equal(laterUpdate(undefined, undefined), undefined);
  });
});

describe("rfc1123()", () => {
  it("is Go's time.RFC1123Z in UTC, two digits for the day", () => {
    assert.equal(rfc1123("1136214245000000000"), "Mon, 02 Jan 2006 15:04:05 +0000");
    assert.equal(rfc1123("1795412454604072216"), "Mon, 23 Nov 2026 05:40:54 +0000");
    assert.equal(rfc1123("0"), "Thu, 01 Jan 1970 00:00:00 +0000");
  });
});

describe("readers", () => {
  it('readString() takes absent, NULL, "" and another type for nothing', () => {
    const item = {
      Null: { NULL: true },
      Empty: { S: "" },
      Number: { N: "1" },
      Text: { S: "x" },
    } as const;
    for (const attribute of ["Absent", "Null", "Empty", "Number"]) {
      assert.equal(readString(item, attribute), undefined, attribute);
    }
    assert.equal(readString(item, "Text"), "x");
  });

  it('readUpdate() takes whatever is no digits for "0"', () => {
    for (const value of [{ NULL: true }, { S: "12" }, { N: "-1" }, { N: "1.5" }] as const) {
      assert.equal(readUpdate({ LastUpdate: value }), "0");
    }
    assert.equal(readUpdate({}), "0");
    assert.equal(readUpdate({ LastUpdate: { N: "1795412454604072216" } }), "1795412454604072216");
  });

  it("readPositive() takes 0, less and no number for nothing", () => {
    for (const value of [{ NULL: true }, { S: "12" }, { N: "-1" }, { N: "0" }] as const) {
      assert.equal(readPositive({ MaxAgeMs: value }, "MaxAgeMs"), undefined);
    }
    assert.equal(readPositive({ MaxAgeMs: { N: "15000" } }, "MaxAgeMs"), 15_000);
  });

  it("readStrings() takes absent and NULL for an empty list", () => {
    assert.deepEqual(readStrings({}, "ShardIDs"), []);
    assert.deepEqual(readStrings({ ShardIDs: { NULL: true } }, "ShardIDs"), []);
    const list = { L: [{ S: "a" }, { N: "1" }, { S: "" }, { S: "b" }] };
    assert.deepEqual(readStrings({ ShardIDs: list }, "ShardIDs"), ["a", "b"]);
  });

  it("readBoolean() tells false from nothing", () => {
    assert.equal(readBoolean({ Leaving: { BOOL: false } }, "Leaving"), false);
    assert.equal(readBoolean({ Leaving: { NULL: true } }, "Leaving"), undefined);
    assert.equal(readBoolean({}, "Leaving"), undefined);
  });
});

describe("encodeAssignment()", () => {
  it("writes canonical IDs short and others in full", () => {
    const shardIds = [
      "shardId-000000000012",
      "shardId-000000000000",
      "shardId-12",
      "my.shard_1",
      "7",
    ];
    assert.equal(encodeAssignment(shardIds), "12,0,shardId-12,my.shard_1,=7");
    assert.deepEqual(decodeAssignment("12,0,shardId-12,my.shard_1,=7"), shardIds);
  });

  it("keeps 128 shards below 600 bytes", () => {
    const shardIds = Array.from(
      { length: 128 },
      (_, index) => `shardId-${String(index + 800).padStart(12, "0")}`,
    );
    assert.ok(encodeAssignment(shardIds).length < 600);
  });

  it("survives decodeAssignment() for every ID that Kinesis allows", () => {
    const canonical = fc
      .nat({ max: 999_999_999_999 })
      .map((number) => `shardId-${String(number).padStart(12, "0")}`);
    const near = fc.stringMatching(/^shardId-\d{1,14}$/);
    const digits = fc.stringMatching(/^\d{1,14}$/);
    const any = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/);
    fc.assert(
      fc.property(fc.array(fc.oneof(canonical, near, digits, any)), (shardIds) => {
        assert.deepEqual(decodeAssignment(encodeAssignment(shardIds)), shardIds);
      }),
    );
  });
});
