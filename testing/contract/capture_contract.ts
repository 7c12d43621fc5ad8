/**
 * Says what the checkpoints table promises to who takes a shard.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import type { Checkpoint } from "../../src/model.ts";
import { captured, update } from "./histories.ts";
import { openedFor, type OpenTables } from "./opened.ts";

/** Registers the tests. */
export function describeCapture(open: OpenTables): void {
  const tables = openedFor(open);

  it("capture() of a new shard makes its row", async () => {
    const { checkpoints } = tables();
    const checkpoint = await captured(checkpoints, "new");
    assert.equal(checkpoint.shardId, "new");
    assert.equal(checkpoint.ownerId, "owner");
    assert.equal(checkpoint.ownerName, "name of owner");
    assert.equal(checkpoint.lastUpdate, update(1));
    assert.equal(checkpoint.sequenceNumber, undefined);
    assert.equal(checkpoint.isFinished, false);
    assert.deepEqual(await checkpoints.read("new"), checkpoint);
  });

  it("capture() says which process it was, and what is released or captured anew says it no more", async () => {
    const { checkpoints } = tables();
    const shardId = "by a process";
    const capture = async (
      observed: Checkpoint | undefined,
      last: number,
      incarnation?: string,
    ) => {
      const owner = { clientId: "owner", clientName: "owner", incarnation };
      const answer = await checkpoints.capture({
        shardId,
        owner,
        observed,
        lastUpdate: update(last),
      });
      assert.equal(answer.outcome, "captured");
      return answer.checkpoint;
    };
    const first = await capture(undefined, 1, "first");
    assert.equal(first.ownerIncarnation, "first");
    const silent = await capture(first, 2);
    assert.equal(silent.ownerIncarnation, undefined);
    const second = await capture(silent, 3, "second");
    assert.equal((await checkpoints.read(shardId))?.ownerIncarnation, "second");
    await checkpoints.commit({ observed: second, lastUpdate: update(4), isReleased: true });
    assert.equal((await checkpoints.read(shardId))?.ownerIncarnation, undefined);
  });

  for (const isNew of [true, false]) {
    const which = isNew ? "new" : "released";
    it(`capture() of a ${which} shard by 50 clients at once has one winner`, async () => {
      const { checkpoints } = tables();
      const shardId = `raced ${which}`;
      const first = isNew ? undefined : await captured(checkpoints, shardId);
      if (first !== undefined) {
        await checkpoints.commit({ observed: first, lastUpdate: update(2), isReleased: true });
      }
      const observed = await checkpoints.read(shardId);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          checkpoints.capture({
            shardId,
            owner: { clientId: `client ${index}`, clientName: "racer" },
            observed,
            lastUpdate: update(3),
          })),
      );
      const winners = answers.filter((answer) => answer.outcome === "captured");
      assert.equal(winners.length, 1);
      assert.deepEqual(await checkpoints.read(shardId), winners[0]?.checkpoint);
    });
  }

  it("capture() of a row that changed since it was observed is held", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "stale");
    await checkpoints.commit({ observed, lastUpdate: update(2) });
    for (const stale of [observed, undefined]) {
      const owner = { clientId: "thief", clientName: "thief" };
      const request = { shardId: "stale", owner, observed: stale, lastUpdate: update(3) };
      assert.deepEqual(await checkpoints.capture(request), { outcome: "held" });
    }
    assert.equal((await checkpoints.read("stale"))?.ownerId, "owner");
  });

  it("capture() by who saw no row is held where there is one by now, even without an owner", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "released meanwhile");
    await checkpoints.commit({ observed, lastUpdate: update(2), isReleased: true });
    const owner = { clientId: "late", clientName: "late" };
    const request = { shardId: "released meanwhile", owner, lastUpdate: update(3) };
    const answer = await checkpoints.capture({ ...request, observed: undefined });
    assert.deepEqual(answer, { outcome: "held" });
  });

  it("capture() of a row that is gone since it was observed is held and makes none", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "vanished");
    assert.equal(await checkpoints.remove(observed), true);
    const owner = { clientId: "late", clientName: "late" };
    const request = { shardId: "vanished", owner, observed, lastUpdate: update(3) };
    assert.deepEqual(await checkpoints.capture(request), { outcome: "held" });
    assert.equal(await checkpoints.read("vanished"), undefined);
  });

  it("capture() from a dead owner keeps the sequence number", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "inherited");
    const committed = await checkpoints.commit({
      observed,
      lastUpdate: update(2),
      sequenceNumber: "49680481876218934751424327625925545619680130071915397154",
    });
    assert.ok(committed.outcome === "committed");
    const heir = await captured(checkpoints, "inherited", "heir");
    assert.equal(heir.ownerId, "heir");
    assert.equal(heir.sequenceNumber, committed.checkpoint.sequenceNumber);
  });

  it("remove() spares a row that changed since", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "kept");
    await checkpoints.commit({ observed, lastUpdate: update(2) });
    assert.equal(await checkpoints.remove(observed), false);
    assert.ok((await checkpoints.read("kept")) !== undefined);
  });

  it("readMany() returns the rows there are, each once; list() all", async () => {
    const { checkpoints } = tables();
    const shardIds = Array.from({ length: 120 }, (_, index) => `many ${index}`);
    await Promise.all(shardIds.map((shardId) => captured(checkpoints, shardId)));
    const asked = ["missing", "many 0", ...shardIds];
    const ids = (rows: readonly Checkpoint[]): string[] => rows.map((row) => row.shardId).sort();
    assert.deepEqual(ids(await checkpoints.readMany(asked)), [...shardIds].sort());
    assert.deepEqual(await checkpoints.readMany([]), []);
    const listed = ids(await checkpoints.list()).filter((id) => id.startsWith("many"));
    assert.deepEqual(listed, [...shardIds].sort());
  });
}
