// Contract: beyond the contract of the tables (testing/contract/), each beat has a value of its own
// even where the clock does not help, and a row stays below what one write unit pays for.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedClock } from "../../testing/simulation/clock.ts";
import { createSimulatedTables } from "../../testing/simulation/tables.ts";

const START_MS = 1_795_412_454_604;
const ME = {
  clientId: "bd41f468-bdf3-4300-ad0f-aca11a66a9ac",
  clientName: "a-host-name.of-usual-length.internal",
  maxAgeMs: 15_000,
  incarnation: "a818c076-d031-4c9a-9ecb-65d608c15613",
  isLeaving: false,
};

describe("createClientsTable()", () => {
  it("changes lastUpdate with each beat, though the clock stands still or goes back", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock: time.clock });
    const { clients } = store.view({ latencyMs: 0 });
    const lastUpdates: string[] = [];
    const note = async (writing: Promise<unknown>): Promise<void> => {
      await time.advance(0);
      await writing;
      lastUpdates.push(store.clientRows()[0]?.lastUpdate ?? "");
    };
    await note(clients.register(ME));
    await note(clients.beat(ME));
    time.setWallOffset(-600_000);
    await note(clients.beat(ME));
    await note(clients.register({ ...ME, incarnation: "second" }));
    const first = BigInt(START_MS) * 1_000_000n;
    const expected = [first, first + 1n, first + 2n, first + 3n].map(String);
    assert.deepEqual(lastUpdates, expected);
  });

  it("keeps a row with 128 shards below 1 KiB", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock: time.clock });
    const { clients } = store.view({ latencyMs: 0 });
    const shardIds = Array.from(
      { length: 128 },
      (_, index) => `shardId-${String(index + 872).padStart(12, "0")}`,
    );
    const writing = clients.register(ME).then(() =>
      clients.assign({ clientId: ME.clientId, shardIds })
    );
    await time.advance(0);
    assert.equal(await writing, true);
    // DynamoDB counts names and strings as UTF-8, numbers as less than their digits.
    const item = store.items("clients")[0] ?? {};
    const bytes = Object.entries(item).reduce(
      (sum, [name, value]) => sum + name.length + String(Object.values(value)[0]).length,
      0,
    );
    assert.ok(bytes < 1024, `${bytes} bytes`);
  });
});
