/**
 * The ring of tests that needs a container engine: `npm run containers`. The local Kinesis in a
 * container must do on Node, Deno and Bun what it does embedded, and leave no container behind.
 *
 * Where no engine answers, one is started for the time being; where that cannot be done, it says so
 * loudly, and what was not checked.
 *
 * @module
 */

import process from "node:process";
import { LABEL } from "../../testing/backends/image.ts";
import { currentRuntime, type RuntimeName, RUNTIMES } from "../runtimes.mjs";
import { compareRuns } from "../suite/compare.mjs";
import { type Run, runSuite } from "../suite/runners.mjs";
import { provideBaseImage } from "./base_image.ts";
import { containersWith, type Engine, openEngine } from "./engine.ts";

const TESTS = ["scripts/engine/container_tests.ts"];
const LABELS = [LABEL, "org.testcontainers"];

/** @returns the exit code */
async function main(): Promise<number> {
  // From Deno or Bun the ring runs on that runtime alone, which is there already.
  const runtimes = currentRuntime() === "node" ? RUNTIMES : [currentRuntime()];
  const engine = await openEngine();
  if ("why" in engine) {
    print(`SKIPPED the container ring on ${runtimes.join(", ")}: ${engine.why}.`);
    print("Not checked: the backend container of startLocalKinesis(), its image, its leaks.");
    print("0 passed, 0 failed, 1 skipped");
    return 0;
  }
  try {
    return await runRing(engine, runtimes);
  } finally {
    await engine.stop();
  }
}

async function runRing(engine: Engine, runtimes: readonly RuntimeName[]): Promise<number> {
  process.env["DOCKER_HOST"] = engine.place;
  print(`The engine at ${engine.place}, ${engine.isOwn ? "started for this" : "found"}`);
  if (engine.isOwn) print(`Base image: ${provideBaseImage(engine.docker)}`);
  const before = await labelled(engine);
  const runs: Run[] = [];
  for (const runtime of runtimes) {
    print(`\n== ${runtime}`);
    runs.push(await runSuite(runtime, TESTS));
  }
  const left = (await labelled(engine)).filter((each) => !before.includes(each));
  const problems = [
    ...runs.flatMap(({ runtime, problems }) =>
      problems.map((each: string) => `${runtime} ${each}`)
    ),
    ...compareRuns(runs),
    ...left.map((each) => `a container is left: ${each}`),
  ];
  print("");
  for (const problem of problems) print(`PROBLEM: ${problem}`);
  if (left.length === 0) print("No container is left");
  const tests = runs.flatMap((run) => run.tests);
  const count = (status: string): number => tests.filter((each) => each.status === status).length;
  const failed = count("failed") + problems.length;
  print(`${count("passed") + (left.length === 0 ? 1 : 0)} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function labelled({ place }: Engine): Promise<readonly string[]> {
  const found = await Promise.all(LABELS.map((label) => containersWith(place, label)));
  return [...new Set(found.flat())];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
