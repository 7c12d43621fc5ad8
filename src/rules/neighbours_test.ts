// The contract: together the applications of a stream stay below five reads a second and shard.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applicationId, applicationsOf, suggestedDelayMs } from "./neighbours.ts";

describe("suggestedDelayMs()", () => {
  it("is 50 + 200 x applications, one at least", () => {
    assert.deepEqual([0, 1, 2, 3].map(suggestedDelayMs), [250, 250, 450, 650]);
    for (let count = 1; count < 200; count++) {
      const readsASecond = count * 1_000 / suggestedDelayMs(count);
      assert.ok(readsASecond < 5, `${count} applications read ${readsASecond} times a second`);
    }
    assert.equal(suggestedDelayMs(1_000), 60_000);
  });
});

describe("applicationsOf()", () => {
  it("knows the applications of a stream, by name or ARN, and no others", () => {
    const arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
    const ids = [
      applicationId("orders", "b"),
      applicationId("orders", "a"),
      applicationId(arn, "c"),
      applicationId("orders2", "d"),
      "odd",
    ];
    assert.deepEqual(applicationsOf("orders", ids), ["a", "b"]);
    assert.deepEqual(applicationsOf(arn, ids), ["c"]);
  });
});
