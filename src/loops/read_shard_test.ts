// The contract: a read that is not answered in time is repeated for less, until what it asks for
// arrives in time; and for more again, as soon as the line is faster.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { KinsumerError } from "../errors.ts";

const TIMEOUT_MS = 10_000;

describe("readShard()", () => {
  it("asks for less where an answer takes too long to arrive, and for more again later", async () => {
    const fleet = createSimulatedFleet({ seed: 7, shards: 1 });
    const limits: number[] = [];
    let msPerRecord = 5; // all 10,000 would take 50 s
    fleet.put(4_000);
    const client = await fleet.start("a", {
      kinesis: {
        intercept: async (operation, args) => {
          if (operation !== "GetRecords") return;
          const { limit } = args as { readonly limit: number };
          limits.push(limit);
          const neededMs = Math.min(limit, 4_000) * msPerRecord;
          await fleet.clock.clock.sleep(Math.min(neededMs, TIMEOUT_MS));
          if (neededMs < TIMEOUT_MS) return;
          throw new KinsumerError("RequestTimeout", "too slow", { operation, retryable: true });
        },
      },
    });
    await fleet.clock.runUntil(() => fleet.account.isComplete, 180_000);
    assert.deepEqual(limits.slice(1, 6), [10_000, 5_000, 2_500, 1_250, 1_250]);
    msPerRecord = 0;
    await fleet.clock.advance(10_000);
    assert.equal(limits.at(-1), 10_000);
    await fleet.stop(client);
    assert.deepEqual(fleet.account.violations, []);
  });
});
