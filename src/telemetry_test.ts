// The contract: reads, captures and commits become spans with stable names and attributes, times
// from the injected clock, and no record data; a failure is named by its code.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SpanStatusCode, trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createSimulatedFleet } from "../testing/simulation/fleet.ts";
import { KinsumerError } from "./errors.ts";
import { ATTRIBUTES } from "./telemetry.ts";

describe("traces", () => {
  const exporter = new InMemorySpanExporter();

  before(() => {
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  });
  after(() => trace.disable());

  const spans = (name: string): ReadableSpan[] =>
    exporter.getFinishedSpans().filter((span) => span.name === `${name} simulated`);

  it("tell one client's work on one shard, from capture to release", async () => {
    exporter.reset();
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(3);
    const a = await fleet.start("a");
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.clock.advance(2_000);
    fleet.put(1);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.stop(a);

    const received = spans("receive").map((span) => span.attributes);
    assert.deepEqual(
      received.map((each) => each[ATTRIBUTES.recordCount]).filter((count) => count !== 0),
      [3, 1],
    );
    assert.deepEqual(spans("capture")[0]?.attributes, {
      "messaging.system": "aws_kinesis",
      "messaging.destination.name": "simulated",
      "messaging.consumer.group.name": "simulated",
      "messaging.client.id": "a",
      "messaging.operation.name": "capture",
      "messaging.destination.partition.id": "shardId-000000000000",
      "kinsumer.outcome": "captured",
    });
    assert.equal(spans("commit").length, 1);
    assert.equal(spans("release").length, 1);
    for (const span of exporter.getFinishedSpans()) {
      const ageS = span.startTime[0] - Date.UTC(2026, 0, 1) / 1_000; // the simulated world's start
      assert.ok(ageS >= 0 && ageS < 60, `${span.name} takes its time from elsewhere`);
    }
  });

  it("name a failure by its code, without its message", async () => {
    exporter.reset();
    const fleet = createSimulatedFleet({ seed: 2, shards: 1 });
    const a = await fleet.start("a", {
      kinesis: {
        intercept: (operation) => {
          if (operation !== "GetRecords") return;
          throw new KinsumerError("Throttled", "a secret", { retryable: true });
        },
      },
    });
    await fleet.clock.advance(1_000);
    await fleet.stop(a);
    const [failed] = spans("receive");
    assert.equal(failed?.attributes[ATTRIBUTES.errorType], "Throttled");
    assert.deepEqual(failed?.status, { code: SpanStatusCode.ERROR, message: "Throttled" });
    const dump = exporter.getFinishedSpans().map(({ name, attributes, events, status }) => ({
      name,
      attributes,
      events,
      status,
    }));
    assert.ok(!JSON.stringify(dump).includes("a secret"));
  });
});
