/**
 * Contract: Kinsumers that share keep one budget of bytes and ask once for credentials, and a slow one
 * starves no other.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Collector } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS } from "../testing/fleet.ts";
import type { PutResult } from "../testing/streams.ts";
import { Kinsumer } from "./kinsumer.ts";
import type { KinsumerOptions } from "./options.ts";
import { createShared, type ShareOptions } from "./shared.ts";

const LIMIT = { timeout: 60_000 };
const MIB = 1_048_576;
const KINSUMERS = 20;
const READ_BYTES = 300_000;

let environment: TestEnvironment;

describe("createShared()", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    "bounds 20 Kinsumers at once by one budget, and asks once for credentials",
    LIMIT,
    async () => {
      const streamName = environment.uniqueName("shared");
      await environment.streams.create(streamName, { shardCount: 1 });
      const data = (ordinal: number) => JSON.stringify({ ordinal, padding: "x".repeat(20_000) });
      const put: PutResult[] = [];
      for (let ordinal = 0; ordinal < 60; ordinal++) {
        const record = { partitionKey: "a", data: data(ordinal) };
        put.push(...await environment.streams.put(streamName, [record]));
      }
      let asked = 0;
      const shared = createShared({
        maxBufferedBytes: MIB,
        credentials: () => {
          asked++;
          return Promise.resolve({ accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" });
        },
      });
      let mostBytes = 0;
      const { credentials: _, ...local } = environment.clientOptions() as KinsumerOptions;
      const kinsumers = Array.from({ length: KINSUMERS }, (_, index) =>
        new Kinsumer({
          ...local,
          ...FAST_OPTIONS,
          streamName,
          applicationName: environment.uniqueName(`shared-${index}`),
          // Twenty fleets in one process on a busy machine: patience, or leases end.
          shardCheckIntervalMs: 500,
          leaderActionIntervalMs: 500,
          clientRecordMaxAgeMs: 30_000,
          readLimit: 10,
          shared,
        }));
      const collectors = kinsumers.map(() => new Collector());
      try {
        await Promise.all(kinsumers.map((each) => each.createRequiredTables()));
        await Promise.all(kinsumers.map((each) => each.run()));
        const consuming = kinsumers.map((kinsumer, index) =>
          collectors[index]!.consume(kinsumer, {
            work: () => {
              mostBytes = Math.max(mostBytes, shared.heldBytes);
              return Promise.resolve();
            },
          })
        );
        await Promise.all(collectors.map((each) => each.all(put, 45_000)));
        await Promise.all(kinsumers.map((each) => each.stop()));
        await Promise.all(consuming);
      } finally {
        await Promise.all(kinsumers.map((each) => each.stop({ deadlineMs: 300 })));
      }
      for (const collector of collectors) collector.assertExactlyOnce(put);
      assert.equal(asked, 1);
      assert.ok(mostBytes <= MIB + KINSUMERS * READ_BYTES, `${mostBytes} bytes`);
      assert.equal(shared.heldBytes, 0);
    },
  );

  it("refuses a budget that is none, and an object that it did not make", () => {
    const share = (maxBufferedBytes: unknown) => () =>
      createShared({ maxBufferedBytes } as ShareOptions);
    assert.throws(share("1"), TypeError);
    for (const value of [MIB - 1, 4096 * MIB + 1, MIB + 0.5]) {
      assert.throws(share(value), RangeError);
    }
    const create = (options: Partial<KinsumerOptions>) => () =>
      new Kinsumer({ streamName: "s", applicationName: "a", region: "x-1", ...options });
    const shared = createShared();
    assert.throws(
      create({ shared: { heldBytes: 0, maxBufferedBytes: 1 } }),
      /made by createShared/,
    );
    assert.throws(create({ shared: 7 as unknown as typeof shared }), TypeError);
    assert.throws(create({ shared, maxBufferedBytes: MIB }), /must not be given both/);
    assert.throws(
      create({ shared, credentials: () => Promise.reject() }),
      /must not be given both/,
    );
    assert.doesNotThrow(create({ shared }));
  });
});
