// Contract: tables are made and deleted by waiting for what DynamoDB does in its own time, never
// for ever; who finds one missing learns which and what to do.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedClock, type SimulatedClock } from "../../testing/simulation/clock.ts";
import { createSimulatedDynamoDb } from "../../testing/simulation/dynamodb.ts";
import type { DynamoDbApi } from "../aws/dynamodb_api.ts";
import { KinsumerError } from "../errors.ts";
import {
  assertTablesUsable,
  createTables,
  type CreateTablesOptions,
  deleteTables,
  tableNames,
} from "./schema.ts";

const NAMES = tableNames("app");

interface World extends CreateTablesOptions {
  readonly time: SimulatedClock;
  /** The operations that were asked for, with their tables. */
  readonly asked: string[];
}

function createWorld(options: { createTableMs?: number; deleteTableMs?: number } = {}): World {
  const time = createSimulatedClock({ startMs: 0 });
  const asked: string[] = [];
  const api = createSimulatedDynamoDb({ clock: time.clock, ...options }).view({
    intercept: (operation, args) => {
      asked.push(`${operation} ${(args as { tableName: string }).tableName}`);
    },
  });
  return { time, asked, api, clock: time.clock, names: NAMES, waiterDelayMs: 1000 };
}

/** Lets simulated time pass until the work ends. */
async function run<Result>(world: World, work: Promise<Result>): Promise<Result> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  work.then(over, over);
  await world.time.runUntil(() => isOver, 3_600_000);
  return work;
}

describe("tableNames()", () => {
  it("names the tables as the Go library does", () => {
    assert.deepEqual(NAMES, {
      clients: "app_clients",
      checkpoints: "app_checkpoints",
      metadata: "app_metadata",
    });
  });
});

describe("createTables()", () => {
  it("waits, for all tables at once, until they can be used", async () => {
    const world = createWorld({ createTableMs: 10_000 });
    await run(world, createTables(world));
    const { elapsed } = { elapsed: world.clock.monotonicMs() };
    assert.ok(elapsed >= 10_000 && elapsed < 12_000, `took ${elapsed} ms`);
    await run(world, assertTablesUsable(world));
    assert.equal(world.asked.filter((one) => one.startsWith("CreateTable")).length, 3);
  });

  it("leaves tables that exist as they are", async () => {
    const world = createWorld();
    await run(world, createTables(world));
    world.asked.length = 0;
    await run(world, createTables(world));
    assert.deepEqual(world.asked.filter((one) => !one.startsWith("DescribeTable")), []);
  });

  it("waits for a table that is being deleted, then makes it anew", async () => {
    const world = createWorld({ deleteTableMs: 5000 });
    await run(world, createTables(world));
    await run(world, world.api.deleteTable({ tableName: NAMES.checkpoints }));
    await run(world, createTables(world));
    await run(world, assertTablesUsable(world));
  });

  it("gives up after five minutes, and leaves nobody waiting", async () => {
    const world = createWorld({ createTableMs: 400_000 });
    const failure: unknown = await run(world, createTables(world)).catch((error: unknown) => error);
    assert.ok(failure instanceof KinsumerError);
    assert.equal(failure.code, "TableNotReady");
    const elapsed = world.clock.monotonicMs();
    assert.ok(elapsed >= 300_000 && elapsed < 301_000, `took ${elapsed} ms`);
    assert.equal(world.time.sleeperCount(), 0);
  });

  it("waits no longer than it is told", async () => {
    const world = createWorld({ createTableMs: 400_000 });
    const creating = createTables({ ...world, timeoutMs: 2500 });
    await assert.rejects(run(world, creating), { code: "TableNotReady" });
    assert.ok(world.clock.monotonicMs() < 2600);
  });

  it("calls the other tables off when one fails, and throws that failure", async () => {
    const world = createWorld({ createTableMs: 100_000 });
    const denied = new KinsumerError("AccessDenied", "Cannot create");
    const api: DynamoDbApi = {
      ...world.api,
      createTable: (request, signal) =>
        request.tableName === NAMES.metadata
          ? Promise.reject(denied)
          : world.api.createTable(request, signal),
    };
    await assert.rejects(run(world, createTables({ ...world, api })), denied);
    assert.ok(world.clock.monotonicMs() < 1000);
    assert.equal(world.time.sleeperCount(), 0);
  });

  it("rejects with the signal's reason when it aborts", async () => {
    const world = createWorld({ createTableMs: 100_000 });
    const controller = new AbortController();
    const creating = createTables(world, controller.signal);
    const rejected = assert.rejects(creating, { message: "enough" });
    await world.time.advance(5000);
    controller.abort(new Error("enough"));
    await world.time.settle();
    await rejected;
    assert.equal(world.time.sleeperCount(), 0);
  });
});

describe("deleteTables()", () => {
  it("waits until the tables are gone, and does nothing the second time", async () => {
    const world = createWorld({ deleteTableMs: 5000 });
    await run(world, createTables(world));
    await run(world, deleteTables(world));
    await assert.rejects(run(world, assertTablesUsable(world)), { code: "TableNotFound" });
    await run(world, deleteTables(world));
  });

  it("waits for a table that is being made, then deletes it", async () => {
    const world = createWorld({ createTableMs: 5000 });
    await run(world, world.api.createTable({ tableName: NAMES.clients, hashKey: "ID" }));
    await run(world, deleteTables(world));
    assert.equal(
      await run(world, world.api.describeTable({ tableName: NAMES.clients })),
      undefined,
    );
  });
});

describe("assertTablesUsable()", () => {
  it("names the missing table and the call that makes it", async () => {
    const world = createWorld();
    await run(world, createTables(world));
    await run(world, world.api.deleteTable({ tableName: NAMES.checkpoints }));
    await assert.rejects(run(world, assertTablesUsable(world)), (error: KinsumerError) => {
      assert.equal(error.code, "TableNotFound");
      assert.match(error.message, /"app_checkpoints"/);
      assert.match(error.message, /createRequiredTables\(\)/);
      return true;
    });
  });

  it("says that a table which is being made is not ready", async () => {
    const world = createWorld({ createTableMs: 5000 });
    const creating = createTables(world);
    await world.time.advance(1000);
    await assert.rejects(run(world, assertTablesUsable(world)), { code: "TableNotReady" });
    await run(world, creating);
  });
});
