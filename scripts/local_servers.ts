/**
 * Runs a local Kinesis and a local DynamoDB, in memory, until Ctrl-C: on the ports of the original.
 *
 *     npm run servers
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { LocalKinesisError, startEmbeddedServers } from "../testing/mod.ts";

const HELP = `Runs a local Kinesis and a local DynamoDB, in memory, until Ctrl-C.

  npm run servers -- [options]

  --kinesis-port N    (4568)   0 chooses a free one
  --dynamodb-port N   (4567)   0 chooses a free one
  --help              show this
`;

const OPTIONS = {
  "kinesis-port": { type: "string", default: "4568" },
  "dynamodb-port": { type: "string", default: "4567" },
  "help": { type: "boolean", short: "h", default: false },
} as const;

const MAX_PORT = 65_535;

/** What the command line asks for. */
type Command =
  | { readonly outcome: "start"; readonly kinesisPort: number; readonly dynamodbPort: number }
  | { readonly outcome: "help" }
  | { readonly outcome: "refused"; readonly message: string };

function readCommand(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
    if (values.help) return { outcome: "help" };
    return {
      outcome: "start",
      kinesisPort: readPort("kinesis-port", values["kinesis-port"]),
      dynamodbPort: readPort("dynamodb-port", values["dynamodb-port"]),
    };
  } catch (error) {
    return { outcome: "refused", message: error instanceof Error ? error.message : String(error) };
  }
}

function readPort(name: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new RangeError(`--${name} must be a whole number from 0 to ${MAX_PORT}, got "${text}"`);
}

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args);
  if (command.outcome === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (command.outcome === "refused") {
    process.stderr.write(`${command.message}\nSee npm run servers -- --help\n`);
    return 2;
  }
  return await serve(command);
}

async function serve(
  ports: { readonly kinesisPort: number; readonly dynamodbPort: number },
): Promise<number> {
  try {
    const servers = await startEmbeddedServers(ports);
    process.stdout.write(
      `Kinesis and DynamoDB run until Ctrl-C; what is in them is gone then.\n\n` +
        `export KINSUMER_KINESIS_ENDPOINT=${servers.kinesisEndpoint}\n` +
        `export KINSUMER_DYNAMODB_ENDPOINT=${servers.dynamodbEndpoint}\n`,
    );
    await untilSignal();
    await servers.stop();
    return 0;
  } catch (error) {
    process.stderr.write(`${wordsOf(error)}\n`);
    return 1;
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(name, () => resolve());
    }
  });
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isTaken = error instanceof LocalKinesisError && error.code === "PortTaken";
  if (!isTaken) return error.message;
  return `${error.message}; --kinesis-port and --dynamodb-port choose others`;
}

process.exitCode = await main(process.argv.slice(2));
