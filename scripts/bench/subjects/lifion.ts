/**
 * The subject `lifion`: lifion-kinesis, alone in its group.
 *
 * @module
 */

import { assignment, finish, Meter } from "./meter.ts";
import { loadPeer } from "./peers.ts";

interface Consumer {
  on(
    event: "data",
    listener: (chunk: {
      readonly records: readonly { readonly data: unknown }[];
    }) => void,
  ): void;
  on(event: "error", listener: (error: unknown) => void): void;
  startConsumer(): Promise<void>;
}

const Lifion = loadPeer("lifion-kinesis") as new (options: unknown) => Consumer;
const task = assignment();
const meter = new Meter(task);
const credentials = { accessKeyId: "lifion", secretAccessKey: "canned", region: "us-east-1" };
const consumer = new Lifion({
  ...credentials,
  streamName: task.stream,
  endpoint: task.kinesis,
  createStreamIfNeeded: false,
  initialPositionInStream: "TRIM_HORIZON",
  consumerGroup: task.application,
  dynamoDb: { ...credentials, endpoint: task.dynalite, tableName: task.application },
});
consumer.on("error", (error) => {
  throw error;
});
consumer.on("data", ({ records }) => {
  for (const { data } of records) if (data !== undefined) meter.see("x");
  meter.passed(records.length);
});
void meter.finished.then(() => finish(meter));
await consumer.startConsumer();
