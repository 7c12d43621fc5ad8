/**
 * Contract: applications that name the same table count each other, and slow down together; nothing
 * of it is needed to consume.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS } from "../testing/fleet.ts";
import type { KinsumerEvent } from "./events.ts";
import { Kinsumer } from "./kinsumer.ts";
import { systemRuntime } from "./runtime.ts";

const LIMIT = { timeout: 60_000 };
const { clock } = systemRuntime();

let environment: TestEnvironment;

type Changed = Extract<KinsumerEvent, { type: "applications-changed" }>;

describe("coordination", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    "counts the applications of a stream, adopts their delay, and forgets who is gone",
    LIMIT,
    async () => {
      const streamName = environment.uniqueName("seen");
      const tableName = environment.uniqueName("applications");
      await environment.streams.create(streamName, { shardCount: 1 });
      const open = async (name: string, adopt: boolean) => {
        const heard: Changed[] = [];
        const kinsumer = new Kinsumer({
          ...environment.clientOptions(),
          ...FAST_OPTIONS,
          streamName,
          applicationName: `${streamName}-${name}`,
          coordination: { tableName, adopt, intervalMs: 1_000 },
          onEvent: (event) => void (event.type === "applications-changed" && heard.push(event)),
        });
        await kinsumer.createRequiredTables();
        await kinsumer.run();
        return { kinsumer, heard };
      };
      const a = await open("a", true);
      const b = await open("b", false);
      const both = [`${streamName}-a`, `${streamName}-b`];
      try {
        const sees = (heard: readonly Changed[], names: readonly string[]) =>
          JSON.stringify(heard.at(-1)?.applications) === JSON.stringify(names);
        await eventually(
          "they see each other",
          () => sees(a.heard, both) && sees(b.heard, both),
          15_000,
        );
        const facts = (
          { suggestedDelayMs, throttleDelayMs }: Changed,
        ) => [suggestedDelayMs, throttleDelayMs];
        assert.deepEqual(facts(a.heard.at(-1)!), [450, 450]);
        assert.deepEqual(facts(b.heard.at(-1)!), [450, 200]);
        await b.kinsumer.stop();
        await eventually("one is alone again", () => sees(a.heard, both.slice(0, 1)), 20_000);
        assert.deepEqual(facts(a.heard.at(-1)!), [250, 250]);
      } finally {
        await Promise.all([a, b].map(({ kinsumer }) => kinsumer.stop({ deadlineMs: 500 })));
      }
      await clock.sleep(50);
      await environment.dynamodb.deleteTable({ tableName });
    },
  );
});
