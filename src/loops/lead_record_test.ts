// The contract: the record is written when the lead is won, and again only where the heartbeats do
// not prove it: one was late, one did not say so, or a Go client is there.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClientRow } from "../model.ts";
import type { LoopContext } from "./context.ts";
import { LeadRecord } from "./lead_record.ts";
import { Lease } from "./lease.ts";

const MAX_AGE_MS = 7_500;

function row(clientId: string, maxAgeMs: number | undefined = MAX_AGE_MS): ClientRow {
  return { clientId, lastUpdate: "1", maxAgeMs };
}

function leading() {
  let nowMs = 0;
  let writes = 0;
  const clock = { monotonicMs: () => nowMs, nowMs: () => nowMs, sleep: () => Promise.resolve() };
  const lease = new Lease(clock, MAX_AGE_MS);
  const lead = () => Promise.resolve({ clientId: "a", lastUpdate: String(++writes) });
  const options = {
    clientId: "a",
    clientName: "a",
    clientRecordMaxAgeMs: MAX_AGE_MS,
    goShardCheckIntervalMs: 60_000,
  };
  const record = new LeadRecord(
    { clock, lease, metadata: { lead }, options } as never as LoopContext,
  );
  const beat = () => {
    record.sayInBeat();
    lease.renew(nowMs);
  };
  const keep = (living: readonly ClientRow[] = [row("a")]) =>
    record.keep(undefined, { living, dead: [] }, new AbortController().signal);
  return { record, beat, keep, writes: () => writes, pass: (ms: number) => nowMs += ms };
}

describe("LeadRecord", () => {
  it("writes once, and not again while the heartbeats come in time", async () => {
    const { beat, keep, pass, record, writes } = leading();
    beat();
    assert.equal(record.sayInBeat(), 0);
    assert.equal(await keep([row("a"), row("b")]), true);
    assert.equal(record.sayInBeat(), 2);
    for (let looks = 0; looks < 9; looks++) {
      pass(3_000);
      beat();
      await keep();
    }
    assert.equal(writes(), 1);
    pass(3_000);
    beat();
    await keep();
    assert.equal(writes(), 2, "30 s have passed");
  });

  it("writes again after the lease had ended, though it was renewed since", async () => {
    const { beat, keep, pass, writes } = leading();
    beat();
    await keep();
    pass(MAX_AGE_MS - 1);
    await keep();
    assert.equal(writes(), 1);
    pass(1);
    beat();
    await keep();
    assert.equal(writes(), 2);
  });

  it("writes again after a heartbeat that did not say so", async () => {
    const { beat, keep, pass, record, writes } = leading();
    beat();
    await keep();
    pass(5_000);
    beat();
    pass(MAX_AGE_MS - 5_000);
    assert.equal(record.sayInBeat(), 0, "it could not look for so long");
    await keep();
    assert.equal(writes(), 2);
    assert.equal(record.sayInBeat(), 1);
  });

  it("writes at each look beside a Go client", async () => {
    const { beat, keep, writes } = leading();
    beat();
    await keep();
    await keep([row("a"), { clientId: "go", lastUpdate: "1" }]);
    assert.equal(writes(), 2);
  });
});
