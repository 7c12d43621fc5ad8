/**
 * Contract: a shard that moves to another client waits for its records in the user's hands, and no
 * longer than `drainTimeoutMs`. Then it moves all the same: they are delivered again, and what the
 * slow client acknowledges late changes nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { Fleet, type FleetClient, textOf } from "../testing/fleet.ts";
import type { KinsumerOptions } from "./options.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
/** Of the two, this one moves to the client that joins: of too many, the last by ID. */
const MOVING = "shardId-000000000001";

let environment: TestEnvironment;

/** A client that holds one record of the shard that will move, and reads all others. */
async function hold(fleet: Fleet): Promise<{ client: FleetClient; letGo: () => void }> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => letGo = resolve);
  const work = ({ shardId }: { shardId: string }) => shardId === MOVING ? held : undefined;
  const client = await fleet.join({ options: { clientId: "a" }, work });
  await fleet.put(200);
  await eventually(
    "it holds a record",
    () => fleet.collector.deliveries.some(({ shardId }) => shardId === MOVING),
  );
  return { client, letGo };
}

describe("a shard that moves", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it("waits for the record in hand, and then loses and doubles nothing", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const { client, letGo } = await hold(fleet);
      const helper = fleet.collector.consume(client.kinsumer);
      await eventually("the rest is read", () => fleet.collector.distinctCount === 200);
      const heir = await fleet.join({ options: { clientId: "b" } });
      await eventually("the heir wants the shard", () => heir.network.count("GetItem") >= 4);
      await clock.sleep(400);
      assert.deepEqual(heir.kinsumer.ownedShardIds, [], "it moved with a record in hand");
      letGo();
      await fleet.balanced([client, heir], 2);
      await fleet.put(200);
      await fleet.allCollected();
      await Promise.all([client, heir].map(({ kinsumer }) => kinsumer.stop()));
      await helper;
      fleet.collector.assertExactlyOnce(fleet.putResults);
      await fleet.assertSettled();
    });
  });

  it(
    "waits no longer than drainTimeoutMs; a late acknowledgement changes nothing",
    LIMIT,
    async () => {
      const options: Partial<KinsumerOptions> = { drainTimeoutMs: 300 };
      await Fleet.with(environment, { shardCount: 2, options }, async (fleet) => {
        const { client, letGo } = await hold(fleet);
        const held = fleet.collector.deliveries.find(({ shardId }) => shardId === MOVING)!;
        const heir = await fleet.join({ options: { clientId: "b" } });
        await fleet.balanced([client, heir], 2);
        await eventually(
          "its release is answered",
          () => fleet.events("shard-released").length > 0,
        );
        const released = fleet.events("shard-released").map((e) => [e.shardId, e.isClean]);
        assert.deepEqual(released, [[MOVING, false]]);
        await eventually("it comes again", () => fleet.collector.timesOf(held) === 2);
        const ofShard = fleet.putResults.filter(({ shardId }) => shardId === MOVING);
        await fleet.collector.all(ofShard);
        const last = ofShard[ofShard.length - 1]!.sequenceNumber;
        const committed = async () =>
          textOf((await fleet.row("checkpoints", MOVING))?.["SequenceNumber"]);
        await eventually("the heir commits", async () => await committed() === last);
        letGo();
        await fleet.allCollected();
        await clock.sleep(300);
        assert.equal(await committed(), last);
        assert.deepEqual(fleet.collector.duplicates().map((e) => e.sequenceNumber), [
          held.sequenceNumber,
        ]);
        await Promise.all([client, heir].map(({ kinsumer }) => kinsumer.stop()));
        await fleet.assertSettled();
      });
    },
  );
});
