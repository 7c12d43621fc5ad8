// What a read holds of the byte budget is given back, whatever the answer was.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RecordsAnswer } from "../aws/kinesis.ts";
import type { EdgeContext } from "./context.ts";
import { ShardReader } from "./shard_reader.ts";

const SHAPELESS: readonly unknown[] = [undefined, null, {}];

describe("ShardReader", () => {
  for (const shape of SHAPELESS) {
    it(`gives back what it held where the answer is ${JSON.stringify(shape)}`, async () => {
      const stopping = new AbortController();
      const held: number[] = [];
      const hold = { heldBytes: 0, shardCount: 1, turn: Promise.resolve() };
      const context = {
        clock: { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() },
        random: { next: () => 0.5, uuid: () => "" },
        announcer: { announce: () => {}, retried: () => {} },
        options: {
          idleDelayMs: 1_000,
          throttleDelayMs: 250,
          requestTimeoutMs: 10_000,
          maxBufferedBytes: 67_108_864,
          readLimit: 10_000,
        },
        hold,
        kinesis: {
          getShardIterator: () => Promise.resolve("iterator"),
          getRecords: () => {
            held.push(hold.heldBytes);
            if (held.length === 3) stopping.abort();
            return Promise.resolve(shape as RecordsAnswer);
          },
        },
      } as unknown as EdgeContext;
      const reader = new ShardReader(context, {
        shardId: "shardId-000000000000",
        start: { position: { type: "TRIM_HORIZON" } },
        signal: stopping.signal,
        deliver: () => Promise.resolve(),
        onProcessedThrough: () => {},
      });
      assert.equal(await reader.read(), false);
      assert.equal(held.length, 3);
      assert.deepEqual(held, held.map(() => held[0]), "what was held grew");
      assert.equal(hold.heldBytes, 0);
    });
  }
});
