/**
 * The ring of tests that needs a container engine: `npm run containers`. The local Kinesis in a
 * container must do on Node, Deno and Bun what it does embedded, and leave no container behind.
 *
 * Where no engine answers, one is started for the time being; where that cannot be done, it says so
 * loudly, and what was not checked.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import { LABEL } from "../../testing/backends/image.ts";
import { currentRuntime, ROOT, type RuntimeName, RUNTIMES, scriptArgs } from "../runtimes.mjs";
import { compareRuns } from "../suite/compare.mjs";
import { type Run, runSuite } from "../suite/runners.mjs";
import { startLocalKinesis } from "../../testing/local_kinesis.ts";
import { runChild } from "../child.mjs";
import { provideBaseImage } from "./base_image.ts";
import { containersWith, type Engine, openEngine } from "./engine.ts";
import { reportTimes } from "./report_times.ts";

const TESTS = ["scripts/engine/container_tests.ts"];
const LABELS = [LABEL, "org.testcontainers"];

/** @returns the exit code */
async function main(): Promise<number> {
  // From Deno or Bun the ring runs on that runtime alone, which is there already.
  const runtimes = currentRuntime() === "node" ? RUNTIMES : [currentRuntime()];
  const engine = await openEngine();
  if ("why" in engine) {
    print(
      `SKIPPED the container ring on ${runtimes.join(", ")}: ${engine.why}.`,
    );
    print(
      "Not checked: the backend container of startLocalKinesis(), its image, its leaks.",
    );
    print("0 passed, 0 failed, 1 skipped");
    return 0;
  }
  try {
    return await runRing(engine, runtimes);
  } finally {
    await engine.stop();
  }
}

async function runRing(
  engine: Engine,
  runtimes: readonly RuntimeName[],
): Promise<number> {
  process.env["DOCKER_HOST"] = engine.place;
  print(
    `The engine at ${engine.place}, ${engine.isOwn ? "started for this" : "found"}`,
  );
  if (engine.isOwn) print(`Base image: ${provideBaseImage(engine.docker)}`);
  const before = await labelled(engine);
  const runs: Run[] = [];
  for (const runtime of runtimes) {
    print(`\n== ${runtime}`);
    runs.push(await runSuite(runtime, TESTS));
  }
  const others = await runOthers();
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
  const failed = count("failed") + problems.length + others.failed;
  const passed = count("passed") + (left.length === 0 ? 1 : 0) + others.passed;
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** What is asked of a container once, whatever runtime asks. */
async function runOthers(): Promise<Tally> {
  print("\n== the container's answers");
  const answers = await askContainer();
  print("\n== starts and stops");
  const times = await reportTimes(["embedded", "kinesis-mock", "container"]);
  return {
    passed: answers.passed + times.passed,
    failed: answers.failed + times.failed,
  };
}

/** Whether the servers behave in a container as the table of docs/local-servers.md says. */
async function askContainer(): Promise<Tally> {
  const local = await startLocalKinesis({
    backend: "container",
    faults: false,
  });
  try {
    const program = join(ROOT, "scripts", "conformance", "main.ts");
    const args = [
      ...scriptArgs(currentRuntime(), program),
      "--only",
      "kinesalite,dynalite",
    ];
    const env = {
      ...process.env,
      KINSUMER_KINESIS_ENDPOINT: local.kinesisEndpoint,
      KINSUMER_DYNAMODB_ENDPOINT: local.dynamodbEndpoint,
    };
    const { code, output } = await runChild(process.execPath, args, {
      env,
      isQuiet: true,
    });
    print(output.trimEnd());
    const [, passed = "0", failed = "0"] = /^(\d+) passed, (\d+) failed/m.exec(output) ?? [];
    const isTold = Number(failed) > 0 || (code === 0 && Number(passed) > 0);
    return { passed: Number(passed), failed: isTold ? Number(failed) : 1 };
  } finally {
    await local.stop();
  }
}

async function labelled({ place }: Engine): Promise<readonly string[]> {
  const found = await Promise.all(
    LABELS.map((label) => containersWith(place, label)),
  );
  return [...new Set(found.flat())];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
