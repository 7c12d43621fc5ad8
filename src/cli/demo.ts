/**
 * `kinsumer demo`: a small fleet in this process, on local servers, watched as `top` watches one.
 *
 * @module
 */

import { openStreams, type Streams } from "../../testing/mod.ts";
import { Kinsumer } from "../kinsumer.ts";
import type { Call, Command } from "./command.ts";
import { JSON_OUTPUT } from "./common_options.ts";
import { isGood, Tally, type Verdict } from "./demo_tally.ts";
import type { Target } from "./environment.ts";
import { gatherFacts } from "./fleet_facts.ts";
import { viewFleet } from "./fleet_view.ts";
import { startServers } from "./local.ts";
import { Screen } from "./screen.ts";
import { type Shell, writeJson, writeLines } from "./shell.ts";
import { grouped, type Line, span } from "./spans.ts";
import { topLines } from "./top_view.ts";
import { History } from "./trend.ts";
import { openWorld } from "./world.ts";

/** The command. */
export const DEMO: Command = {
  name: "demo",
  summary: "Shows a small fleet at work on local servers, and accounts for every record.",
  about: [
    "Starts a local Kinesis and DynamoDB in this process, puts records, and consumes them by a fleet: " +
    "two clients start, a third joins, a shard is split, a client stops. At the end every record is " +
    "accounted for. Needs kinesalite and dynalite beside kinsumer, and no account.",
  ],
  options: {
    "seconds": { value: "N", help: "how long, 5 to 600", default: "20" },
    "shards": {
      value: "N",
      help: "how many shards the stream has at first, 1 to 32",
      default: "6",
    },
    json: { ...JSON_OUTPUT, help: "print the account as one JSON document" },
  },
  examples: [
    ["demo", "twenty seconds of a fleet's life"],
    ["demo --seconds 60 --shards 12", "longer, and wider"],
  ],
  problem: "a record was lost, came twice or out of order",
  run: demo,
};

const STREAM_NAME = "demo";
const APPLICATION_NAME = "demo";
const LOOK_INTERVAL_MS = 500;
const PUT_INTERVAL_MS = 100;
const RECORDS_EACH = 20;
const DRAIN_MS = 30_000;

/** Faster than the defaults, so that there is something to see. */
const PACE = {
  shardCheckIntervalMs: 300,
  leaderActionIntervalMs: 600,
  clientRecordMaxAgeMs: 3_000,
  commitIntervalMs: 300,
  throttleDelayMs: 200,
} as const;

async function demo({ args, shell }: Call): Promise<number> {
  const durationMs = args.count("seconds", { min: 5, max: 600 }) * 1000;
  const shardCount = args.count("shards", { min: 1, max: 32 });
  const { stop: stopServers, ...local } = await startServers({});
  const streams = openStreams(local);
  const fleet = new DemoFleet({ ...local, credentialsSource: "local" }, streams);
  const screen = shell.isTerminal && !args.has("json") ? new Screen(shell) : undefined;
  try {
    await streams.create(STREAM_NAME, { shardCount });
    await fleet.join("A");
    await fleet.join("B");
    const watching = screen === undefined ? undefined : watch(fleet, screen, shell);
    await play(fleet, { durationMs, shell, isSilent: screen !== undefined || args.has("json") });
    fleet.isOver = true;
    await watching;
  } finally {
    fleet.isOver = true;
    await fleet.close();
    await stopServers();
    await screen?.leave();
  }
  const { verdict } = fleet.tally;
  if (args.has("json")) await writeJson(shell, verdict);
  else await writeLines(shell, verdictLines(verdict));
  return isGood(verdict) ? 0 : 1;
}

/** The clients, and what they did. */
class DemoFleet {
  readonly target: Target;
  readonly streams: Streams;
  readonly tally: Tally = new Tally();
  headline = "Two clients share the stream";
  isOver = false;
  readonly #clients = new Map<string, Kinsumer>();

  constructor(target: Target, streams: Streams) {
    this.target = target;
    this.streams = streams;
  }

  async join(name: string): Promise<void> {
    const { credentialsSource: _, ...target } = this.target;
    const client = new Kinsumer({
      ...target,
      ...PACE,
      streamName: STREAM_NAME,
      applicationName: APPLICATION_NAME,
      clientName: name,
    });
    this.#clients.set(name, client);
    await client.createRequiredTables();
    await client.run();
    void this.#consume(client);
  }

  async leave(name: string): Promise<void> {
    await this.#clients.get(name)?.stop();
  }

  /** Splits the first open shard. */
  async split(): Promise<void> {
    const open = (await this.streams.shards(STREAM_NAME)).find((shard) =>
      shard.endingSequenceNumber === undefined
    );
    if (open !== undefined) await this.streams.split(STREAM_NAME, open.shardId);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.stop()));
  }

  async #consume(client: Kinsumer): Promise<void> {
    for await (const record of client) this.tally.consumed(record);
  }
}

async function play(
  fleet: DemoFleet,
  { durationMs, shell, isSilent }: {
    readonly durationMs: number;
    readonly shell: Shell;
    readonly isSilent: boolean;
  },
): Promise<void> {
  const { clock } = openWorld(fleet.target);
  const startMs = clock.monotonicMs();
  const elapsed = (): number => clock.monotonicMs() - startMs;
  const scenes: [atMs: number, headline: string, act: () => Promise<void>][] = [
    [0, "Two clients share the stream", () => Promise.resolve()],
    [
      durationMs * 0.25,
      "A third client joins: a share of the shards moves to it",
      () => fleet.join("C"),
    ],
    [
      durationMs * 0.5,
      "A shard is split: its children wait until it is processed",
      () => fleet.split(),
    ],
    [durationMs * 0.75, "Client B stops: the others take its shards", () => fleet.leave("B")],
  ];
  const acting: Promise<void>[] = [];
  let made = 0;
  while (elapsed() < durationMs) {
    shell.signal.throwIfAborted();
    while (scenes[0] !== undefined && scenes[0][0] <= elapsed()) {
      const [, headline, act] = scenes.shift()!;
      fleet.headline = headline;
      if (!isSilent) {
        await shell.write(`${(elapsed() / 1000).toFixed(1).padStart(6)} s  ${headline}\n`);
      }
      acting.push(act());
    }
    const records = Array.from({ length: RECORDS_EACH }, () => {
      made++;
      return { partitionKey: `key ${made % 997}`, data: `record ${made}` };
    });
    fleet.tally.produced(await fleet.streams.put(STREAM_NAME, records));
    await clock.sleep(PUT_INTERVAL_MS, shell.signal);
  }
  await Promise.all(acting);
  fleet.headline = "The last records are processed";
  const untilMs = elapsed() + DRAIN_MS;
  while (!fleet.tally.isComplete && elapsed() < untilMs) {
    shell.signal.throwIfAborted();
    await clock.sleep(PUT_INTERVAL_MS, shell.signal);
  }
}

async function watch(fleet: DemoFleet, screen: Screen, shell: Shell): Promise<void> {
  const world = openWorld(fleet.target);
  const history = new History();
  const request = { streamName: STREAM_NAME, applicationName: APPLICATION_NAME, hasLag: true };
  const choice = { order: "shard", isReversed: false, hasFinished: true } as const;
  while (!fleet.isOver && !shell.signal.aborted) {
    const facts = await gatherFacts(world, request, shell.signal).catch(() => undefined);
    if (facts === undefined) return;
    history.sight(facts);
    const view = viewFleet(facts, history.sightings);
    history.add(view);
    const { columns } = shell;
    const lines = topLines(view, {
      choice,
      columns,
      trends: history.trends,
      intervalMs: LOOK_INTERVAL_MS,
    });
    await screen.show([
      [span("▶ ", "yellow"), span(fleet.headline, "bold")],
      [],
      ...lines.slice(0, -2),
    ]);
    await world.clock.sleep(LOOK_INTERVAL_MS, shell.signal);
  }
}

function verdictLines(verdict: Verdict): readonly Line[] {
  const row = (name: string, count: number): Line => [
    span(` ${name.padEnd(13)}`),
    span(grouped(count).padStart(9), "bold"),
  ];
  const isFine = isGood(verdict);
  return [
    [
      span(isFine ? " ✓ " : " ✗ ", isFine ? "green" : "red"),
      span(isFine ? "Every record came, in order, and none twice" : "Something is wrong", "bold"),
    ],
    [],
    row("produced", verdict.produced),
    row("consumed", verdict.consumed),
    row("lost", verdict.lost),
    row("twice", verdict.twice),
    row("out of order", verdict.outOfOrder),
  ];
}
