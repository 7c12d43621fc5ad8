// The contract: each call of a handler is a `process` span, linked to the producers' contexts, that
// ends with the call and fails with it; the handler's result is what it was, and what it traces is
// below that span. A span of the handler's own work needs no context manager if it is given one.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { recordSpans, type SpanRecorder } from "../../testing/spans.ts";
import { assertSpan } from "../../testing/spans_assert.ts";
import type { KinsumerRecord } from "../model.ts";
import { systemRuntime } from "../runtime.ts";
import type { ProcessSpan, TracedCall } from "./process.ts";
import { Telemetry } from "./telemetry.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

function callOf(given: Partial<TracedCall> & { readonly count?: number } = {}): TracedCall {
  const { count = 1, ...rest } = given;
  const records = Array.from(
    { length: count },
    (_, index) => ({ sequenceNumber: String(index + 1) }) as KinsumerRecord,
  );
  return { shardId: "shardId-000000000007", records, attempt: 1, isBatch: count > 1, ...rest };
}

describe("the span around a handler", () => {
  let spans: SpanRecorder;
  let around: ReturnType<Telemetry["process"]>;
  beforeEach(async () => {
    spans = await recordSpans();
    around = telemetry.process();
  });
  afterEach(() => spans.stop());

  const telemetry = new Telemetry(
    {
      streamName: "orders",
      applicationName: "billing",
      clientId: "a",
      clock: systemRuntime().clock,
    },
    ({ sequenceNumber }) => ({
      traceparent: `00-${TRACE_ID}-${sequenceNumber.padStart(16, "0")}-01`,
    }),
  );

  it("tells the record, and links to its producer", async () => {
    assert.equal(await around(callOf(), () => Promise.resolve("result")), "result");
    const span = assertSpan(spans, {
      name: "process orders",
      kind: "consumer",
      status: "unset",
      attributes: {
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.partition.id": "shardId-000000000007",
        "messaging.message.id": "1",
        "messaging.batch.message_count": undefined,
        "kinsumer.attempt": undefined,
      },
    });
    assert.equal(span.parentSpanId, undefined);
    assert.deepEqual(span.links, [
      { traceId: TRACE_ID, spanId: "0000000000000001", attributes: {} },
    ]);
  });

  it("tells a batch and a repeated attempt, with a bounded number of links", async () => {
    await around(callOf({ count: 300, attempt: 3 }), () => Promise.resolve());
    const span = assertSpan(spans, {
      attributes: {
        "messaging.batch.message_count": 300,
        "messaging.message.id": undefined,
        "kinsumer.attempt": 3,
      },
    });
    assert.equal(span.links.length, 128);
  });

  it("ends with the call, whether it is synchronous or not", async () => {
    let finish = () => {};
    const pending = around(callOf(), () => new Promise<void>((resolve) => finish = resolve));
    assert.equal(spans.all().length, 0);
    finish();
    await pending;
    assert.equal(spans.all().length, 1);
    assert.equal(around(callOf(), () => 7), 7);
    assert.equal(spans.all().length, 2);
  });

  it("fails with the call, which throws the same, and tells no message", async () => {
    const error = new TypeError("card 4111 was refused");
    const fails = [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ];
    for (const fail of fails) {
      await assert.rejects(async () => await around(callOf(), fail), error);
    }
    const failed = spans.named("process orders");
    assert.deepEqual(failed.map(({ status }) => status), ["error", "error"]);
    assert.equal(failed[0]?.attributes["error.type"], "TypeError");
    assert.ok(!JSON.stringify(spans.all()).includes("4111"), "the message is told");
  });

  it("is the handler's to add to", async () => {
    await around(callOf(), (span: ProcessSpan | undefined) => {
      span?.setAttribute("order.total", 12);
      span?.addEvent("charged");
    });
    assertSpan(spans, { attributes: { "order.total": 12 }, events: ["charged"] });
  });

  it("is not there without an SDK", async () => {
    await spans.stop();
    let given: unknown = "nothing";
    await around(callOf(), (span) => given = span);
    assert.equal(given, undefined);
    assert.equal(spans.all().length, 0);
  });
});
