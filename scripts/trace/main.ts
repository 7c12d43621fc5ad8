/**
 * Makes the picture of a trace for the README: a producer puts an order into a stream, a consumer
 * reads, processes and checkpoints it, on local servers, recorded by OpenTelemetry's SDK.
 *
 *     npm run trace
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { Kinsumer, traceContextFromJson } from "../../mod.ts";
import { openStreams, recordSpans, startEmbeddedServers } from "../../testing/mod.ts";
import { ROOT } from "../runtimes.mjs";
import { drawJourney } from "./draw.ts";
import { journeyOf } from "./rows.ts";

const NAMES = { streamName: "orders", applicationName: "billing" };
const PICTURE = join("docs", "images", "trace.svg");
const PUBLISH = "publish orders";
const ITEMS = ["book", "lamp", "chair"];
const WORK_MS = 60;
const COMMIT_INTERVAL_MS = 300;

async function main(): Promise<void> {
  const { stop: stopServers, ...local } = await startEmbeddedServers();
  const streams = openStreams(local);
  await streams.create(NAMES.streamName, { shardCount: 1 });
  const spans = await recordSpans();
  const kinsumer = new Kinsumer({
    ...local,
    ...NAMES,
    commitIntervalMs: COMMIT_INTERVAL_MS,
    extractContext: traceContextFromJson(),
  });
  await kinsumer.createRequiredTables();
  await kinsumer.run();
  let doneCount = 0;
  const processing = kinsumer.process(async () => {
    await sleep(WORK_MS);
    doneCount++;
  });
  await kinsumer.caughtUp();
  spans.clear();

  await checkOut((items) => streams.put(NAMES.streamName, items));
  while (doneCount < ITEMS.length) await sleep(20);
  const doneMs = Date.now();
  await spans.waitFor(({ endMs, name }) => name === "commit orders" && endMs > doneMs);
  await kinsumer.stop();
  await processing;
  await spans.stop();
  await stopServers();
  const journey = journeyOf(spans.all(), PUBLISH);
  const title = "An order's way: producer → stream → process → checkpoint";
  writeFileSync(join(ROOT, PICTURE), drawJourney(journey, title));
  process.stdout.write(`${PICTURE}\n`);
}

/** The producer: a request, and in it the sending, whose context goes along in each record. */
async function checkOut(
  put: (items: readonly { data: string; partitionKey: string }[]) => Promise<unknown>,
): Promise<void> {
  const tracer = trace.getTracer("shop");
  const request = tracer.startSpan("POST /checkout", { kind: SpanKind.SERVER }, ROOT_CONTEXT);
  const within = trace.setSpan(ROOT_CONTEXT, request);
  await sleep(15);
  const publish = tracer.startSpan(PUBLISH, { kind: SpanKind.PRODUCER }, within);
  const { spanId, traceFlags, traceId } = publish.spanContext();
  const traceparent = `00-${traceId}-${spanId}-${String(traceFlags).padStart(2, "0")}`;
  await put(ITEMS.map((item) => ({
    partitionKey: "customer 1",
    data: JSON.stringify({ traceparent, item }),
  })));
  publish.end();
  await sleep(10);
  request.end();
}

await main();
