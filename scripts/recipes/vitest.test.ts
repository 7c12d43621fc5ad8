import { expect, onTestFinished, test } from "vitest";
import { Kinsumer } from "kinsumer";
import { startLocalKinesis } from "kinsumer/testing";
import { addOrder, totals } from "./orders.ts";

test("adds up what a customer orders", async () => {
  const local = await startLocalKinesis();
  onTestFinished(() => local.stop());
  const streamName = await local.createStream();
  await local.putRecords(streamName, [12, 30].map((total) => ({ customer: "ann", total })));
  const kinsumer = new Kinsumer({ streamName, applicationName: "shop", ...local.clientOptions() });
  await local.consumeAll(kinsumer, { until: 2, handler: addOrder });
  expect(totals.get("ann")).toBe(42);
});
