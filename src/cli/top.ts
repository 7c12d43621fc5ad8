/**
 * `kinsumer top`: looks at a fleet again and again.
 *
 * @module
 */

import type { Call, Command } from "./command.ts";
import { FLEET_OPTIONS, NO_LAG } from "./common_options.ts";
import { readTarget, streamNameOf } from "./environment.ts";
import { type FleetFacts, gatherFacts, type LookRequest } from "./fleet_facts.ts";
import { type FleetView, viewFleet } from "./fleet_view.ts";
import { readKeys, Screen } from "./screen.ts";
import { columnsOf, type Shell, writeLines } from "./shell.ts";
import { type Choice, type Order, ORDERS, press, topLines } from "./top_view.ts";
import { History } from "./trend.ts";
import { openWorld, type World } from "./world.ts";

/** The command. */
export const TOP: Command = {
  name: "top",
  summary: "Shows a fleet live, with the lag of each shard over time.",
  about: [
    "What `status` shows, again and again, and for each shard its pace (seconds of the stream " +
    "processed in a second: below 1 the lag grows) and its lag over time. A client is silent when " +
    "its row stood still for the age that it declares.",
    "Keys: s, l, o, a sort by shard, lag, owner or age of the checkpoint; r reverses; f shows and " +
    "hides finished shards; q or Ctrl-C ends. Where stdout is no terminal each look is printed below " +
    "the one before it; with --json, as one line of JSON.",
    "Each look reads one record of each shard. At the default of 3 s that is a third of a read a " +
    "second, which `throttleDelayMs` ≥ 50 + 200 × applications leaves free; --no-lag reads none.",
  ],
  options: {
    ...FLEET_OPTIONS,
    "interval": { value: "SECONDS", help: "from one look to the next, 1 to 3600", default: "3" },
    "sort": { value: "COLUMN", help: `one of ${ORDERS.join(", ")}`, default: "shard" },
    "count": { value: "N", help: "end after so many looks" },
    "no-lag": NO_LAG,
  },
  examples: [
    ["top --stream orders --application billing", "live, until q"],
    [
      "top -s orders -a billing --sort lag --interval 10",
      "the shards that are furthest behind first",
    ],
    ["top -s orders -a billing --json --count 20 > looks.jsonl", "twenty looks for later"],
  ],
  problem: "the last look showed a problem, or failed",
  run: top,
};

/** One running `top`. */
interface Session {
  readonly world: World;
  readonly shell: Shell;
  readonly request: LookRequest;
  readonly history: History;
  readonly intervalMs: number;
  readonly count: number;
  readonly show: (view: FleetView, choice: Choice) => Promise<void>;
}

async function top({ args, shell }: Call): Promise<number> {
  const request = {
    streamName: streamNameOf(args),
    applicationName: args.required("application"),
    hasLag: !args.has("no-lag"),
  };
  const intervalMs = args.secondsAsMs("interval", { min: 1, max: 3600 });
  const order: Order = args.choice("sort", ORDERS);
  const count = args.text("count") === undefined
    ? Number.POSITIVE_INFINITY
    : args.count("count", { min: 1, max: 1_000_000 });
  const world = openWorld(readTarget(args, shell.env));
  const history = new History();
  const isJson = args.has("json");
  const screen = shell.isTerminal && !isJson ? new Screen(shell) : undefined;
  const show = async (view: FleetView, choice: Choice): Promise<void> => {
    const { columns } = shell;
    const sentenceColumns = columnsOf(shell);
    const { trends } = history;
    if (isJson) return await shell.write(`${JSON.stringify(view)}\n`);
    const lines = topLines(view, { choice, columns, sentenceColumns, trends, intervalMs });
    await (screen === undefined
      ? writeLines(shell, [...lines.slice(0, -2), []])
      : screen.show(lines));
  };
  const session = { world, shell, request, history, intervalMs, count, show };
  try {
    return await loop(session, { order, isReversed: false, hasFinished: false });
  } finally {
    await screen?.leave();
  }
}

/** @returns the exit code */
async function loop(session: Session, first: Choice): Promise<number> {
  const { shell, world: { clock }, history, intervalMs, count, show } = session;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  shell.signal.addEventListener("abort", end, { once: true });
  let choice = first;
  let view: FleetView | undefined;
  const stopReading = readKeys((key) => {
    const next = press(choice, key);
    if (next === "quit") return end();
    choice = next;
    if (view !== undefined) void show(view, choice);
  });
  try {
    for (let looks = 1; !ending.signal.aborted; looks++) {
      const startMs = clock.monotonicMs();
      const facts = await look(session, ending.signal);
      if (facts === undefined) break;
      history.sight(facts);
      view = viewFleet(facts, history.sightings);
      history.add(view);
      await show(view, choice);
      if (looks >= count) break;
      await clock.sleep(Math.max(0, intervalMs - (clock.monotonicMs() - startMs)), ending.signal);
    }
    return view === undefined || view.problems.length === 0 ? 0 : 1;
  } finally {
    stopReading();
    shell.signal.removeEventListener("abort", end);
  }
}

/** Ends with nothing where the user does not want to wait for it. */
async function look(session: Session, signal: AbortSignal): Promise<FleetFacts | undefined> {
  try {
    return await gatherFacts(session.world, session.request, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
