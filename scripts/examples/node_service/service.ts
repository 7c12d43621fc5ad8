import { createServer } from "node:http";
import process from "node:process";
import { Kinsumer } from "kinsumer";
import { nodeRuntime } from "kinsumer/node";
import { startTelemetry } from "./telemetry.ts";

const stopTelemetry = startTelemetry("billing");

const kinsumer = new Kinsumer({
  streamName: process.env.STREAM_NAME ?? "orders",
  applicationName: "billing",
  runtime: nodeRuntime(),
  logger: console,
});
await kinsumer.createRequiredTables();
await kinsumer.run();

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => kinsumer.stop({ deadlineMs: 25_000 }));
}

const health = createServer((_, response) => {
  const snapshot = kinsumer.snapshot();
  response.statusCode = snapshot.health.status === "failed" ? 503 : 200;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(snapshot));
});
health.listen(Number(process.env.PORT ?? 8080), () => console.log("health:", health.address()));

// Until the stop: everything that was handed over is processed and checkpointed then.
const { processed } = await kinsumer.process((record) => {
  const order = record.json() as { customer: string; total: number };
  console.log(`billed ${order.customer} ${order.total}`);
}, {
  concurrency: { by: "partitionKey", limit: 32 },
  timeoutMs: 30_000,
  onFailure: { attempts: 5, action: "pauseShard", resumeAfterMs: 600_000 },
});

health.close();
await stopTelemetry();
console.log(`stopped after ${processed} orders`);
