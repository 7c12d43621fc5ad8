/**
 * `kinsumer noop`: consumes a stream and does nothing with its records but count them.
 *
 * @module
 */

import { KinsumerError } from "../errors.ts";
import { Kinsumer } from "../kinsumer.ts";
import { connectStatsd, type StatsdOptions } from "../statsd/connect.ts";
import { type Call, type Command, UsageError } from "./command.ts";
import { APPLICATION, JSON_OUTPUT, STREAM } from "./common_options.ts";
import { AWS_OPTIONS, readTarget, streamNameOf } from "./environment.ts";
import type { Shell } from "./shell.ts";
import { grouped, seconds } from "./spans.ts";

/** The command. */
export const NOOP: Command = {
  name: "noop",
  summary: "Joins a fleet as a client that only counts the records.",
  about: [
    "A real client, with checkpoints: for trying a stream, permissions and throughput out, and for " +
    "seeing a fleet at work with `status` and `top`. Ctrl-C or SIGTERM stops it in order. Give it an " +
    "application of its own: what it consumes is processed.",
  ],
  options: {
    stream: STREAM,
    application: { ...APPLICATION, default: "noop" },
    "create-tables": { help: "create the tables where they do not exist" },
    ...AWS_OPTIONS,
    "statsd-host-port": {
      value: "HOST:PORT",
      help: "send the Go library's statistics there; needs the package hot-shots",
    },
    "statsd-prefix": { value: "PREFIX", help: "what their names begin with" },
    json: { ...JSON_OUTPUT, help: "print each count as one JSON object a line" },
  },
  examples: [
    ["noop --stream orders --create-tables", "count what is in the stream"],
    ["noop -s orders -a trial --json | jq .records", "for a script"],
  ],
  problem: "the client could not start, or could not go on",
  run: noop,
};

async function noop({ args, shell }: Call): Promise<number> {
  const server = statsdServer(args.text("statsd-host-port"), args.text("statsd-prefix"));
  const streamName = streamNameOf(args);
  const { credentialsSource: _, ...target } = readTarget(args, shell.env);
  const statsd = server && await connectStatsd(server);
  const kinsumer = new Kinsumer({
    ...(target.streamArn === undefined ? { streamName } : {}),
    applicationName: args.required("application"),
    onEvent: (event) => event.type === "failed" && shell.say(`Failed: ${wordsOf(event.error)}`),
    statsReceiver: statsd?.receiver,
    ...target,
  });
  try {
    await consume(kinsumer, {
      shell,
      hasToCreate: args.has("create-tables"),
      isJson: args.has("json"),
    });
  } finally {
    await statsd?.close();
  }
  return 0;
}

/** Where the statistics go, if anywhere. */
function statsdServer(
  hostPort: string | undefined,
  prefix: string | undefined,
): StatsdOptions | undefined {
  if (hostPort === undefined) {
    if (prefix === undefined) return undefined;
    throw new UsageError("--statsd-prefix needs --statsd-host-port");
  }
  const [, host = "", digits = ""] = /^(.+):(\d{1,5})$/.exec(hostPort) ?? [];
  const port = Number(digits);
  if (host !== "" && port >= 1 && port <= 65_535) return { host, port, prefix };
  throw new UsageError(`--statsd-host-port must be HOST:PORT, got "${hostPort}"`);
}

async function consume(
  kinsumer: Kinsumer,
  { shell, hasToCreate, isJson }: {
    readonly shell: Shell;
    readonly hasToCreate: boolean;
    readonly isJson: boolean;
  },
): Promise<void> {
  const counter = new Counter(shell, isJson);
  const stop = (): void => void kinsumer.stop();
  shell.signal.addEventListener("abort", stop, { once: true });
  try {
    if (hasToCreate) await kinsumer.createRequiredTables();
    await kinsumer.run();
    counter.start();
    for await (const _ of kinsumer) counter.count++;
    await kinsumer.stop();
  } catch (error) {
    if (!shell.signal.aborted || !isStopped(error)) throw error;
  } finally {
    shell.signal.removeEventListener("abort", stop);
    await counter.stop();
  }
}

/** Whether it was stopped before it ran. */
function isStopped(error: unknown): boolean {
  return error instanceof KinsumerError && ["NotRunning", "AlreadyRunning"].includes(error.code);
}

/** Shows a running count once a second: in one line on a terminal, in one each elsewhere. */
class Counter {
  count = 0;
  readonly #shell: Shell;
  readonly #isJson: boolean;
  #startMs = 0;
  #shownCount = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(shell: Shell, isJson: boolean) {
    this.#shell = shell;
    this.#isJson = isJson;
  }

  start(): void {
    this.#startMs = performance.now();
    this.#timer = setInterval(() => this.#show(), 1000);
  }

  async stop(): Promise<void> {
    if (this.#timer === undefined) return; // it never ran
    clearInterval(this.#timer);
    const elapsedMs = Math.round(performance.now() - this.#startMs);
    const start = this.#isInPlace ? "\r\x1b[K" : "";
    const words = `Consumed ${grouped(this.count)} records in ${seconds(elapsedMs)}`;
    const json = JSON.stringify({ records: this.count, elapsedMs });
    await this.#shell.write(this.#isJson ? `${json}\n` : `${start}${words}\n`);
  }

  get #isInPlace(): boolean {
    return this.#shell.isTerminal && !this.#isJson;
  }

  #show(): void {
    const perSecond = this.count - this.#shownCount;
    this.#shownCount = this.count;
    const words = `${grouped(this.count)} records, ${grouped(perSecond)} a second`;
    const json = JSON.stringify({ records: this.count, perSecond });
    void this.#shell.write(
      this.#isJson ? `${json}\n` : this.#isInPlace ? `\r${words}\x1b[K` : `${words}\n`,
    );
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
