/**
 * One client that is to stop under a fault, and says how long it took and what it left behind.
 *
 * Prints `ready` when it has consumed something; at the first line of its standard input it stops,
 * prints a {@link StopReport} as JSON, and ends when nothing holds the process any more.
 *
 * @module
 */

import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Kinsumer, type KinsumerOptions } from "../../mod.ts";

/** What the probe found. */
export interface StopReport {
  readonly stopMs: number;
  /** Timers and sockets that were still there a moment after `stop()` had resolved. */
  readonly left: readonly string[];
}

/** What the probe is told; handed over as JSON on the command line. */
export interface StopProbeSettings {
  readonly options: KinsumerOptions;
  readonly deadlineMs: number;
  /** It never asks for the next record. */
  readonly holdsRecord: boolean;
}

const LOOK_INTERVAL_MS = 50;
const PATIENCE_MS = 1_000;

const settings = JSON.parse(process.argv[2] ?? "{}") as StopProbeSettings;
const told = new Promise<void>((resolve) => process.stdin.once("data", () => resolve()));
process.stdin.once("end", () => process.exit(1)); // the parent is gone
const before = resources();
const kinsumer = new Kinsumer(settings.options);
await kinsumer.createRequiredTables();
await kinsumer.run();
const consuming = settings.holdsRecord ? hold() : consume();
await told;
const startMs = performance.now();
await kinsumer.stop({ deadlineMs: settings.deadlineMs });
const stopMs = performance.now() - startMs;
await consuming;
const left = await whatIsLeft();
process.stdin.removeAllListeners("end");
process.stdin.destroy();
process.stdout.write(`${JSON.stringify({ stopMs, left } satisfies StopReport)}\n`);

async function hold(): Promise<void> {
  await kinsumer.next();
  process.stdout.write("ready\n");
}

async function consume(): Promise<void> {
  let count = 0;
  for await (const _ of kinsumer) if (count++ === 0) process.stdout.write("ready\n");
}

async function whatIsLeft(): Promise<readonly string[]> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = resources();
    for (const each of before) {
      const place = found.indexOf(each);
      if (place >= 0) found.splice(place, 1);
    }
    if (found.length === 0 || performance.now() > untilMs) return found;
    await sleep(LOOK_INTERVAL_MS);
  }
}

/** What holds the process, but for the pipes to its parent. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|FSReq|Immediate/.test(name));
}
