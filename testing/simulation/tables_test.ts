// Contract: beyond the contract of the tables (testing/contract/), the simulated ones show their
// rows, report changes, and put faults in the way of one client only.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import goTables from "../fixtures/go_tables.json" with { type: "json" };
import type { Item } from "../../src/aws/dynamodb_api.ts";
import { KinsumerError } from "../../src/errors.ts";
import { createSimulatedClock } from "./clock.ts";
import { createSimulatedTables, type SimulatedRowChange } from "./tables.ts";

const START_MS = 1_795_412_454_604;
const UPDATE = "1795412454604000000";
const CAPTURE = {
  shardId: "s",
  owner: { clientId: "me", clientName: "my name" },
  observed: undefined,
  lastUpdate: UPDATE,
};
const ME = {
  clientId: "me",
  clientName: "my name",
  maxAgeMs: 1,
  incarnation: "1",
  isLeaving: false,
};

describe("createSimulatedTables()", () => {
  it("shows what its views wrote, as items and parsed", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock: time.clock });
    const { clients, checkpoints, metadata } = store.view();
    void clients.register(ME);
    void checkpoints.capture(CAPTURE);
    void metadata.lead({ ...ME, observed: undefined });
    void metadata.writeShardCache(["s"]);
    assert.deepEqual(store.clientRows(), []);
    assert.equal(store.leader(), undefined);
    assert.equal(store.shardCache(), undefined);
    await time.advance(1);
    assert.equal(store.clientRows()[0]?.clientId, "me");
    assert.equal(store.checkpoints()[0]?.ownerId, "me");
    assert.equal(store.leader()?.clientId, "me");
    assert.deepEqual(store.shardCache()?.shardIds, ["s"]);
    assert.deepEqual(store.items("checkpoints"), [
      {
        Shard: { S: "s" },
        OwnerID: { S: "me" },
        OwnerName: { S: "my name" },
        LastUpdate: { N: UPDATE },
        LastUpdateRFC: { S: "Mon, 23 Nov 2026 05:40:54 +0000" },
      },
    ]);
  });

  it("holds the rows of a Go fleet", () => {
    const { clock } = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock });
    const { clients, checkpoints, metadata } = goTables.after_merging_two_shards;
    for (const item of clients as readonly Item[]) store.put("clients", item);
    for (const item of checkpoints as readonly unknown[]) store.put("checkpoints", item as Item);
    for (const item of metadata as readonly unknown[]) store.put("metadata", item as Item);
    assert.equal(store.clientRows().length, 2);
    assert.equal(store.checkpoints().filter(({ isFinished }) => isFinished).length, 2);
    assert.equal(store.leader()?.clientId, "a818c076-d031-4c9a-9ecb-65d608c15613");
    assert.equal(store.shardCache()?.shardIds.length, 2);
  });

  it("reports each change of a row with what was before, and no failed write", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock: time.clock });
    const changes: SimulatedRowChange[] = [];
    store.onChange((change) => changes.push(change));
    const { checkpoints } = store.view();
    void checkpoints.capture(CAPTURE);
    void checkpoints.capture({ ...CAPTURE, lastUpdate: "1795412454604000001" });
    await time.advance(5);
    const [row] = store.checkpoints();
    assert.ok(row !== undefined);
    void checkpoints.remove(row);
    await time.advance(5);
    const seen = changes.map(({ table, key, before, after }) => ({
      what: `${table} ${key}`,
      had: before !== undefined,
      has: after !== undefined,
    }));
    assert.deepEqual(seen, [
      { what: "checkpoints s", had: false, has: true },
      { what: "checkpoints s", had: true, has: false },
    ]);
  });

  it("drops what another program's Put does not carry", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock: time.clock });
    void store.view().clients.register(ME);
    await time.advance(1);
    store.put("clients", { ID: { S: "me" }, LastUpdate: { N: UPDATE } });
    assert.equal(store.clientRows()[0]?.maxAgeMs, undefined);
  });
});

describe("view()", () => {
  it("puts a fault in the way of one client only, before or after the write", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock: time.clock });
    const fault = new KinsumerError("NetworkFailure", "Cut");
    const cut = (operation: string): void => {
      if (operation === "UpdateItem") throw fault;
    };
    const before = assert.rejects(store.view({ intercept: cut }).clients.register(ME), fault);
    await time.advance(5);
    await before;
    assert.deepEqual(store.clientRows(), [], "the request was lost");

    const late = store.view({ interceptAnswer: cut }).clients.register(ME);
    const after = assert.rejects(late, fault);
    await time.advance(5);
    await after;
    assert.equal(store.clientRows().length, 1, "only the answer was lost");
    void store.view().clients.register({ ...ME, clientId: "other" });
    await time.advance(5);
    assert.equal(store.clientRows().length, 2);
  });

  it("writes the time of its own client's wall clock", async () => {
    const time = createSimulatedClock({ startMs: START_MS });
    const store = createSimulatedTables({ clock: time.clock });
    const { clock } = time.machine({ wallOffsetMs: -600_000 });
    void store.view({ clock }).clients.register(ME);
    await time.advance(1);
    assert.equal(store.clientRows()[0]?.lastUpdate, `${START_MS - 600_000}000000`);
  });
});
