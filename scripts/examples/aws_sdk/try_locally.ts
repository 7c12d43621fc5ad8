import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { CreateTableCommand, DynamoDBClient, paginateScan } from "@aws-sdk/client-dynamodb";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { startLocalKinesis } from "kinsumer/testing";
import { putOrders } from "./producer.ts";

const local = await startLocalKinesis();
const kinesis = new KinesisClient(local.sdkConfig("kinesis"));
const dynamodb = new DynamoDBClient(local.sdkConfig("dynamodb"));
const streamName = await local.createStream("orders", { shards: 2 });
await dynamodb.send(
  new CreateTableCommand({
    TableName: "bills",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  }),
);
const orders = Array.from({ length: 100 }, (_, n) => ({ customer: `customer-${n}`, total: n }));
await putOrders(kinesis, streamName, orders);

const killed = await consumeUntil(40, "SIGKILL"); // before its first checkpoint
const second = await consumeUntil(100, "SIGTERM");
console.log(`delivered ${killed.lines + second.lines}, of them ${second.repeated} again`);

let bills = 0;
for await (const { Count = 0 } of paginateScan({ client: dynamodb }, { TableName: "bills" })) {
  bills += Count;
}
console.log(`${orders.length} orders, ${bills} bills`);
await local.stop();

/** Runs the consumer, and ends it once it has seen so many orders. */
async function consumeUntil(count: number, signal: NodeJS.Signals) {
  const env = {
    ...process.env,
    AWS_REGION: local.region,
    AWS_ACCESS_KEY_ID: local.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: local.credentials.secretAccessKey,
    AWS_ENDPOINT_URL_KINESIS: local.kinesisEndpoint,
    AWS_ENDPOINT_URL_DYNAMODB: local.dynamodbEndpoint,
  };
  const args = [...process.execArgv, new URL("consumer.ts", import.meta.url).pathname];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  let [lines, repeated] = [0, 0];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("billed")) continue;
    if (line.startsWith("billed before")) repeated++;
    if (++lines === count) child.kill(signal);
  }
  return { lines, repeated };
}
