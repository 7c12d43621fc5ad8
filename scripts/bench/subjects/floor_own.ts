/**
 * The subject `floor-own`: Kinsumer's own transport, signer and parser in a bare loop, no consumer.
 *
 * @module
 */

import { createAwsCall } from "../../../src/aws/call.ts";
import { createCredentialsSource } from "../../../src/aws/credentials.ts";
import { createKinesisApi } from "../../../src/aws/kinesis.ts";
import { createRecordsReader, WireChoice } from "../../../src/aws/read_records.ts";
import { assignment, finish, Meter } from "./meter.ts";
import { runtimeOf } from "./runtime.ts";

const task = assignment();
const meter = new Meter(task);
const runtime = await runtimeOf(task.setup);
const call = createAwsCall({
  service: "kinesis",
  endpoint: task.kinesis,
  region: "us-east-1",
  credentials: createCredentialsSource({
    credentials: { accessKeyId: "floor", secretAccessKey: "canned" },
    runtime,
  }),
  runtime,
  timeoutMs: 10_000,
});
const kinesis = createKinesisApi({
  streamName: task.stream,
  call,
  readRecords: createRecordsReader({ call, wire: new WireChoice(task.setup.wire) }),
});

async function read(shardId: string): Promise<void> {
  let shardIterator = await kinesis.getShardIterator({
    shardId,
    position: { type: "TRIM_HORIZON" },
  });
  while (!meter.isDone) {
    const answer = await kinesis.getRecords({ shardId, shardIterator, limit: 10_000 });
    meter.calls++;
    for (const record of answer.records) meter.see(record.data);
    meter.passed(answer.records.length);
    shardIterator = answer.nextShardIterator ?? "";
  }
}

void meter.finished.then(() => finish(meter));
await Promise.all(task.shardIds.map(read));
