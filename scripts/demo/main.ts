/**
 * The demo: shows how a fleet shares a stream while clients come, go and die and shards split and
 * merge, and accounts for every record at the end.
 *
 *     npm run demo -- --help
 *
 * @module
 */

import process from "node:process";
import { currentRuntime } from "../runtimes.mjs";
import { takeAccount } from "./account.ts";
import { type DemoSettings, HELP, readCommand } from "./arguments.ts";
import { Board } from "./board.ts";
import { Demo } from "./demo.ts";
import { createDisplay, type Display, toText } from "./display.ts";
import { onInterruption } from "../../src/cli/interruption.ts";
import { play } from "./scenario.ts";
import { grouped } from "../../src/cli/spans.ts";
import { isGood, toBox, toJson, type Verdict } from "./verdict.ts";

const FRAME_INTERVAL_MS = 100;

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args);
  if (command.outcome === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (command.outcome === "refused") {
    process.stderr.write(`${command.message}\nSee npm run demo -- --help\n`);
    return 2;
  }
  return await show(command.settings);
}

async function show(settings: DemoSettings): Promise<number> {
  const terminal = settings.isJson ? process.stderr : process.stdout;
  const display = createDisplay(terminal, settings);
  const interruption = new AbortController();
  let interruptedCode = 0;
  onInterruption((exitCode) => {
    interruptedCode = exitCode;
    interruption.abort();
  });
  process.on("exit", () => display.end());
  const board = new Board({ title: titleOf(settings), total: settings.records, nowMs: Date.now() });
  try {
    const verdict = await run(settings, board, { display, signal: interruption.signal });
    display.end();
    if (settings.isJson) process.stdout.write(`${toJson(verdict)}\n`);
    else process.stdout.write(toText(toBox(verdict), process.stdout));
    return isGood(verdict) ? 0 : 1;
  } catch (error) {
    display.end();
    if (!interruption.signal.aborted) throw error;
    process.stderr.write("Interrupted: clients and servers are stopped\n");
    return interruptedCode;
  }
}

async function run(
  settings: DemoSettings,
  board: Board,
  { display, signal }: { readonly display: Display; readonly signal: AbortSignal },
): Promise<Verdict> {
  const demo = await Demo.open(settings, board);
  const abandon = () => demo.abandon();
  process.on("exit", abandon);
  const timer = setInterval(() => {
    demo.update();
    display.show(board);
  }, FRAME_INTERVAL_MS);
  try {
    const failOver = await play(demo, signal);
    demo.update();
    const shards = await demo.streams.shards(demo.streamName);
    const account = takeAccount({ produced: demo.producer.records, entries: demo.entries, shards });
    display.show(board);
    const { rebalances, shardMoves } = board;
    return {
      account,
      failOver,
      elapsedMs: board.elapsedMs(Date.now()),
      rebalances,
      shardMoves,
      clients: demo.clientCount,
      shards: shards.length,
      runtime: runtimeInWords(),
      problems: demo.problems,
    };
  } finally {
    clearInterval(timer);
    await demo.close();
    process.off("exit", abandon);
  }
}

function titleOf({ clients, records, shards }: DemoSettings): string {
  return `${shards} shards, ${clients} clients, ${grouped(records)} records, ${runtimeInWords()}`;
}

function runtimeInWords(): string {
  const runtime = currentRuntime();
  return `${runtime} ${process.versions[runtime]}`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`The demo failed: ${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
}
