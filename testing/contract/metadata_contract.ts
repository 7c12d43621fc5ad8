/**
 * Says what the metadata table promises.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import { openedFor, type OpenTables } from "./opened.ts";

/** Registers the tests of the lead. */
export function describeLead(open: OpenTables): void {
  const tables = openedFor(open);
  const leader = (clientId: string) => ({
    clientId,
    clientName: `name of ${clientId}`,
    maxAgeMs: 9,
  });

  it("lead() is taken, renewed, refused, resigned and stolen", async () => {
    const { metadata } = tables();
    assert.equal(await metadata.readLeader(), undefined);

    const taken = await metadata.lead({ ...leader("a"), observed: undefined });
    assert.equal(taken?.clientId, "a");
    assert.equal(taken?.clientName, "name of a");
    assert.equal(taken?.maxAgeMs, 9);
    assert.deepEqual(await metadata.readLeader(), taken);

    const late = await metadata.lead({ ...leader("b"), observed: undefined });
    assert.equal(late, undefined, "who observed no leader must not displace one");

    const renewed = await metadata.lead({ ...leader("a"), observed: taken });
    assert.ok(renewed !== undefined);
    assert.ok(BigInt(renewed.lastUpdate) > BigInt(taken?.lastUpdate ?? 0));
    const stale = await metadata.lead({ ...leader("b"), observed: taken });
    assert.equal(stale, undefined, "a leader that renewed since must stay");

    const stolen = await metadata.lead({ ...leader("b"), observed: renewed });
    assert.equal(stolen?.clientId, "b", "a leader that is as observed may be displaced");
    assert.ok(BigInt(stolen?.lastUpdate ?? 0) > BigInt(renewed.lastUpdate));

    await metadata.resign("a");
    assert.deepEqual(await metadata.readLeader(), stolen, "only the leader resigns");
    await metadata.resign("b");
    const vacant = await metadata.readLeader();
    assert.equal(vacant?.clientId, undefined);
    assert.equal(vacant?.clientName, undefined);
    const tooLate = await metadata.lead({ ...leader("c"), observed: stolen });
    assert.equal(tooLate, undefined, "the row is not as observed: its leader resigned");

    const retaken = await metadata.lead({ ...leader("c"), observed: vacant });
    assert.equal(retaken?.clientId, "c");
    const second = await metadata.lead({ ...leader("d"), observed: vacant });
    assert.equal(second, undefined, "the vacant lead was taken since");
  });

  it("lead() by its own holder needs no observation, and changes lastUpdate each time", async () => {
    const { metadata } = tables();
    const before = await metadata.readLeader();
    const first = await metadata.lead({ ...leader("e"), observed: before });
    const again = await metadata.lead({ ...leader("e"), observed: undefined });
    assert.ok(first !== undefined && again !== undefined);
    assert.ok(BigInt(again.lastUpdate) > BigInt(first.lastUpdate));
  });

  it("lead() by 50 clients at once has one winner", async () => {
    const { metadata } = tables();
    const observed = await metadata.readLeader();
    const rows = await Promise.all(
      Array.from(
        { length: 50 },
        (_, index) => metadata.lead({ ...leader(`racer ${index}`), observed }),
      ),
    );
    assert.equal(rows.filter((row) => row !== undefined).length, 1);
  });
}

/** Registers the tests of the shard cache and the first start. */
export function describeShardCache(open: OpenTables): void {
  const tables = openedFor(open);

  it("writeShardCache() keeps 1,000 IDs, sorted", async () => {
    const { metadata } = tables();
    assert.equal(await metadata.readShardCache(), undefined);
    const shardIds = Array.from(
      { length: 1000 },
      (_, index) => `shardId-${String(index).padStart(12, "0")}`,
    );
    const written = await metadata.writeShardCache([...shardIds].reverse());
    assert.deepEqual(written.shardIds, shardIds);
    assert.deepEqual(await metadata.readShardCache(), written);
  });

  it("writeShardCache() keeps an empty list, and changes lastUpdate", async () => {
    const { metadata } = tables();
    const one = await metadata.writeShardCache(["shardId-000000000001"]);
    const none = await metadata.writeShardCache([]);
    assert.deepEqual(none.shardIds, []);
    assert.ok(BigInt(none.lastUpdate) > BigInt(one.lastUpdate));
    assert.deepEqual(await metadata.readShardCache(), none);
  });

  it("startedAtMs() believes the first of 20 clients that ask at once, for ever", async () => {
    const { metadata } = tables();
    const startMs = 1_795_412_454_604;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => metadata.startedAtMs(startMs + index)),
    );
    assert.equal(new Set(answers).size, 1);
    assert.ok((answers[0] ?? 0) >= startMs && (answers[0] ?? 0) < startMs + 20);
    assert.equal(await metadata.startedAtMs(startMs + 99), answers[0]);
  });
}
