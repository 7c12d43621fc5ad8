/**
 * Runs the one suite on the system's Node and on the toolchain's Deno and Bun.
 *
 *     npm test -- [--runtime node,deno,bun] [--only part-of-a-path]
 *
 * From Deno or Bun (`deno task test`, `bun run test`) it runs on that runtime alone.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import process from "node:process";
import { parseArgs } from "node:util";
import { currentRuntime, ROOT, runtimePath, RUNTIMES } from "./runtimes.mjs";
import { compareRuns } from "./suite/compare.mjs";
import { findTests } from "./suite/files.mjs";
import { runSuite } from "./suite/runners.mjs";

/** @typedef {import("./runtimes.mjs").RuntimeName} RuntimeName */
/** @typedef {import("./suite/runners.mjs").Run} Run */

const PROGRESS_INTERVAL_MS = 15_000;

/** @returns {{ runtimes: RuntimeName[], only: string }} */
function readArgs() {
  const here = currentRuntime();
  const { values } = parseArgs({
    options: {
      runtime: { type: "string", default: here === "node" ? RUNTIMES.join(",") : here },
      only: { type: "string", default: "" },
    },
  });
  const asked = values.runtime.split(",");
  const unknown = asked.find((name) => !RUNTIMES.some((runtime) => runtime === name));
  if (unknown !== undefined) {
    throw new TypeError(`Unknown runtime "${unknown}": one of ${RUNTIMES}`);
  }
  return { runtimes: RUNTIMES.filter((runtime) => asked.includes(runtime)), only: values.only };
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const { runtimes, only } = readArgs();
  const files = findTests(ROOT, only);
  if (files.length === 0) {
    print(`No test file has "${only}" in its path\n0 passed, 1 failed`);
    return 1;
  }
  for (const runtime of runtimes) print(`${versionOf(runtime)}: ${files.length} test files`);
  const [alone] = runtimes;
  const runs = alone !== undefined && runtimes.length === 1
    ? [await runSuite(alone, files)]
    : await runSideBySide(runtimes, files);
  if (runs.some(({ isInterrupted }) => isInterrupted)) return 130;
  return summarize(runs);
}

/**
 * The suite waits more than it works, so the runtimes run at once. What each of them says is shown
 * when it has ended.
 *
 * @param {readonly RuntimeName[]} runtimes
 * @param {readonly string[]} files
 * @returns {Promise<Run[]>}
 */
async function runSideBySide(runtimes, files) {
  /** @type {Map<RuntimeName, string>} */
  const said = new Map(runtimes.map((runtime) => [runtime, ""]));
  const showProgress = () => {
    const counts = [...said].map(([runtime, text]) => `${runtime} ${countMarks(text)}`);
    print(`tests so far: ${counts.join(", ")}`);
  };
  const progress = setInterval(showProgress, PROGRESS_INTERVAL_MS);
  try {
    return await Promise.all(runtimes.map(async (runtime) => {
      const onOutput = (/** @type {string} */ chunk) => {
        said.set(runtime, said.get(runtime) + chunk);
      };
      const run = await runSuite(runtime, files, { onOutput });
      print(`\n${runtime} has ended:\n${said.get(runtime)}`);
      return run;
    }));
  } finally {
    clearInterval(progress);
  }
}

/** @param {string} text */
function countMarks(text) {
  let count = 0;
  for (const line of text.split("\n")) {
    if (/^[.,!\s]*$/.test(line)) count += line.replace(/\s/g, "").length;
  }
  return count;
}

/** @param {readonly Run[]} runs */
function summarize(runs) {
  const own = runs.flatMap((run) => run.problems.map((problem) => `${run.runtime}: ${problem}`));
  const problems = [...own, ...compareRuns(runs)];
  print("");
  for (const line of skipped(runs)) print(line);
  print(["runtime".padEnd(16), "passed", " failed", " skipped", "     time"].join(""));
  for (const run of runs) print(row(run));
  print("");
  for (const problem of problems) print(`PROBLEM ${problem}`);
  const passed = total(runs, "passed");
  const failed = total(runs, "failed") + problems.length;
  const left = total(runs, "skipped");
  print(`${passed} passed, ${failed} failed${left > 0 ? `, ${left} skipped` : ""}`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** @param {readonly Run[]} runs */
function skipped(runs) {
  /** @type {Map<string, string[]>} */
  const runtimesByName = new Map();
  for (const { runtime, tests } of runs) {
    for (const { name, status } of tests) {
      if (status === "skipped") {
        runtimesByName.set(name, [...runtimesByName.get(name) ?? [], runtime]);
      }
    }
  }
  return [...runtimesByName].map(([name, runtimes]) =>
    `SKIPPED on ${runtimes.join(", ")}: ${name}`
  );
}

/** @param {Run} run */
function row(run) {
  return [
    versionOf(run.runtime).padEnd(16),
    String(total([run], "passed")).padStart(6),
    String(total([run], "failed")).padStart(7),
    String(total([run], "skipped")).padStart(8),
    `${(run.durationMs / 1000).toFixed(1)} s`.padStart(9),
  ].join("");
}

/**
 * @param {readonly Run[]} runs
 * @param {"passed" | "failed" | "skipped"} status
 */
function total(runs, status) {
  return runs.flatMap((run) => run.tests).filter((test) => test.status === status).length;
}

/** @param {RuntimeName} runtime */
function versionOf(runtime) {
  const output = execFileSync(runtimePath(runtime), ["--version"], { encoding: "utf8" });
  return `${runtime} ${/\d+\.\d+\.\d+/.exec(output)?.[0] ?? "?"}`;
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
