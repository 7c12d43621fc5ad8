// The contract: what a client does is counted and measured under stable names, units and
// attributes; gauges speak of shards that are owned, and of clients that run; without an SDK nothing
// is kept, and one that comes late is found.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { KinsumerError } from "../errors.ts";
import type { KinsumerRecord } from "../model.ts";
import { systemRuntime } from "../runtime.ts";
import { METRICS } from "./names.ts";
import { Telemetry } from "./telemetry.ts";

interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

const COMMON = {
  "messaging.system": "aws_kinesis",
  "messaging.destination.name": "simulated",
  "messaging.consumer.group.name": "simulated",
};

describe("metrics", () => {
  let exporter: InMemoryMetricExporter;
  let provider: MeterProvider;

  beforeEach(() => {
    exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    provider = new MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(provider);
  });
  afterEach(async () => {
    metrics.disable();
    await provider.shutdown();
  });

  async function collect() {
    exporter.reset();
    await provider.forceFlush();
    const found = exporter.getMetrics().at(-1)?.scopeMetrics.flatMap((scope) => scope.metrics) ??
      [];
    return new Map(found.map((metric) => [metric.descriptor.name, {
      unit: metric.descriptor.unit,
      points: metric.dataPoints as readonly Point[],
    }]));
  }

  const only = (points: readonly Point[] | undefined): Point => {
    assert.equal(points?.length, 1, JSON.stringify(points));
    return points[0]!;
  };
  const countOf = ({ value }: Point): number => (value as { count: number }).count;
  const sumOf = ({ value }: Point): number => (value as { sum: number }).sum;

  it("tell what a client reads, hands over, commits and owns", async () => {
    const defaults = { commitIntervalMs: 1_000, throttleDelayMs: 250 };
    const fleet = createSimulatedFleet({ seed: 1, shards: 2, defaults });
    const a = await fleet.start("a", { handlerMs: 100 });
    fleet.put(10);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 10_000);
    await fleet.clock.advance(3_000);
    const found = await collect();
    const points = (name: string) => found.get(name)?.points;

    assert.deepEqual(only(points("kinsumer.records.read")), {
      ...only(points("kinsumer.records.read")),
      attributes: COMMON,
      value: 10,
    });
    assert.ok(Number(only(points("kinsumer.bytes.read")).value) > 0, "no bytes");
    const consumed = only(points("messaging.client.consumed.messages"));
    assert.equal(consumed.value, 10);
    assert.deepEqual(consumed.attributes, {
      ...COMMON,
      "messaging.operation.name": "receive",
      "messaging.operation.type": "receive",
    });
    const acknowledged = only(points("kinsumer.acknowledge.duration"));
    assert.equal(countOf(acknowledged), 10);
    assert.ok(Math.abs(sumOf(acknowledged) - 1) < 0.01, `ten times 100 ms: ${sumOf(acknowledged)}`);
    const operations = points("messaging.client.operation.duration") ?? [];
    const names = operations.map(({ attributes }) => attributes["messaging.operation.name"]).sort();
    assert.deepEqual(names, ["commit", "receive"]);
    const owned = only(points("kinsumer.shards.owned"));
    assert.deepEqual([owned.value, owned.attributes["messaging.client.id"]], [2, "a"]);
    const held = Number(only(points("kinsumer.buffer.bytes")).value); // by reads under way
    assert.ok(held >= 0 && held < 67_108_864, `${held} bytes`);
    assert.equal(only(points("kinsumer.buffer.limit")).value, 67_108_864);
    assert.deepEqual(points("kinsumer.shard.lag")?.map(({ value }) => value), [0, 0]);
    const shards = points("kinsumer.checkpoint.age")?.map(({ attributes }) =>
      attributes["messaging.destination.partition.id"]
    );
    assert.deepEqual(shards?.sort(), ["shardId-000000000000", "shardId-000000000001"]);
    for (const { value } of points("kinsumer.checkpoint.age") ?? []) {
      assert.ok(Number(value) >= 1 && Number(value) < 10, `${value} s old`);
    }
    assert.ok(countOf(only(points("kinsumer.heartbeat.delay"))) > 2, "too few heartbeats");
    assert.equal(only(points("kinsumer.rebalances")).value, 1);

    await fleet.stop(a);
    const after = await collect();
    for (
      const gauge of ["owned", "lag"].map((each) =>
        `kinsumer.shard${each === "owned" ? "s" : ""}.${each}`
      )
    ) {
      assert.deepEqual(
        after.get(gauge)?.points ?? [],
        [],
        `${gauge} speaks of a client that stopped`,
      );
    }
  });

  it("tell of the shards that are paused", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 2 });
    fleet.put(20);
    const fail = () => {
      throw new Error("never");
    };
    const a = await fleet.start("a", {
      consume: async (kinsumer) => {
        await kinsumer.process(fail, { onFailure: { attempts: 1, action: "pauseShard" } });
      },
    });
    await fleet.clock.advance(5_000);
    assert.equal(only((await collect()).get("kinsumer.shards.paused")?.points).value, 2);
    await fleet.stop(a);
  });

  it("count throttling, retries and losses", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    let isThrottled = true;
    const a = await fleet.start("a", {
      kinesis: {
        intercept: (operation) => {
          if (operation !== "GetRecords" || !isThrottled) return;
          throw new KinsumerError("Throttled", "slow down", {
            operation: "GetRecords",
            retryable: true,
          });
        },
      },
    });
    await fleet.clock.advance(2_000);
    isThrottled = false;
    await fleet.clock.advance(10_000);
    a.cut({ dynamodb: true });
    await fleet.clock.advance(20_000);
    const found = await collect();
    const throttles = only(found.get("kinsumer.throttles")?.points);
    assert.equal(throttles.attributes["rpc.method"], "GetRecords");
    assert.ok(Number(throttles.value) >= 2, `${throttles.value}`);
    const types = found.get("kinsumer.retries")?.points.map(({ attributes }) =>
      attributes["error.type"]
    );
    assert.ok(types?.includes("Throttled"), `${types}`);
    const lost = only(found.get("kinsumer.shards.lost")?.points);
    assert.deepEqual([lost.value, lost.attributes["kinsumer.reason"]], [1, "lease-expired"]);
    a.cut({ dynamodb: false });
    await fleet.stop(a);
  });

  it("count shards that stand still, by what they wait for", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(1);
    const a = await fleet.start("a", { handlerMs: 100_000 });
    await fleet.clock.advance(90_000);
    const stalled = only((await collect()).get("kinsumer.shards.stalled")?.points);
    assert.deepEqual([stalled.value, stalled.attributes["kinsumer.reason"]], [1, "consumer"]);
    await fleet.clock.advance(30_000);
    await fleet.stop(a);
  });

  it("measure handlers, and count their records once", async () => {
    const clock = systemRuntime().clock;
    const client = { streamName: "simulated", applicationName: "simulated", clientId: "a", clock };
    const around = new Telemetry(client).process();
    const records = [{ sequenceNumber: "1" }, { sequenceNumber: "2" }] as KinsumerRecord[];
    const call = { shardId: "s", records, isBatch: true };
    const failing = around({ ...call, attempt: 1 }, () => Promise.reject(new RangeError("no")));
    await assert.rejects(failing as Promise<unknown>, RangeError);
    await around({ ...call, attempt: 2 }, () => Promise.resolve());
    const found = await collect();
    const durations = found.get("messaging.process.duration")?.points ?? [];
    const types = durations.map(({ attributes }) => attributes["error.type"]);
    assert.deepEqual(types, ["RangeError", undefined]);
    assert.equal(only(found.get("messaging.client.consumed.messages")?.points).value, 2);
  });

  it("have the names and units that are listed, and no others", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(1);
    const a = await fleet.start("a");
    await fleet.clock.advance(2_000);
    const listed = new Map(
      Object.values(METRICS).map(({ name, unit }) => [name as string, unit as string]),
    );
    for (const [name, { unit }] of await collect()) assert.equal(unit, listed.get(name), name);
    await fleet.stop(a);
  });

  it("find an SDK that is registered late", async () => {
    metrics.disable();
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    const a = await fleet.start("a");
    fleet.put(1);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    metrics.setGlobalMeterProvider(provider);
    fleet.put(1);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.stop(a);
    const found = await collect();
    assert.equal(only(found.get("kinsumer.records.read")?.points).value, 1);
  });
});
