/**
 * Contract: the one file of `kinsumer/edge` keeps P1 to P8 as the sources do of which it is made:
 * with short names for what nobody else can know, and long ones for all that it shares with the ports
 * and the rows of others. It is played by seed in a simulated world: beside runs of the whole library,
 * which would go on where it fails, and alone.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { runOnce as atEdge } from "../../src/edge/mod.ts";
import { runOnce } from "../../src/run_once.ts";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { playSchedule, type RunOnce, startRun } from "../../testing/simulation/schedule.ts";
import { bundleEdge } from "../bundle.mjs";

const SEEDS = 40;
const LIMIT = { timeout: 120_000 };

describe("the one file of kinsumer/edge, in a simulated world", () => {
  let folder: string;
  let bundled: RunOnce;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "kinsumer-edge-"));
    const path = join(folder, "edge.mjs");
    await writeFile(path, (await bundleEdge()).bytes);
    ({ runOnce: bundled } = await import(pathToFileURL(path).href));
  }, LIMIT);
  after(() => rm(folder, { recursive: true, force: true }));

  it(`shares the shards with the whole library's runs: ${SEEDS} seeds`, LIMIT, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) await playSchedule(seed, [runOnce, bundled]);
  });

  it("alone, asks for what its sources ask for, word for word", LIMIT, async () => {
    for (let seed = SEEDS + 1; seed <= SEEDS + 20; seed++) {
      const [wanted, found] = [
        await playSchedule(seed, [atEdge]),
        await playSchedule(seed, [bundled]),
      ];
      const index = wanted.findIndex((request, index) => request !== found[index]);
      assert.equal(found[index], wanted[index], `seed ${seed}, request ${index}`);
      assert.equal(found.length, wanted.length, `seed ${seed}`);
    }
  });

  it("leaves nothing behind, and repeats nothing, where nobody is killed", LIMIT, async () => {
    const fleet = createSimulatedFleet({ seed: 7, shards: 6 });
    fleet.put(600);
    const runs = [bundled, runOnce, bundled].map((door, index) =>
      startRun(fleet, `r${index}`, { runOnce: door, seed: 0, budgetMs: 60_000, handlerMs: 3 })
    );
    await fleet.clock.runUntil(() => runs.every((each) => each.isOver()), 120_000);
    const results = await Promise.all(runs.map(({ result }) => result));
    assert.equal(results.reduce((sum, { records }) => sum + records, 0), 600);
    assert.deepEqual(fleet.account.violations, []);
    assert.deepEqual(fleet.account.duplicates(), []);
    assert.deepEqual(fleet.tables.clientRows(), []);
    const owners = fleet.tables.checkpoints().map(({ ownerId }) => ownerId);
    assert.deepEqual(owners, Array(6).fill(undefined), "a shard was not released");
    assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the runs");
  });
});
