import process from "node:process";
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { Kinsumer } from "kinsumer";

const dynamodb = new DynamoDBClient({}); // finds region, credentials and endpoint by itself
const kinsumer = new Kinsumer({
  streamName: process.env.STREAM_NAME ?? "orders",
  applicationName: "billing",
  region: await dynamodb.config.region(),
  credentials: dynamodb.config.credentials,
});
await kinsumer.createRequiredTables();
await kinsumer.run();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => kinsumer.stop());

// The effect and the record's id are one write, on condition that it was not made before. So it
// happens once, whatever comes twice after a crash.
await kinsumer.process(async (record) => {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: process.env.BILLS_TABLE ?? "bills",
        Item: { id: { S: record.id }, order: { S: record.text() } },
        ConditionExpression: "attribute_not_exists(id)",
      }),
    );
    console.log(`billed ${record.id}`);
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    console.log(`billed before: ${record.id}`);
  }
});
