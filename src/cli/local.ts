/**
 * `kinsumer local`: a local Kinesis and a local DynamoDB, in memory, until Ctrl-C.
 *
 * @module
 */

import {
  type EmbeddedServers,
  LocalKinesisError,
  openStreams,
  startEmbeddedServers,
} from "../../testing/mod.ts";
import type { Call, Command } from "./command.ts";
import { JSON_OUTPUT } from "./common_options.ts";
import { type Shell, untilAborted, writeJson } from "./shell.ts";

/** The command. */
export const LOCAL: Command = {
  name: "local",
  summary: "Runs a local Kinesis and DynamoDB until Ctrl-C, and prints how to reach them.",
  about: [
    "In memory, in this process: kinesalite and dynalite, which must be installed beside kinsumer. " +
    "They check no signatures and never throttle. Ports: those of the Go library's own scripts.",
  ],
  options: {
    "kinesis-port": { value: "N", help: "0 chooses a free one", default: "4568" },
    "dynamodb-port": { value: "N", help: "0 chooses a free one", default: "4567" },
    "stream": { value: "NAME", short: "s", help: "create this stream" },
    "shards": { value: "N", help: "with so many shards, 1 to 100", default: "4" },
    json: JSON_OUTPUT,
  },
  examples: [
    ["local --stream orders", "with a stream in it"],
    ["put -s orders hello", "in another terminal, after the exports"],
  ],
  problem: "a port is taken, or the servers are not installed",
  run: local,
};

const MAX_PORT = 65_535;

async function local({ args, shell }: Call): Promise<number> {
  const port = { min: 0, max: MAX_PORT };
  const kinesisPort = args.count("kinesis-port", port);
  const dynamodbPort = args.count("dynamodb-port", port);
  const shardCount = args.count("shards", { min: 1, max: 100 });
  const servers = await startServers({ kinesisPort, dynamodbPort });
  try {
    const streamName = args.text("stream");
    if (streamName !== undefined) await openStreams(servers).create(streamName, { shardCount });
    await tell(servers, shell, args.has("json"));
    await untilAborted(shell.signal);
    return 0;
  } finally {
    await servers.stop();
  }
}

/**
 * Starts the local servers.
 *
 * @throws {Error} saying what to do, when they are not installed or a port is taken
 */
export async function startServers(
  ports: { readonly kinesisPort?: number; readonly dynamodbPort?: number },
): Promise<EmbeddedServers> {
  try {
    return await startEmbeddedServers(ports);
  } catch (error) {
    throw new Error(wordsOf(error), { cause: error });
  }
}

async function tell(servers: EmbeddedServers, shell: Shell, isJson: boolean): Promise<void> {
  const { kinesisEndpoint, dynamodbEndpoint, region, credentials } = servers;
  if (isJson) {
    return await writeJson(shell, { kinesisEndpoint, dynamodbEndpoint, region, credentials });
  }
  await shell.write(
    `Kinesis and DynamoDB run until Ctrl-C; what is in them is gone then.\n\n` +
      `export AWS_ENDPOINT_URL_KINESIS=${kinesisEndpoint}\n` +
      `export AWS_ENDPOINT_URL_DYNAMODB=${dynamodbEndpoint}\n` +
      `export AWS_REGION=${region}\n` +
      `export AWS_ACCESS_KEY_ID=${credentials.accessKeyId}\n` +
      `export AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}\n`,
  );
}

function wordsOf(error: unknown): string {
  if (!(error instanceof LocalKinesisError)) {
    return error instanceof Error ? error.message : String(error);
  }
  if (error.code === "PackageMissing") {
    return "Cannot start the local servers: they are not installed. In a project: " +
      "npm install --save-dev kinesalite@3 dynalite@4; without one: " +
      "npx -p kinsumer -p kinesalite@3 -p dynalite@4 kinsumer local";
  }
  const hint = error.code === "PortTaken"
    ? "; --kinesis-port and --dynamodb-port choose others"
    : "";
  return error.message + hint;
}
