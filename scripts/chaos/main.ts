/**
 * The chaos run: a fleet of processes under fire, and an account of every record.
 *
 *     npm run chaos -- --help
 *
 * @module
 */

import process from "node:process";
import { onInterruption } from "../../src/cli/interruption.ts";
import { currentRuntime, type RuntimeName, runtimePath, RUNTIMES } from "../runtimes.mjs";
import { type ChaosSettings, HELP, readCommand } from "./arguments.ts";
import { play } from "./play.ts";
import { judge, type Verdict } from "./verdict.ts";
import { isGood, toJson, toTable } from "./report.ts";
import { probeStops } from "./stop_probes.ts";
import { World } from "./world.ts";

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args, Math.floor(Math.random() * 2 ** 31));
  if (command.outcome === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (command.outcome === "refused") {
    process.stderr.write(`${command.message}\nSee npm run chaos -- --help\n`);
    return 2;
  }
  return await show(command.settings);
}

async function show(settings: ChaosSettings): Promise<number> {
  const out = settings.isJson ? process.stderr : process.stdout;
  const startMs = performance.now();
  const say = (text: string): void => {
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    out.write(`${seconds.padStart(7)} s  ${text}\n`);
  };
  const interruption = new AbortController();
  let interruptedCode = 0;
  onInterruption((exitCode) => {
    interruptedCode = exitCode;
    interruption.abort();
  });
  try {
    const verdict = await run(settings, say, interruption.signal);
    out.write(toTable(verdict));
    if (settings.isJson) process.stdout.write(`${toJson(verdict)}\n`);
    return isGood(verdict) ? 0 : 1;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    out.write("Interrupted: clients and servers are stopped\n");
    return interruptedCode;
  }
}

async function run(
  settings: ChaosSettings,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Verdict> {
  say(`seed ${settings.seed}: --seed ${settings.seed} chooses the same blows again`);
  const startMs = performance.now();
  const world = await World.open({ settings, runtimes: availableRuntimes(say), say });
  const abandon = (): void => world.abandon();
  process.on("exit", abandon);
  try {
    const blows = await play(world, signal);
    const probes = await probeStops(world, signal);
    const shards = await world.streams.shards(world.streamName);
    const seconds = Math.round((performance.now() - startMs) / 100) / 10;
    const verdict = judge(world, { blows, probes, shards, seconds });
    if (!isGood(verdict)) say(`the journal is kept: ${world.keepEvidence()}`);
    return verdict;
  } finally {
    await world.close();
    process.off("exit", abandon);
  }
}

/** Node, Deno and Bun; what is not installed is missed loudly. */
function availableRuntimes(say: (text: string) => void): readonly RuntimeName[] {
  return RUNTIMES.filter((runtime: RuntimeName) => {
    try {
      return runtimePath(runtime) !== "";
    } catch (error) {
      say(`!!! NO CLIENT ON ${runtime.toUpperCase()}: ${(error as Error).message}`);
      return runtime === currentRuntime();
    }
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`The chaos run failed: ${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
}
