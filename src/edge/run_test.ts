/**
 * Contract: a run at the edge leaves no row behind, releases what it can, writes one checkpoint at a
 * time, and goes by no row that others have changed meanwhile, whatever its ports do.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { simulatedClientOptions } from "../../testing/simulation/client_options.ts";
import { createSimulatedFleet, type SimulatedFleet } from "../../testing/simulation/fleet.ts";
import { createSeededRandom } from "../../testing/simulation/random.ts";
import type { KinsumerEvent } from "../events.ts";
import type { RunOnceHandler } from "../run_options.ts";
import type { EdgeRunOptions, RunOnceResult } from "./mod.ts";
import type { CheckpointsTable } from "../tables/checkpoints_api.ts";
import { type EdgeOptions, runOnce } from "./mod.ts";

const SHARD = "shardId-000000000000";

/** What the ports of a run do otherwise. */
interface Facts extends EdgeRunOptions {
  readonly options?: Partial<EdgeOptions>;
  readonly seed?: number;
  readonly handle?: RunOnceHandler;
  /** Before a request. */
  readonly intercept?: (operation: string, args: unknown) => Promise<void>;
  /** After it was carried out. */
  readonly interceptAnswer?: (operation: string, args: unknown) => Promise<void>;
}

interface Started {
  readonly events: readonly KinsumerEvent[];
  readonly requests: readonly string[];
  readonly outcome: () => RunOnceResult | { readonly error: unknown } | undefined;
}

function start({ clock, stream, tables }: SimulatedFleet, facts: Facts = {}): Started {
  const { handle = () => {}, intercept, interceptAnswer, options, seed = 1, ...run } = facts;
  const events: KinsumerEvent[] = [];
  const requests: string[] = [];
  const channel = {
    clock: clock.clock,
    intercept: async (operation: string, args: unknown) => {
      requests.push(operation);
      await intercept?.(operation, args);
    },
    ...(interceptAnswer && { interceptAnswer }),
  };
  let outcome: RunOnceResult | { readonly error: unknown } | undefined;
  runOnce(
    {
      ...simulatedClientOptions({
        clock: clock.clock,
        random: createSeededRandom(seed),
        kinesis: stream.view(channel),
        tables: tables.view(channel),
      }),
      clientId: "run",
      onEvent: (event) => events.push(event),
      ...options,
    },
    handle,
    run,
  ).then((result) => outcome = result, (error) => outcome = { error });
  return { events, requests, outcome: () => outcome };
}

async function ended({ clock }: SimulatedFleet, run: Started): Promise<RunOnceResult> {
  await clock.runUntil(() => run.outcome() !== undefined, 120_000);
  const outcome = run.outcome()!;
  if ("error" in outcome) throw outcome.error;
  return outcome;
}

describe("a run at the edge", () => {
  it("makes no more requests than documented where nothing is new", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 4 });
    await ended(fleet, start(fleet));
    const run = start(fleet);
    await ended(fleet, run);
    assert.equal(run.requests.length, 21, run.requests.join());
  });

  it("leaves no row behind where the answer to its registration is lost", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    let isLost = false;
    const run = start(fleet, {
      interceptAnswer: (operation) => {
        if (operation !== "UpdateItem" || isLost) return Promise.resolve();
        isLost = true;
        return Promise.reject(new TypeError("the answer was lost"));
      },
    });
    await assert.rejects(ended(fleet, run), /the answer was lost/);
    assert.deepEqual(fleet.tables.clientRows(), []);
  });

  it("writes one checkpoint at a time, also while a shard is being finished", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(50);
    fleet.stream.split(SHARD);
    let open = 0;
    let most = 0;
    const isCommit = (operation: string, args: unknown) =>
      operation === "UpdateItem" && JSON.stringify(args).includes(SHARD);
    const run = start(fleet, {
      options: { commitIntervalMs: 100 },
      intercept: async (operation, args) => {
        if (!isCommit(operation, args)) return;
        most = Math.max(most, ++open);
        await fleet.clock.clock.sleep(300);
      },
      interceptAnswer: (operation, args) => {
        if (isCommit(operation, args)) open--;
        return Promise.resolve();
      },
      handle: () => fleet.clock.clock.sleep(10),
    });
    const { records } = await ended(fleet, run);
    assert.deepEqual({ records, most }, { records: 50, most: 1 });
  });

  it("does not take a checkpoint for another stream's that others wrote while it captured", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(10);
    const foreign = { Shard: { S: SHARD }, LastUpdate: { N: "1" }, Finished: { N: "1" } };
    fleet.tables.put("checkpoints", foreign);
    let failures = 0;
    const run = start(fleet, {
      options: { onInvalidCheckpoint: "latest", clientId: "one" },
      intercept: async (operation, args) => {
        const isCapture = operation === "UpdateItem" && JSON.stringify(args).includes(SHARD);
        if (!isCapture || failures++ > 0) return;
        await fleet.clock.clock.sleep(3_000);
        throw new TypeError("fetch failed");
      },
    });
    await fleet.clock.advance(100);
    const other = start(fleet, {
      options: { onInvalidCheckpoint: "horizon", clientId: "other" },
    });
    const { records } = await ended(fleet, other);
    assert.equal(records, 10);
    const [row] = fleet.tables.checkpoints();
    fleet.put(5);
    const result = await ended(fleet, run);
    assert.equal(result.records, 5, JSON.stringify(row));
    assert.deepEqual(run.events.filter(({ type }) => type === "checkpoint-invalid"), []);
  });

  it("beats no more often where another process has its ID", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(10);
    const first = start(fleet, { handle: () => fleet.clock.clock.sleep(6_000) });
    await fleet.clock.advance(100);
    const second = start(fleet, { seed: 2, handle: () => fleet.clock.clock.sleep(1_000) });
    await fleet.clock.runUntil(() => first.outcome() !== undefined, 60_000);
    await fleet.clock.runUntil(() => second.outcome() !== undefined, 60_000);
    assert.match(String(JSON.stringify(first.outcome())), /ClientIdInUse/);
    const beats = first.requests.filter((each) => each === "UpdateItem").length;
    assert.ok(beats <= 8, `${beats} writes`);
    assert.equal(first.events.filter(({ type }) => type === "failed").length, 1);
  });

  it("releases its shard where the stream never answers again", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(10);
    const kinesis = fleet.stream.view({ clock: fleet.clock.clock });
    let reads = 0;
    const run = start(fleet, {
      budgetMs: 5_000,
      untilCaughtUp: false,
      options: {
        kinesis: {
          ...kinesis,
          getRecords: (request, signal) =>
            reads++ > 0 ? new Promise(() => {}) : kinesis.getRecords(request, signal),
        },
      },
    });
    const { isClean, records } = await ended(fleet, run);
    assert.deepEqual({ isClean, records }, { isClean: true, records: 10 });
    assert.equal(fleet.tables.checkpoints()[0]?.ownerId, undefined);
    assert.deepEqual(fleet.tables.clientRows(), []);
  });

  it("leaves in order where the removal of a dead client's row is not answered", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    const at = `${fleet.clock.clock.nowMs()}000000`;
    fleet.tables.put("clients", {
      ID: { S: "dead" },
      LastUpdate: { N: at },
      MaxAgeMs: { N: "1000" },
      WitnessedMs: { N: "5000" },
      WitnessedUpdate: { N: at },
    });
    let isHung = false;
    const view = fleet.tables.view({ clock: fleet.clock.clock });
    const run = start(fleet, {
      budgetMs: 5_000,
      options: {
        tables: {
          ...view,
          clients: {
            register: (...args) => view.clients.register(...args),
            beat: (...args) => view.clients.beat(...args),
            read: (...args) => view.clients.read(...args),
            list: (...args) => view.clients.list(...args),
            assign: (...args) => view.clients.assign(...args),
            remove: (row, signal) => {
              if (row.clientId !== "dead") return view.clients.remove(row, signal);
              isHung = true;
              return new Promise((_, reject) =>
                signal?.addEventListener("abort", () => reject(signal.reason))
              );
            },
          },
        },
      },
    });
    const { isClean } = await ended(fleet, run);
    assert.deepEqual({ isClean, isHung }, { isClean: true, isHung: true });
  });

  it("gives its shards up where the lease has ended, however soon it beats again", async () => {
    for (const lateMs of [1, 5, 9, 13, 17, 21]) {
      const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
      fleet.put(2_000);
      let beats = 0;
      let landsAtMs = Infinity;
      const { clock } = fleet.clock;
      const run = start(fleet, {
        budgetMs: 60_000,
        interceptAnswer: async (operation, args) => {
          const isBeat = operation === "UpdateItem" && JSON.stringify(args).includes("Leaving");
          if (!isBeat) return;
          if (++beats === 1) landsAtMs = clock.monotonicMs() - 1 + 7_500 + lateMs;
          if (beats > 1) await clock.sleep(landsAtMs - clock.monotonicMs());
        },
        handle: () => clock.sleep(10),
      });
      await fleet.clock.advance(12_000);
      const lost = run.events.filter(({ type }) => type === "shard-lost");
      assert.equal(lost.length, 1, `${lateMs} ms late: it went on`);
      await fleet.clock.runUntil(() => run.outcome() !== undefined, 120_000);
    }
  });

  it("asks of each shard for what its own records leave room for", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 2 });
    const fill = (shardId: string, count: number, size: number) => {
      for (let each = 0; each < count; each++) {
        fleet.stream.put({ shardId, partitionKey: "key", data: "x".repeat(size) });
      }
    };
    fill(SHARD, 120, 100_000);
    fill("shardId-000000000001", 2_000, 1);
    const limits: number[] = [];
    const run = start(fleet, {
      options: { maxBufferedBytes: 1_048_576 },
      handle: () => fleet.clock.clock.sleep(5),
      intercept: (operation, args) => {
        const { limit, shardId } = (args ?? {}) as { limit?: number; shardId?: string };
        if (operation === "GetRecords" && shardId === SHARD) limits.push(limit ?? 0);
        return Promise.resolve();
      },
    });
    await ended(fleet, run);
    const most = Math.max(...limits.slice(1));
    assert.ok(most <= 11, `it asked for ${limits} records of 100 kB each`);
  });

  it("shares no signal among the requests of its shards", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 12 });
    const view = fleet.tables.view({ clock: fleet.clock.clock });
    const signals = new Set<AbortSignal | undefined>();
    const checkpoints: CheckpointsTable = {
      read: (...args) => view.checkpoints.read(...args),
      readMany: (...args) => view.checkpoints.readMany(...args),
      list: (...args) => view.checkpoints.list(...args),
      remove: (...args) => view.checkpoints.remove(...args),
      commit: (...args) => view.checkpoints.commit(...args),
      capture: (request, signal) => {
        signals.add(signal);
        return view.checkpoints.capture(request, signal);
      },
    };
    await ended(fleet, start(fleet, { options: { tables: { ...view, checkpoints } } }));
    assert.equal(signals.size, 12, "Node warns of more than ten listeners to one signal");
  });

  it("writes no line of a checkpoint that is only renewed", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(1);
    const lines: string[] = [];
    const write = (message: string) => void lines.push(message);
    const logger = { debug: write, info: write, warn: write, error: write };
    const options = { logger, goShardCheckIntervalMs: 1_000 };
    const run = start(fleet, { budgetMs: 30_000, untilCaughtUp: false, options });
    await ended(fleet, run);
    const told = run.events.filter(({ type }) => type === "checkpointed");
    assert.ok(told.length > 10, `${told.length} renewals`);
    assert.equal(lines.filter((line) => line.includes("checkpointed")).length, 1);
  });
});
