/**
 * Consumes a stream and does nothing with its records but count them: the original's no-op consumer.
 *
 *     npm run noop -- --stream orders --create-tables
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Kinsumer, KinsumerError, type KinsumerOptions } from "../mod.ts";
import { onInterruption } from "./demo/interruption.ts";
import { grouped, seconds } from "./demo/spans.ts";

const HELP = `Consumes a Kinesis stream and shows how many records came.

  npm run noop -- --stream NAME [options]

  --stream NAME             the stream to consume
  --application NAME        the application; prefix of the three tables   (noop)
  --create-tables           create the tables where they do not exist
  --region NAME             the region                    (AWS_REGION)
  --kinesis-endpoint URL    for a local server            (KINSUMER_KINESIS_ENDPOINT)
  --dynamodb-endpoint URL   for a local server            (KINSUMER_DYNAMODB_ENDPOINT)
  --help                    show this

Credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
Without any, a server on this host is called with invented ones. Ctrl-C or SIGTERM stops it.
`;

const OPTIONS = {
  "stream": { type: "string" },
  "application": { type: "string", default: "noop" },
  "create-tables": { type: "boolean", default: false },
  "region": { type: "string" },
  "kinesis-endpoint": { type: "string" },
  "dynamodb-endpoint": { type: "string" },
  "statsd-host-port": { type: "string" },
  "statsd-prefix": { type: "string" },
  "help": { type: "boolean", short: "h", default: false },
} as const;

/** What the command line asks for. */
type Command =
  | { readonly outcome: "consume"; readonly kinsumer: Kinsumer; readonly hasToCreate: boolean }
  | { readonly outcome: "help" }
  | { readonly outcome: "refused"; readonly message: string };

function readCommand(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
    if (values.help) return { outcome: "help" };
    for (const name of ["statsd-host-port", "statsd-prefix"] as const) {
      if (values[name] === undefined) continue;
      return { outcome: "refused", message: `--${name} is not available yet` };
    }
    if (values.stream === undefined) {
      return { outcome: "refused", message: "--stream is missing: which stream?" };
    }
    const kinsumer = new Kinsumer({
      streamName: values.stream,
      applicationName: values.application,
      region: values.region,
      onEvent: (event) => event.type === "failed" && say(`Failed: ${wordsOf(event.error)}`),
      ...endpoints(values["kinesis-endpoint"], values["dynamodb-endpoint"]),
    });
    return { outcome: "consume", kinsumer, hasToCreate: values["create-tables"] };
  } catch (error) {
    return { outcome: "refused", message: wordsOf(error) };
  }
}

function endpoints(kinesis: string | undefined, dynamodb: string | undefined) {
  const kinesisEndpoint = kinesis ?? process.env["KINSUMER_KINESIS_ENDPOINT"];
  const dynamodbEndpoint = dynamodb ?? process.env["KINSUMER_DYNAMODB_ENDPOINT"];
  const isLocal = [kinesisEndpoint, dynamodbEndpoint].every(isOnThisHost);
  const hasNone = process.env["AWS_ACCESS_KEY_ID"] === undefined;
  const invented = { accessKeyId: "local", secretAccessKey: "local" };
  return {
    kinesisEndpoint,
    dynamodbEndpoint,
    credentials: isLocal && hasNone ? invented : undefined,
  } satisfies Partial<KinsumerOptions>;
}

function isOnThisHost(endpoint: string | undefined): boolean {
  return endpoint !== undefined &&
    /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]?/.test(endpoint);
}

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args);
  if (command.outcome === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (command.outcome === "refused") {
    say(`${command.message}\nSee npm run noop -- --help`);
    return 2;
  }
  try {
    await consume(command.kinsumer, command.hasToCreate);
    return 0;
  } catch (error) {
    say(wordsOf(error));
    return 1;
  }
}

async function consume(kinsumer: Kinsumer, hasToCreate: boolean): Promise<void> {
  const counter = new Counter();
  let isStopping = false;
  onInterruption(() => {
    isStopping = true;
    void kinsumer.stop();
  });
  try {
    if (hasToCreate) await kinsumer.createRequiredTables();
    await kinsumer.run();
    counter.start();
    for await (const _ of kinsumer) counter.count++;
    await kinsumer.stop();
  } catch (error) {
    if (!isStopping || !isStopped(error)) throw error;
  } finally {
    counter.stop();
  }
}

/** Whether it was stopped before it ran. */
function isStopped(error: unknown): boolean {
  return error instanceof KinsumerError && ["NotRunning", "AlreadyRunning"].includes(error.code);
}

/** Shows a running count once a second: in one line on a terminal, in one each elsewhere. */
class Counter {
  count = 0;
  readonly #isTerminal = process.stdout.isTTY === true;
  readonly #startMs = performance.now();
  #shownCount = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  start(): void {
    this.#timer = setInterval(() => this.#show(), 1000);
  }

  stop(): void {
    if (this.#timer === undefined) return; // it never ran
    clearInterval(this.#timer);
    const time = seconds(performance.now() - this.#startMs);
    const start = this.#isTerminal ? "\r\x1b[K" : "";
    process.stdout.write(`${start}Consumed ${grouped(this.count)} records in ${time}\n`);
  }

  #show(): void {
    const line = `${grouped(this.count)} records, ${
      grouped(this.count - this.#shownCount)
    } a second`;
    this.#shownCount = this.count;
    process.stdout.write(this.#isTerminal ? `\r${line}\x1b[K` : `${line}\n`);
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof KinsumerError && error.code === "TableNotFound"
    ? " (--create-tables creates them)"
    : "";
  return error.message + hint;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

process.exitCode = await main(process.argv.slice(2));
