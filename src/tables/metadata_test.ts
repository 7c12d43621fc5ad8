// Contract: beyond the contract of the tables (testing/contract/), each write of the lead and of
// the shard cache has a value of its own even where the clock does not help.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedClock } from "../../testing/simulation/clock.ts";
import { createSimulatedTables } from "../../testing/simulation/tables.ts";
import type { LeaderRow } from "../model.ts";

const START_MS = 1_795_412_454_604;
const FIRST = BigInt(START_MS) * 1_000_000n;
const ME = { clientId: "me", clientName: "my name", maxAgeMs: 15_000 };
const YOU = { clientId: "you", clientName: "your name", maxAgeMs: 15_000 };

describe("createMetadataTable()", () => {
  it("changes the lead's lastUpdate with each renewal, though the clock stands still", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const { metadata } = createSimulatedTables({ clock: time.clock }).view({ latencyMs: 0 });
    const lastUpdates: (string | undefined)[] = [];
    for (let renewal = 0; renewal < 3; renewal++) {
      const leading = metadata.lead({ ...ME, observed: undefined });
      await time.advance(0);
      lastUpdates.push((await leading)?.lastUpdate);
    }
    assert.deepEqual(lastUpdates, [FIRST, FIRST + 1n, FIRST + 2n].map(String));
  });

  it("exceeds the lastUpdate of a leader whose clock is ahead", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock: time.clock });
    const { clock } = time.machine({ wallOffsetMs: 600_000 });
    const run = async (
      leading: Promise<LeaderRow | undefined>,
    ): Promise<LeaderRow | undefined> => {
      await time.advance(0);
      return leading;
    };
    const ahead = store.view({ latencyMs: 0, clock }).metadata;
    const observed = await run(ahead.lead({ ...YOU, observed: undefined }));
    const { metadata } = store.view({ latencyMs: 0 });
    const mine = await run(metadata.lead({ ...ME, observed }));
    assert.equal(mine?.clientId, "me");
    assert.equal(mine?.lastUpdate, String(BigInt(observed?.lastUpdate ?? 0) + 1n));
  });

  it("changes the shard cache's lastUpdate with each write, though the clock stands still", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const { metadata } = createSimulatedTables({ clock: time.clock }).view({ latencyMs: 0 });
    const writing = Promise.all([metadata.writeShardCache(["a"]), metadata.writeShardCache(["a"])]);
    await time.advance(0);
    const lastUpdates = (await writing).map((cache) => cache.lastUpdate);
    assert.deepEqual(lastUpdates, [FIRST, FIRST + 1n].map(String));
  });
});
