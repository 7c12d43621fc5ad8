/**
 * Measures cold starts: from the first import to the first answer of GetRecords, beside the AWS SDK,
 * on Node, Deno and Bun.
 *
 *     npm run cold-start [-- --starts 9]
 *
 * @module
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs, promisify } from "node:util";
import { Kinsumer } from "../../mod.ts";
import { openTestEnvironment } from "../../testing/environment.ts";
import { runChild } from "../child.mjs";
import { ROOT, type RuntimeName, runtimePath, RUNTIMES, scriptArgs } from "../runtimes.mjs";

/** What is started, and what it does. */
const SUBJECTS: Readonly<Record<string, string>> = {
  sdk: "AWS SDK v3: GetShardIterator, GetRecords",
  ports: "kinsumer/edge, openStream: the same two requests",
  edge: "kinsumer/edge, runOnce: joins, captures, reads the first record",
  whole: "kinsumer, runOnce: the same",
};

interface Times {
  readonly importMs: number;
  readonly wholeMs: number;
}

const PROGRAM = join(ROOT, "scripts", "sizes", "cold_start_subject.mjs");
const START_TIMEOUT_MS = 30_000;

async function start(runtime: RuntimeName, subject: string, options: object): Promise<Times> {
  const args = [...scriptArgs(runtime, PROGRAM), subject, JSON.stringify(options)];
  const { stdout } = await promisify(execFile)(runtimePath(runtime), args, {
    cwd: ROOT,
    timeout: START_TIMEOUT_MS,
  });
  return JSON.parse(stdout) as Times;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
}

/** Starts each subject in turn, again and again, so that what slows the machine slows all. */
async function measure(
  runtime: RuntimeName,
  starts: number,
  optionsOf: () => Promise<object>,
): Promise<ReadonlyMap<string, Times>> {
  const times = new Map<string, Times[]>(Object.keys(SUBJECTS).map((name) => [name, []]));
  for (let round = -1; round < starts; round++) { // the first warms the disk's cache, and counts not
    for (const [name, list] of times) {
      const time = await start(runtime, name, await optionsOf());
      if (round >= 0) list.push(time);
    }
  }
  return new Map([...times].map(([name, list]) => [name, {
    importMs: median(list.map((each) => each.importMs)),
    wholeMs: median(list.map((each) => each.wholeMs)),
  }]));
}

function printTimes(runtime: RuntimeName, times: ReadonlyMap<string, Times>): void {
  const sdk = times.get("sdk");
  print(`\n${runtime}`);
  for (const [name, { importMs, wholeMs }] of times) {
    const ratio = (of: keyof Times, ms: number) => `${(ms / (sdk?.[of] ?? NaN)).toFixed(2)} ×`;
    const facts = [
      `import ${importMs.toFixed(0).padStart(5)} ms  ${ratio("importMs", importMs)}`,
      `to the first answer ${wholeMs.toFixed(0).padStart(5)} ms  ${ratio("wholeMs", wholeMs)}`,
    ];
    print(`  ${facts.join("    ")}    ${SUBJECTS[name]}`);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { starts: { type: "string", default: "9" }, runtime: { type: "string" } },
  });
  const starts = Number(values.starts);
  const wanted = values.runtime?.split(",") ?? RUNTIMES;
  if (!existsSync(join(ROOT, "dist", "edge.js"))) {
    const { code } = await runChild(process.execPath, [join(ROOT, "scripts", "build.mjs")], {
      cwd: ROOT,
    });
    if (code !== 0) return code;
  }
  const environment = await openTestEnvironment();
  try {
    const streamName = environment.uniqueName("cold");
    await environment.streams.create(streamName, { shardCount: 1 });
    await environment.streams.put(streamName, [{ partitionKey: "a", data: "1" }]);
    print(`Milliseconds, medians of ${starts} starts, and ratios to the AWS SDK's`);
    for (const runtime of RUNTIMES.filter((each: RuntimeName) => wanted.includes(each))) {
      const times = await measure(runtime, starts, async () => {
        const applicationName = environment.uniqueName("cold");
        const options = { ...environment.clientOptions(), streamName, applicationName };
        await new Kinsumer(options).createRequiredTables();
        return options;
      });
      printTimes(runtime, times);
    }
    return 0;
  } finally {
    await environment.cleanUp();
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
