/**
 * The subject `floor-naive`: what one writes in an hour. fetch, aws4fetch, JSON.parse, base64; no
 * consumer.
 *
 * @module
 */

import { AwsV4Signer } from "aws4fetch";
import { assignment, finish, Meter } from "./meter.ts";

const task = assignment();
const meter = new Meter(task);
const cache = new Map<string, ArrayBuffer>();

async function call(operation: string, input: unknown): Promise<Record<string, unknown>> {
  const signer = new AwsV4Signer({
    method: "POST",
    url: `${task.kinesis}/`,
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `Kinesis_20131202.${operation}`,
    },
    body: JSON.stringify(input),
    accessKeyId: "floor",
    secretAccessKey: "canned",
    region: "us-east-1",
    service: "kinesis",
    cache,
  });
  const { url, ...signed } = await signer.sign();
  return await (await fetch(url, signed as RequestInit)).json();
}

async function read(shardId: string): Promise<void> {
  let { ShardIterator: iterator } = await call("GetShardIterator", {
    StreamName: task.stream,
    ShardId: shardId,
    ShardIteratorType: "TRIM_HORIZON",
  });
  while (!meter.isDone) {
    const answer = await call("GetRecords", { ShardIterator: iterator, Limit: 10_000 });
    meter.calls++;
    const records = answer["Records"] as readonly { readonly Data: string }[];
    for (const { Data } of records) meter.see(bytesOf(Data));
    meter.passed(records.length);
    iterator = answer["NextShardIterator"];
  }
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "base64");
}

void meter.finished.then(() => finish(meter));
await Promise.all(task.shardIds.map(read));
