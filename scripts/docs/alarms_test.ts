/**
 * Contract: docs/operations.md says of its alarms what they tell. Work that hangs is told as a shard
 * that stalls; its row is renewed all the same, so that neither the age of the checkpoint nor the
 * lag of the last read tells of it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import { Kinsumer, type KinsumerEvent } from "../../mod.ts";
import { simulateKinesis } from "../../testing/mod.ts";
import { table } from "./markdown.mjs";

const MINUTES = 10;

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}

it("the alarms tell work that hangs by its stall, and by nothing else", {
  timeout: 60_000,
}, async () => {
  const simulated = simulateKinesis();
  const events: KinsumerEvent[] = [];
  const kinsumer = new Kinsumer({
    applicationName: "billing",
    ...simulated.clientOptions(),
    onEvent: (event) => events.push(event),
  });
  await kinsumer.run();
  simulated.putRecords(["it hangs", "it waits"]);
  const hang = new AbortController();
  const processing = kinsumer.process(() => untilAborted(hang.signal));
  let oldestMs = 0;
  for (let second = 0; second < MINUTES * 60; second++) {
    await simulated.advance(1_000);
    const ages = kinsumer.snapshot().shards.map(({ checkpointAgeMs }) => checkpointAgeMs ?? 0);
    oldestMs = Math.max(oldestMs, ...ages);
  }
  const renewed = events.filter(({ type }) => type === "checkpointed");
  assert.ok(renewed.length >= MINUTES - 1, `only ${renewed.length} renewals`);
  assert.ok(oldestMs < 120_000, `the checkpoint was ${oldestMs} ms old: the alarm would tell`);
  const lags = kinsumer.snapshot().shards.map(({ lagMs }) => lagMs ?? 0);
  assert.ok(Math.max(...lags) < 60_000, `the lag was ${lags}: the alarm would tell`);
  const stalled = events.filter((event) => event.type === "shard-stalled");
  assert.equal(stalled[0]?.waitingFor, "handler");
  hang.abort();
  await kinsumer.stop();
  await processing;
  const meaning = (name: string): string =>
    table("docs/operations.md", "alarm").find(([alarm]: string[]) => alarm === name)?.[3] ?? "";
  assert.match(meaning("a stalled shard"), /work hangs/);
  assert.match(meaning("a stale checkpoint"), /also while work hangs/);
});
