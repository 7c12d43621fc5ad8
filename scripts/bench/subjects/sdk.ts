/**
 * The subject `sdk`: a GetRecords loop with the AWS SDK v3 over HTTP/1.1; no consumer.
 *
 * @module
 */

import { assignment, finish, Meter } from "./meter.ts";
import { loadPeer } from "./peers.ts";

interface Client {
  getShardIterator(input: unknown): Promise<{ readonly ShardIterator: string }>;
  getRecords(input: unknown): Promise<{
    readonly Records: readonly { readonly Data: Uint8Array }[];
    readonly NextShardIterator: string;
  }>;
}

const { Kinesis } = loadPeer("@aws-sdk/client-kinesis") as {
  readonly Kinesis: new (options: unknown) => Client;
};
const { NodeHttpHandler } = loadPeer("@smithy/node-http-handler") as {
  readonly NodeHttpHandler: new (options: unknown) => unknown;
};

const task = assignment();
const meter = new Meter(task);
const client = new Kinesis({
  endpoint: task.kinesis,
  region: "us-east-1",
  credentials: { accessKeyId: "sdk", secretAccessKey: "canned" },
  requestHandler: new NodeHttpHandler({ socketAcquisitionWarningTimeout: 600_000 }),
});

async function read(shardId: string): Promise<void> {
  let { ShardIterator: iterator } = await client.getShardIterator({
    StreamName: task.stream,
    ShardId: shardId,
    ShardIteratorType: "TRIM_HORIZON",
  });
  while (!meter.isDone) {
    const answer = await client.getRecords({ ShardIterator: iterator, Limit: 10_000 });
    meter.calls++;
    for (const { Data } of answer.Records) meter.see(Data);
    meter.passed(answer.Records.length);
    iterator = answer.NextShardIterator;
  }
}

void meter.finished.then(() => finish(meter));
await Promise.all(task.shardIds.map(read));
