/**
 * Says what the checkpoints table promises to who owns a shard.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import { captured, update } from "./histories.ts";
import { openedFor, type OpenTables } from "./opened.ts";

/** Registers the tests. */
export function describeCommit(open: OpenTables): void {
  const tables = openedFor(open);

  it("commit() writes the sequence number; without one it renews", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "commits");
    const first = await checkpoints.commit({
      observed,
      lastUpdate: update(2),
      sequenceNumber: "99",
    });
    assert.ok(first.outcome === "committed");
    assert.equal(first.checkpoint.sequenceNumber, "99");
    const renewed = await checkpoints.commit({
      observed: first.checkpoint,
      lastUpdate: update(3),
    });
    assert.ok(renewed.outcome === "committed");
    assert.equal(renewed.checkpoint.sequenceNumber, "99");
    assert.equal(renewed.checkpoint.lastUpdate, update(3));
    assert.equal(renewed.checkpoint.ownerId, "owner");
    assert.deepEqual(await checkpoints.read("commits"), renewed.checkpoint);
  });

  it("commit() that comes again after a later one changes nothing", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "late");
    const early = { observed, lastUpdate: update(2), sequenceNumber: "5" };
    const first = await checkpoints.commit(early);
    assert.ok(first.outcome === "committed");
    const second = await checkpoints.commit({
      observed: first.checkpoint,
      lastUpdate: update(3),
      sequenceNumber: "10",
    });
    assert.ok(second.outcome === "committed");
    assert.deepEqual(await checkpoints.commit(early), { outcome: "conflict" });
    assert.deepEqual(await checkpoints.read("late"), second.checkpoint);
  });

  it("commit() of a shard that another took is a conflict and changes nothing", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "taken");
    const thief = await checkpoints.capture({
      shardId: "taken",
      owner: { clientId: "thief", clientName: "thief" },
      observed,
      lastUpdate: update(2),
    });
    assert.ok(thief.outcome === "captured");
    for (const how of [{}, { isReleased: true }, { isFinished: true }]) {
      const request = { observed, lastUpdate: update(3), sequenceNumber: "7", ...how };
      assert.deepEqual(await checkpoints.commit(request), { outcome: "conflict" });
    }
    assert.deepEqual(await checkpoints.read("taken"), thief.checkpoint);
  });

  it("commit() under the name of another owner is a conflict", async () => {
    const { checkpoints } = tables();
    const observed = { ...(await captured(checkpoints, "forged")), ownerId: "forger" };
    const answer = await checkpoints.commit({ observed, lastUpdate: update(2) });
    assert.deepEqual(answer, { outcome: "conflict" });
  });

  it("commit() of a row without an owner is misuse", async () => {
    const observed = { shardId: "unowned", lastUpdate: "0", isFinished: false };
    const committing = tables().checkpoints.commit({ observed, lastUpdate: update(2) });
    await assert.rejects(committing, TypeError);
  });

  it("commit() of a row that is gone is a conflict and makes none", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "lost");
    await checkpoints.remove(observed);
    const answer = await checkpoints.commit({ observed, lastUpdate: update(2) });
    assert.deepEqual(answer, { outcome: "conflict" });
    assert.equal(await checkpoints.read("lost"), undefined);
  });

  it("commit() releases: no owner, the sequence number stays, and the next may capture", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "releases");
    const released = await checkpoints.commit({
      observed,
      lastUpdate: update(2),
      sequenceNumber: "12",
      isReleased: true,
    });
    assert.ok(released.outcome === "committed");
    assert.equal(released.checkpoint.ownerId, undefined);
    assert.equal(released.checkpoint.ownerName, undefined);
    assert.equal(released.checkpoint.isFinished, false);
    const next = await captured(checkpoints, "releases", "next");
    assert.equal(next.sequenceNumber, "12");
  });

  it("commit() finishes: finished and released", async () => {
    const { checkpoints } = tables();
    const observed = await captured(checkpoints, "finishes");
    const finished = await checkpoints.commit({
      observed,
      lastUpdate: update(2),
      isFinished: true,
    });
    assert.ok(finished.outcome === "committed");
    assert.equal(finished.checkpoint.isFinished, true);
    assert.equal(finished.checkpoint.ownerId, undefined);
    assert.deepEqual(await checkpoints.read("finishes"), finished.checkpoint);
  });

  for (const how of [{}, { isReleased: true }, { isFinished: true }]) {
    it(`commit() ${JSON.stringify(how)} that comes twice at once is committed twice`, async () => {
      const { checkpoints } = tables();
      const observed = await captured(checkpoints, `doubled ${JSON.stringify(how)}`);
      const request = { observed, lastUpdate: update(2), sequenceNumber: "3", ...how };
      const first = await checkpoints.commit(request);
      assert.equal(first.outcome, "committed");
      assert.deepEqual(await checkpoints.commit(request), first);
    });
  }
}
