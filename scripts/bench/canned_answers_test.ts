/**
 * The contract: a canned answer is what the service would send, of the size that was asked for, and
 * moves on with each stamp.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildAnswer, payloadOf } from "./canned_answers.ts";
import { streamName, streamShape } from "./stream_shape.ts";

interface Answer {
  readonly Records: readonly {
    readonly SequenceNumber: string;
    readonly Data: string;
    readonly PartitionKey: string;
  }[];
  readonly NextShardIterator: string;
  readonly MillisBehindLatest: number;
}

describe("buildAnswer()", () => {
  for (const payload of ["json", "bytes"] as const) {
    it(`is a GetRecords answer in JSON, with ${payload}`, () => {
      const shape = { wire: "json", recordBytes: 100, recordCount: 3, payload, lagMs: 7 } as const;
      const canned = buildAnswer(shape);
      canned.stamp(5, "canned|0|5|");
      const answer = JSON.parse(new TextDecoder().decode(canned.bytes)) as Answer;
      assert.equal(answer.Records.length, 3);
      assert.equal(answer.MillisBehindLatest, 7);
      assert.match(answer.NextShardIterator, /^canned\|0\|5\|-+$/);
      const data = Uint8Array.from(atob(answer.Records[2]!.Data), (each) => each.charCodeAt(0));
      assert.deepEqual(data, payloadOf(shape, 2));
      assert.equal(data.length, 100);
      if (payload === "json") assert.doesNotThrow(() => JSON.parse(new TextDecoder().decode(data)));
    });
  }

  it("has sequence numbers that grow within an answer and from one to the next", () => {
    const canned = buildAnswer({
      wire: "json",
      recordBytes: 20,
      recordCount: 2,
      payload: "json",
      lagMs: 0,
    });
    const numbers = [1, 2, 30].flatMap((round) => {
      canned.stamp(round, "x");
      const answer = JSON.parse(new TextDecoder().decode(canned.bytes)) as Answer;
      return answer.Records.map(({ SequenceNumber }) => BigInt(SequenceNumber));
    });
    for (let at = 1; at < numbers.length; at++) {
      assert.ok(numbers[at]! > numbers[at - 1]!, `${numbers[at]} after ${numbers[at - 1]}`);
    }
  });
});

describe("streamShape()", () => {
  it("reads what streamName() wrote", () => {
    const shape = {
      shardCount: 8,
      recordBytes: 1024,
      recordsPerRead: 0,
      payload: "bytes",
      readsUntilClosed: 5,
    } as const;
    assert.deepEqual(streamShape(streamName(shape)), shape);
    assert.equal(streamShape("orders"), undefined);
  });
});
