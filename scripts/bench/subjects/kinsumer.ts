/**
 * The subject `kinsumer`: a whole client, alone in its fleet.
 *
 * @module
 */

import process from "node:process";
import { Kinsumer } from "../../../mod.ts";
import { assignment, finish, Meter } from "./meter.ts";
import { runtimeOf } from "./runtime.ts";
import { registerSdk } from "./sdk_of.ts";

const task = assignment();
const meter = new Meter(task);
const { setup } = task;
await registerSdk(setup);
let captured = 0;
const kinsumer = new Kinsumer({
  streamName: task.stream,
  applicationName: task.application,
  kinesisEndpoint: task.kinesis,
  dynamodbEndpoint: task.tables,
  region: "us-east-1",
  credentials: { accessKeyId: `client${process.pid}`, secretAccessKey: "canned" },
  wire: setup.wire,
  runtime: await runtimeOf(setup),
  onEvent: ({ type }) => {
    if (type === "shard-captured" && ++captured === task.shardIds.length) meter.captured();
  },
  ...setup.options,
});
process.on("SIGTERM", () => kinsumer.stop().then(() => process.exit(0)));
await kinsumer.createRequiredTables();
await kinsumer.run();
void meter.finished.then(() => finish(meter));

if (setup.consume === "batches") {
  for await (const { records } of kinsumer.batches()) {
    for (const record of records) meter.see(record.data);
    meter.passed(records.length);
  }
} else {
  for await (const record of kinsumer) {
    meter.see(record.data);
    meter.passed(1);
    if (setup.consume === "stall") await meter.finished;
  }
}
