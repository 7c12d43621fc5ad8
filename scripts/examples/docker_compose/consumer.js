import { hostname } from "node:os";
import process from "node:process";
import { Kinsumer } from "kinsumer";

const kinsumer = new Kinsumer({
  streamName: process.env.STREAM_NAME ?? "orders",
  applicationName: "billing",
  clientName: hostname(), // the container's ID: `kinsumer status` shows it
});
await kinsumer.createRequiredTables();
await kinsumer.run();
process.once("SIGTERM", () => kinsumer.stop({ deadlineMs: 25_000 })); // less than stop_grace_period

for await (const record of kinsumer) {
  console.log(`billed ${record.text()}`);
}
console.log("stopped");
