import assert from "node:assert/strict";
import { test } from "node:test";
import * as aws from "@aws-sdk/client-kinesis";
import { Kinsumer } from "kinsumer";
import { startLocalKinesis } from "kinsumer/testing";
import { addOrder, totals } from "./orders.ts";

test("adds up what the SDK puts, and the SDK reads it too", async (t) => {
  const local = await startLocalKinesis();
  t.after(() => local.stop());
  const streamName = await local.createStream();
  const sdk = new aws.KinesisClient(local.sdkConfig("kinesis"));
  const Data = new TextEncoder().encode('{ "customer": "ann", "total": 42 }');
  const at = { StreamName: streamName, PartitionKey: "ann", Data };
  const { ShardId } = await sdk.send(new aws.PutRecordCommand(at));

  const kinsumer = new Kinsumer({ streamName, applicationName: "shop", ...local.clientOptions() });
  await local.consumeAll(kinsumer, { until: 1, handler: addOrder });
  assert.equal(totals.get("ann"), 42);

  const from = { StreamName: streamName, ShardId, ShardIteratorType: "TRIM_HORIZON" } as const;
  const { ShardIterator } = await sdk.send(new aws.GetShardIteratorCommand(from));
  const { Records } = await sdk.send(new aws.GetRecordsCommand({ ShardIterator }));
  assert.deepEqual(Records?.map((record) => record.PartitionKey), ["ann"]);
});
