import { Database } from "bun:sqlite";
import { Kinsumer } from "kinsumer";
import { createPool } from "./pool.ts";
import type { Order } from "./score.ts";

const database = new Database(process.env.DATABASE ?? "orders.sqlite", { create: true });
database.run("PRAGMA journal_mode = WAL");
database.run(
  "CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, customer TEXT, score INTEGER)",
);
const insert = database.query("INSERT OR IGNORE INTO orders VALUES (?, ?, ?)");

const kinsumer = new Kinsumer({
  streamName: process.env.STREAM_NAME ?? "orders",
  applicationName: "scoring",
});
await kinsumer.createRequiredTables();
await kinsumer.run();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => kinsumer.stop());

const server = Bun.serve({
  port: Number(process.env.PORT ?? 8080),
  fetch() {
    const { health, shards } = kinsumer.snapshot();
    return Response.json({ health, shards }, { status: health.status === "failed" ? 503 : 200 });
  },
});
console.log(`health: ${server.url}`);

// The work that takes a processor is done beside the event loop, so that heartbeats stay punctual.
const pool = createPool(new URL("./score.ts", import.meta.url), 2);
const { processed } = await kinsumer.process(async (record) => {
  const order = record.json() as Order;
  const score = await pool.ask(order);
  insert.run(record.id, order.customer, score); // a record that comes again changes nothing
  console.log(`${order.customer} scores ${score}`);
}, { concurrency: { by: "partitionKey", limit: 8 }, timeoutMs: 30_000 });

pool.close();
await server.stop();
database.close();
console.log(`stopped after ${processed} orders`);
