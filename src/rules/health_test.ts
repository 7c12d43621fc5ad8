// The contract: a client that consumes nothing has failed, one that does not consume all is degraded,
// and every verdict but the good one has reasons.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type HealthFacts, judgeHealth } from "./health.ts";

const FACTS: HealthFacts = {
  state: "running",
  isLeaseValid: true,
  heartbeatAgeMs: 100,
  maxAgeMs: 1_000,
  shards: [{ shardId: "s", isPaused: false, isStalled: false, isRefused: false }],
};
const shard = { shardId: "s", isPaused: false, isStalled: false, isRefused: false };

describe("a client's health", () => {
  const cases: readonly [string, Partial<HealthFacts>, string, readonly string[]][] = [
    ["is good", {}, "healthy", []],
    ["is not there yet", { state: "new", isLeaseValid: false }, "degraded", ["not-running"]],
    ["is coming", { state: "starting", isLeaseValid: false }, "degraded", ["not-running"]],
    ["is gone", { state: "stopped" }, "failed", ["stopped"]],
    ["ends with its lease", { isLeaseValid: false }, "failed", ["lease-expired"]],
    ["suffers from late beats", { heartbeatAgeMs: 501 }, "degraded", ["heartbeat-late"]],
    [
      "suffers with a shard",
      {
        shards: [{ ...shard, isPaused: true, isStalled: true, isRefused: true }],
      },
      "degraded",
      ["shard-paused", "shard-stalled", "shard-refused"],
    ],
  ];
  for (const [name, facts, status, codes] of cases) {
    it(name, () => {
      const health = judgeHealth({ ...FACTS, ...facts });
      assert.deepEqual([health.status, health.reasons.map(({ code }) => code)], [status, codes]);
    });
  }
});
