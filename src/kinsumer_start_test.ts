/**
 * Contract: where a shard without a checkpoint is read from. "Latest" is the moment at which the
 * application first started; a shard that a reshard creates is read whole.
 *
 * Where nothing follows the moment, kinesalite never answers for an iterator: the library then
 * waits 3 s, reads all, and leaves out what is older.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { Fleet } from "../testing/fleet.ts";
import type { PutResult } from "../testing/streams.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };
/** Far enough from what was put before for the milliseconds of arrival to tell them apart. */
const GAP_MS = 30;

let environment: TestEnvironment;

/** These were handed over, once, and nothing else was. */
async function assertOnly(fleet: Fleet, put: readonly PutResult[]): Promise<void> {
  await fleet.collector.all(put);
  fleet.collector.assertExactlyOnce(put);
}

describe("startAt", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it('"horizon", the default, begins with the oldest record', LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      await fleet.put(100);
      await fleet.join();
      await fleet.put(100);
      await assertOnly(fleet, fleet.putResults);
    });
  });

  it(
    '"latest" delivers what is put after the application first started, and only that',
    LIMIT,
    async () => {
      const options = { startAt: "latest" } as const;
      await Fleet.with(environment, { shardCount: 2, options }, async (fleet) => {
        const early = await fleet.put(100);
        await clock.sleep(GAP_MS);
        const client = await fleet.join();
        await eventually(
          "the shards are captured",
          () => fleet.events("shard-captured").length === 2,
        );
        await clock.sleep(GAP_MS);
        const late = await fleet.put(100);
        await assertOnly(fleet, late);
        await client.kinsumer.stop();
        const meanwhile = await fleet.put(100);
        await fleet.join();
        await assertOnly(fleet, [...late, ...meanwhile]);
        assert.ok(early.every((each) => fleet.collector.timesOf(each) === 0));
      });
    },
  );

  it(
    '"latest" misses nothing that is put between the first start and a second',
    LIMIT,
    async () => {
      const options = { startAt: "latest" } as const;
      await Fleet.with(environment, { shardCount: 1, options }, async (fleet) => {
        const { kinsumer } = await fleet.join();
        await eventually(
          "the shard is captured",
          () => fleet.events("shard-captured").length === 1,
        );
        await kinsumer.stop();
        await clock.sleep(GAP_MS);
        const meanwhile = await fleet.put(100);
        await fleet.join();
        await assertOnly(fleet, meanwhile);
      });
    },
  );

  it('"latest" reads the children of a split whole', LIMIT, async () => {
    const options = { startAt: "latest" } as const;
    await Fleet.with(environment, { shardCount: 1, options }, async (fleet) => {
      await fleet.put(50);
      await clock.sleep(GAP_MS);
      await fleet.join();
      await eventually("the shard is captured", () => fleet.events("shard-captured").length === 1);
      await clock.sleep(GAP_MS);
      const late = await fleet.put(50);
      await environment.streams.split(fleet.streamName, "shardId-000000000000");
      const children = await fleet.put(100); // before anyone knows of the children
      assert.equal(new Set(children.map(({ shardId }) => shardId)).size, 2);
      await assertOnly(fleet, [...late, ...children]);
    });
  });

  it("a Date delivers what arrived at that moment or later", LIMIT, async () => {
    const { streamName, applicationName } = await prepare();
    await environment.streams.put(streamName, [{ partitionKey: "a", data: '{"ordinal":0}' }]);
    await clock.sleep(GAP_MS);
    const startAt = new Date(clock.nowMs());
    await clock.sleep(GAP_MS);
    await Fleet.with(environment, {
      shardCount: 1,
      options: { startAt, streamName, applicationName },
    }, async (fleet) => {
      await fleet.create().kinsumer.createRequiredTables();
      const put = await environment.streams.put(
        streamName,
        [1, 2].map((ordinal) => ({
          partitionKey: "a",
          data: JSON.stringify({ ordinal }),
        })),
      );
      await fleet.join();
      await assertOnly(fleet, put);
    });
  });

  async function prepare() {
    const name = environment.uniqueName("date");
    await environment.streams.create(name, { shardCount: 1 });
    return { streamName: name, applicationName: name };
  }
});

describe("startAt by shard", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    "begins each named shard at its place, and the others where they are told",
    LIMIT,
    async () => {
      await Fleet.with(environment, { shardCount: 3 }, async (fleet) => {
        const early = await fleet.put(60);
        const of = (shardId: string) => early.filter((each) => each.shardId === shardId);
        const [a, b, c] = [0, 1, 2].map((each) => of(`shardId-00000000000${each}`)) as [
          PutResult[],
          PutResult[],
          PutResult[],
        ];
        await clock.sleep(GAP_MS);
        const startAt = {
          "shardId-000000000000": { after: a[3]!.sequenceNumber },
          "shardId-000000000001": { at: b[3]!.sequenceNumber },
          others: "latest",
        } as const;
        await fleet.join({ options: { startAt } });
        await eventually("captured", () => fleet.events("shard-captured").length === 3, 10_000);
        await clock.sleep(GAP_MS);
        const late = await fleet.put(30);
        await assertOnly(fleet, [...a.slice(4), ...b.slice(3), ...late]);
        assert.ok(c.every((each) => fleet.collector.timesOf(each) === 0), "latest was not heeded");
      });
    },
  );

  it("reads the children of a named shard whole, whatever the others are told", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      const before = await fleet.put(40);
      const parentId = "shardId-000000000000";
      const parent = before.filter((each) => each.shardId === parentId);
      await environment.streams.split(fleet.streamName, parentId);
      const after = await fleet.put(60); // before the application first starts
      await clock.sleep(GAP_MS);
      const startAt = {
        [parentId]: { after: parent[2]!.sequenceNumber },
        others: "latest",
      } as const;
      await fleet.join({ options: { startAt } });
      const children = after.filter((each) => each.shardId !== "shardId-000000000001");
      await assertOnly(fleet, [...parent.slice(3), ...children]);
    });
  });
});
