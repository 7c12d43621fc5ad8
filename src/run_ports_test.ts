/**
 * Contract: whatever its ports do, a run ends within its time, or as soon as its signal aborts, also
 * while it joins; it leaves nothing behind that it can remove, and says so where it could not. Alike
 * for the whole library and for the door for isolates.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { simulatedClientOptions } from "../testing/simulation/client_options.ts";
import { createSimulatedFleet, type SimulatedFleet } from "../testing/simulation/fleet.ts";
import { createSeededRandom } from "../testing/simulation/random.ts";
import { type EdgeOptions, runOnce as runOnceAtEdge } from "./edge/mod.ts";
import type { KinsumerEvent } from "./events.ts";
import { runOnce } from "./run_once.ts";
import type { RunOnceOptions, RunOnceResult } from "./run_options.ts";

const SHARD = "shardId-000000000000";
const never = (): Promise<never> => new Promise(() => {});

/** What becomes of a request before it is carried out, or of its answer. */
interface Facts extends Omit<RunOnceOptions, "process"> {
  readonly runOnce: (...args: Parameters<typeof runOnceAtEdge>) => Promise<RunOnceResult>;
  readonly intercept?: (operation: string, args: string) => Promise<void>;
  readonly interceptAnswer?: (operation: string, args: string) => Promise<void>;
  readonly options?: Partial<EdgeOptions>;
  readonly handlerMs?: number;
}

interface Ended {
  readonly tookMs: number;
  readonly result?: RunOnceResult;
  readonly error?: unknown;
  readonly events: readonly string[];
  readonly requests: readonly string[];
}

/** Runs once, and lets time pass until it has ended. */
async function run({ clock, stream, tables }: SimulatedFleet, facts: Facts): Promise<Ended> {
  const { runOnce, intercept, interceptAnswer, handlerMs = 0, options: others, ...bounds } = facts;
  const requests: string[] = [];
  const events: KinsumerEvent[] = [];
  const channel = {
    clock: clock.clock,
    intercept: (operation: string, args: unknown) => {
      requests.push(operation);
      return intercept?.(operation, JSON.stringify(args));
    },
    interceptAnswer: (operation: string, args: unknown) =>
      interceptAnswer?.(operation, JSON.stringify(args)),
  };
  const startedMs = clock.clock.monotonicMs();
  let ended: { readonly result?: RunOnceResult; readonly error?: unknown } | undefined;
  const options = {
    ...simulatedClientOptions({
      clock: clock.clock,
      random: createSeededRandom(1),
      kinesis: stream.view(channel),
      tables: tables.view(channel),
    }),
    clientId: "run",
    onEvent: (event: KinsumerEvent) => void events.push(event),
    ...others,
  };
  runOnce(options, () => clock.clock.sleep(handlerMs), bounds).then(
    (result) => ended = { result },
    (error) => ended = { error },
  );
  await clock.runUntil(() => ended !== undefined, 600_000);
  const tookMs = clock.clock.monotonicMs() - startedMs;
  return { tookMs, events: events.map(({ type }) => type), requests, ...ended };
}

for (const [where, door] of [["", runOnce], [" at the edge", runOnceAtEdge]] as const) {
  describe(`a run${where} that cannot join`, () => {
    const fleetOf = (shards = 1) => createSimulatedFleet({ seed: 1, shards });

    for (const hung of ["ListShards", "Scan", "BatchGetItem", "UpdateItem", "GetItem"]) {
      it(`ends within its time where no ${hung} is answered`, async () => {
        const fleet = fleetOf();
        const { result, tookMs } = await run(fleet, {
          runOnce: door,
          budgetMs: 2_000,
          intercept: (operation) => operation === hung ? never() : Promise.resolve(),
        });
        assert.equal(result?.reason, "budget");
        assert.ok(tookMs <= 2_000, `it took ${tookMs} ms`);
        const { isCaughtUp, records, shards } = result;
        assert.deepEqual({ isCaughtUp, records, shards }, {
          isCaughtUp: false,
          records: 0,
          shards: [],
        });
        assert.deepEqual(fleet.tables.clientRows(), []);
        assert.equal(result.isClean, hung !== "UpdateItem", "whether its row is gone");
        assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the run");
      });
    }

    it("ends within its time where its credentials never come", async () => {
      const fleet = fleetOf();
      const { result, tookMs } = await run(fleet, {
        runOnce: door,
        budgetMs: 2_000,
        options: { credentials: never, kinesis: undefined, tables: {} },
      });
      const { isCaughtUp, isClean, reason } = result!;
      assert.deepEqual({ isCaughtUp, isClean, reason }, {
        isCaughtUp: false,
        isClean: true,
        reason: "budget",
      });
      assert.ok(tookMs <= 2_000, `it took ${tookMs} ms`);
      assert.equal(fleet.clock.sleeperCount(), 0, "a timer outlived the run");
    });

    it("ends as soon as its signal aborts, and removes the row that it wrote", async () => {
      const fleet = fleetOf();
      const ending = new AbortController();
      let isRegistered = false;
      const running = run(fleet, {
        runOnce: door,
        signal: ending.signal,
        intercept: (operation) => {
          isRegistered = fleet.tables.clientRows().length > 0;
          return operation === "GetItem" ? never() : Promise.resolve();
        },
      });
      await fleet.clock.advance(1_000);
      assert.ok(isRegistered, "it got no further than its row");
      ending.abort();
      const { events, requests, result, tookMs } = await running;
      assert.equal(result?.reason, "signal");
      assert.ok(tookMs <= 1_100, `it took ${tookMs} ms`);
      assert.equal(result.isClean, true);
      assert.deepEqual(fleet.tables.clientRows(), []);
      assert.equal(requests.filter((each) => each === "DeleteItem").length, 1);
      assert.deepEqual(events, ["stopped"]);
    });

    it("removes the row whose answer never came", async () => {
      const fleet = fleetOf();
      let isFirst = true;
      const { result } = await run(fleet, {
        runOnce: door,
        budgetMs: 2_000,
        interceptAnswer: (operation) => {
          const isLost = isFirst && operation === "UpdateItem";
          if (isLost) isFirst = false;
          return isLost ? never() : Promise.resolve();
        },
      });
      const { isClean, reason } = result!;
      assert.deepEqual({ isClean, reason }, { isClean: true, reason: "budget" });
      assert.deepEqual(fleet.tables.clientRows(), []);
    });

    it("asks for nothing more where it has not begun to register", async () => {
      const { requests, result } = await run(fleetOf(), {
        runOnce: door,
        budgetMs: 500,
        intercept: (operation) => operation === "Scan" ? never() : Promise.resolve(),
      });
      assert.deepEqual([...requests].sort(), ["ListShards", "Scan"]);
      assert.equal(result?.isClean, true);
    });

    it("rejects with what refuses it, and with a signal that had aborted before", async () => {
      const refusal = new Error("no such stream");
      const refused = await run(fleetOf(), {
        runOnce: door,
        intercept: (operation) =>
          operation === "ListShards" ? Promise.reject(refusal) : Promise.resolve(),
      });
      assert.equal(refused.error, refusal);
      assert.ok(refused.tookMs < 100, `it took ${refused.tookMs} ms to fail`);
      const reason = new Error("never mind");
      const aborted = await run(fleetOf(), { runOnce: door, signal: AbortSignal.abort(reason) });
      assert.equal(aborted.error, reason);
      assert.deepEqual(aborted.requests, []);
    });

    it("rejects with what refuses it once its row is gone", async () => {
      const fleet = fleetOf();
      const refusal = new Error("no permission");
      const { error } = await run(fleet, {
        runOnce: door,
        intercept: (operation) =>
          operation === "BatchGetItem" ? Promise.reject(refusal) : Promise.resolve(),
      });
      assert.equal(error, refusal);
      assert.deepEqual(fleet.tables.clientRows(), []);
    });
  });
  describe(`a run${where} that leaves`, () => {
    it("is not clean where a shard that it lost still has its name", async () => {
      const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
      fleet.put(2_000);
      const { clock } = fleet.clock;
      const { result } = await run(fleet, {
        runOnce: door,
        budgetMs: 10_000, // its lease ends half a second before it leaves
        handlerMs: 10,
        options: { commitIntervalMs: 10 },
        intercept: (operation, args) => {
          if (operation !== "UpdateItem") return Promise.resolve();
          const ms = clock.monotonicMs();
          // No checkpoint is written from the first second on, and no beat for longer than it lives.
          const isCut = ms > 1_000 && (args.includes(SHARD) || ms < 7_900);
          return isCut ? Promise.reject(new TypeError("fetch failed")) : Promise.resolve();
        },
      });
      assert.equal(fleet.tables.checkpoints()[0]?.ownerId, "run");
      assert.deepEqual(fleet.tables.clientRows(), []);
      assert.equal(result?.isClean, false);
    });

    it("is clean where it could release what it had lost", async () => {
      const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
      fleet.put(100);
      const { clock } = fleet.clock;
      const { events, result } = await run(fleet, {
        runOnce: door,
        budgetMs: 10_000,
        handlerMs: 100,
        intercept: (operation, args) => {
          const isBeat = operation === "UpdateItem" && args.includes("Leaving");
          const isCut = isBeat && clock.monotonicMs() > 1_000 && clock.monotonicMs() < 8_500;
          return isCut ? Promise.reject(new TypeError("fetch failed")) : Promise.resolve();
        },
      });
      assert.ok(events.includes("shard-lost"), "it lost nothing");
      assert.equal(fleet.tables.checkpoints()[0]?.ownerId, undefined);
      assert.equal(result?.isClean, true);
    });

    it("removes its row where what it saw of others cannot be written down", async () => {
      const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
      const at = `${fleet.clock.clock.nowMs()}000000`;
      const silent = { ID: { S: "silent" }, LastUpdate: { N: at }, MaxAgeMs: { N: "60000" } };
      fleet.tables.put("clients", silent);
      fleet.tables.put("checkpoints", {
        Shard: { S: SHARD },
        LastUpdate: { N: at },
        OwnerID: { S: "silent" },
      });
      for (const how of [() => Promise.reject(new TypeError("fetch failed")), never]) {
        let isWitnessed = false;
        const { result } = await run(fleet, {
          runOnce: door,
          budgetMs: 1_000,
          intercept: (operation, args) => {
            if (operation !== "UpdateItem" || !args.includes("Witnessed")) return Promise.resolve();
            isWitnessed = true;
            return how();
          },
        });
        assert.ok(isWitnessed, "it had nothing to write down");
        assert.deepEqual(fleet.tables.clientRows().map(({ clientId }) => clientId), ["silent"]);
        assert.equal(result?.isClean, true);
      }
    });

    for (const hung of ["Scan", "ListShards", "GetShardIterator", "GetRecords"]) {
      it(`releases and leaves where no ${hung} is answered any more`, async () => {
        const fleet = createSimulatedFleet({ seed: 1, shards: 2 });
        fleet.put(100);
        let count = 0;
        const { result, tookMs } = await run(fleet, {
          runOnce: door,
          budgetMs: 4_000,
          untilCaughtUp: false,
          intercept: (operation) => operation === hung && count++ > 1 ? never() : Promise.resolve(),
        });
        assert.ok(tookMs <= 4_000, `it took ${tookMs} ms`);
        assert.deepEqual(fleet.tables.clientRows(), []);
        const owners = fleet.tables.checkpoints().map(({ ownerId }) => ownerId);
        assert.deepEqual(owners, owners.map(() => undefined));
        assert.equal(result?.isClean, true);
      });
    }
  });
}
