// The contract: while a checkpoint cannot be written, it is tried again before a Go client could take
// the row for a dead owner's.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { KinsumerError } from "../errors.ts";

/** The longest between two tries to write a checkpoint while none succeeds for a minute. */
async function longestPauseMs(goShardCheckIntervalMs: number): Promise<number> {
  const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
  const triesAtMs: number[] = [];
  let isFailing = false;
  const a = await fleet.start("a", {
    options: { goShardCheckIntervalMs },
    dynamodb: {
      intercept: (operation, args) => {
        const isCommit = operation === "UpdateItem" && JSON.stringify(args).includes("checkpoints");
        if (!isFailing || !isCommit) return;
        triesAtMs.push(fleet.clock.clock.monotonicMs());
        throw new KinsumerError("NetworkFailure", "no answer", { retryable: true });
      },
    },
  });
  await fleet.clock.advance(10_000);
  isFailing = true;
  fleet.put(1);
  await fleet.clock.advance(60_000);
  isFailing = false;
  await fleet.stop(a);
  assert.deepEqual(fleet.account.violations, []);
  assert.ok(triesAtMs.length > 3, `${triesAtMs.length} tries`);
  return Math.max(...triesAtMs.slice(1).map((atMs, index) => atMs - triesAtMs[index]!));
}

describe("commit()", () => {
  it("is tried again within two of the five looks after which a Go client takes the shard", async () => {
    const pauseMs = await longestPauseMs(1_000);
    assert.ok(pauseMs <= 2_050, `${pauseMs} ms`);
  });

  it("is tried again after ten seconds at the most, where Go looks seldom", async () => {
    const pauseMs = await longestPauseMs(60_000);
    assert.ok(pauseMs > 5_000 && pauseMs <= 10_050, `${pauseMs} ms`);
  });
});
