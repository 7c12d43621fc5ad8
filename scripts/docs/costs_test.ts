/**
 * Contract: the formula of docs/operations.md tells what a fleet asks of DynamoDB, counted request by
 * request in the simulated world; the page's tables are the formula's.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { costRows, kclUnits, kinsumerUnits, PRICES } from "./costs.ts";
import { read, table } from "./markdown.mjs";

const PAGE = "docs/operations.md";
const SECONDS = 150;

async function count(size: {
  readonly clients: number;
  readonly shards: number;
  readonly isBusy: boolean;
}): Promise<ReadonlyMap<string, number>> {
  const fleet = createSimulatedFleet({ seed: 17, shards: size.shards });
  const counts = new Map<string, number>();
  const intercept = (operation: string): void => {
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
  };
  for (let each = 0; each < size.clients; each++) {
    await fleet.start(`c${each}`, { dynamodb: { intercept } });
  }
  const live = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      if (size.isBusy) fleet.put(size.shards * 4);
      await fleet.clock.advance(1_000);
    }
  };
  await live(60);
  counts.clear();
  await live(SECONDS);
  return new Map([...counts].map(([operation, number]) => [operation, number / SECONDS]));
}

function assertAbout(actual: number, expected: number, what: string): void {
  const isClose = Math.abs(actual - expected) <= 0.03 * expected + 0.01;
  assert.ok(isClose, `${what}: counted ${actual}, the formula says ${expected}`);
}

describe("what a fleet costs", () => {
  for (const [clients, shards] of [[1, 1], [3, 8]] as const) {
    for (const isBusy of [false, true]) {
      const name = `${clients} on ${shards}, ${isBusy ? "busy" : "idle"}`;
      it(`is what is counted: ${name}`, { timeout: 60_000 }, async () => {
        const counted = await count({ clients, shards, isBusy });
        const { writes, reads } = kinsumerUnits({ clients, shards, busy: isBusy ? shards : 0 });
        const of = (operation: string): number => counted.get(operation) ?? 0;
        assertAbout(of("UpdateItem"), writes, "writes");
        assertAbout(of("GetItem") + of("Scan"), reads, "reads");
        const known = ["UpdateItem", "GetItem", "Scan"];
        assert.deepEqual([...counted.keys()].filter((each) => !known.includes(each)), []);
      });
    }
  }

  it("stands in the page, with the price that it was computed with", () => {
    assert.deepEqual(table(PAGE, "a fleet of Kinsumers"), costRows("client", kinsumerUnits));
    assert.deepEqual(table(PAGE, "workers of the KCL"), costRows("worker", kclUnits));
    const text = read(PAGE);
    for (const price of Object.values(PRICES)) assert.ok(text.includes(`$${price}`), `$${price}`);
  });
});
