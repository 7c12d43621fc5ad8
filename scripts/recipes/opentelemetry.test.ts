import assert from "node:assert/strict";
import { test } from "node:test";
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Kinsumer } from "kinsumer";
import { assertNoSpan, assertSpan, recordSpans, startLocalKinesis } from "kinsumer/testing";
import { addOrder, totals } from "./orders.ts";

const provider = new BasicTracerProvider(); // yours, with your processors and exporters
trace.setGlobalTracerProvider(provider);

test("adds up what a customer orders, and traces it", async (t) => {
  const local = await startLocalKinesis();
  t.after(() => local.stop());
  const spans = await recordSpans({ provider });
  const streamName = await local.createStream();
  await local.putRecords(streamName, [12, 30].map((total) => ({ customer: "ann", total })));
  const kinsumer = new Kinsumer({ streamName, applicationName: "shop", ...local.clientOptions() });
  await kinsumer.createRequiredTables();
  await kinsumer.run();
  const processing = kinsumer.process(addOrder);
  await spans.during(async () => {
    await spans.waitFor(`process ${streamName}`);
    await kinsumer.caughtUp();
    await kinsumer.stop();
    await processing;
    assert.equal(totals.get("ann"), 42);
    assertSpan(spans, { name: `process ${streamName}`, kind: "consumer" });
    assertNoSpan(spans, { name: `process ${streamName}`, status: "error" });
  });
  await spans.stop();
});
