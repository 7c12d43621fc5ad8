/**
 * A stand-in for a Go client: a process that speaks the Go library's protocol as PROTOCOL §2 and §3
 * write it down. It is NOT the Go library: what it shows is how ours gets along with that protocol,
 * not with that program. Takes the flags, and prints the lines, of `go/main.go`.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Client } from "./client.ts";

const text = { type: "string", default: "" } as const;
const { values } = parseArgs({
  options: {
    stream: text,
    application: text,
    name: text,
    kinesis: text,
    dynamodb: text,
    region: { type: "string", default: "us-east-1" },
    "shard-check-ms": { type: "string", default: "60000" },
    "leader-action-ms": { type: "string", default: "60000" },
    "commit-ms": { type: "string", default: "1000" },
    "throttle-ms": { type: "string", default: "250" },
    "work-ms": { type: "string", default: "0" },
    buffer: { type: "string", default: "100" },
  },
});

function print(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const client = new Client({
  kinesisEndpoint: values.kinesis,
  dynamodbEndpoint: values.dynamodb,
  region: values.region,
  streamName: values.stream,
  applicationName: values.application,
  clientName: values.name,
  shardCheckMs: Number(values["shard-check-ms"]),
  leaderActionMs: Number(values["leader-action-ms"]),
  commitMs: Number(values["commit-ms"]),
  throttleMs: Number(values["throttle-ms"]),
  workMs: Number(values["work-ms"]),
  bufferSize: Number(values.buffer),
  onRecord: (data) => print({ type: "record", data: atob(data) }),
  onError: (error) => print({ type: "error", message: String(error) }),
});
process.once("SIGTERM", () => client.stop());
const running = client.run();
print({ type: "started" });
await running;
print({ type: "stopped" });
