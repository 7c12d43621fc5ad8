/**
 * Runs the suite on one runtime, and tells what was executed and what else went wrong.
 *
 * @module
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { runChild } from "../child.mjs";
import { nodeTypescriptArgs, ROOT, runtimePath } from "../runtimes.mjs";
import { readBunReport, readDenoReport } from "./results.mjs";

/** @typedef {import("../runtimes.mjs").RuntimeName} RuntimeName */
/** @typedef {import("./results.mjs").TestResult} TestResult */

/**
 * @typedef {object} Run
 * @property {RuntimeName} runtime
 * @property {TestResult[]} tests
 * @property {string[]} problems what went wrong beside failing tests
 * @property {number} durationMs
 * @property {boolean} isInterrupted
 */

const TIMEOUT_MS = 20 * 60 * 1000;

/** Bun alone limits each test, to 5 s unless told. */
const BUN_TEST_TIMEOUT_MS = 120_000;

/**
 * @typedef {object} Place where a run leaves what it found
 * @property {string} report
 * @property {string} guardLog
 */

/**
 * @typedef {object} Runner
 * @property {(files: readonly string[], place: Place) => string[]} args
 * @property {(text: string) => { tests: TestResult[], problems?: string[] }} read
 * @property {(chunk: string) => string} [filter]
 */

/** @type {Readonly<Record<RuntimeName, Runner>>} */
const RUNNERS = {
  node: {
    args: (files) => [
      ...nodeTypescriptArgs(),
      "--test",
      "--test-reporter=./scripts/suite/node_reporter.mjs",
      "--test-reporter-destination=stdout",
      ...files,
    ],
    read: readNodeReport,
  },
  deno: {
    args: (files, { report }) => [
      "test",
      "-A",
      "--no-check",
      "--preload=./scripts/toolchain/deno_guard.ts",
      "--reporter=dot",
      `--junit-path=${report}`,
      ...files,
    ],
    read: (xml) => ({ tests: readDenoReport(xml) }),
    filter: joinMarks,
  },
  bun: {
    args: (files, { report }) => [
      "test",
      "--dots",
      `--timeout=${BUN_TEST_TIMEOUT_MS}`,
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      // Without "./" Bun takes a path for a filter, and finds more than was asked for.
      ...files.map((file) => isAbsolute(file) ? file : `./${file}`),
    ],
    read: (xml) => ({ tests: readBunReport(xml) }),
  },
};

/**
 * @typedef {object} RunOptions
 * @property {boolean} [isQuiet] shows nothing
 * @property {number} [timeoutMs]
 * @property {(chunk: string) => void} [onOutput] takes what would be shown
 */

/**
 * @param {RuntimeName} runtime
 * @param {readonly string[]} files
 * @param {RunOptions} [options]
 * @returns {Promise<Run>}
 */
export async function runSuite(runtime, files, options = {}) {
  const { isQuiet = false, timeoutMs = TIMEOUT_MS, onOutput } = options;
  const folder = mkdtempSync(join(tmpdir(), "kinsumer-test-"));
  const place = { report: join(folder, "report"), guardLog: join(folder, "guard.log") };
  const { args, read, filter } = RUNNERS[runtime];
  const startMs = Date.now();
  try {
    const end = await runChild(runtimePath(runtime), args(files, place), {
      cwd: ROOT,
      env: environment(place),
      timeoutMs,
      isQuiet,
      ...(onOutput ? { filter: diverted(onOutput, filter) } : filter && { filter }),
    });
    const { tests, problems = [] } = read(textOf(place.report));
    if (problems.length === 0) {
      problems.push(...problemsOf(end, { tests, guardLog: textOf(place.guardLog) }));
    }
    const { isInterrupted } = end;
    return { runtime, tests, problems, durationMs: Date.now() - startMs, isInterrupted };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {(chunk: string) => void} onOutput
 * @param {(chunk: string) => string} [filter]
 * @returns {(chunk: string) => string}
 */
function diverted(onOutput, filter = (chunk) => chunk) {
  return (chunk) => {
    onOutput(filter(chunk));
    return "";
  };
}

/** @param {Place} place */
function environment({ report, guardLog }) {
  const isPlain = !process.stdout.isTTY && process.env["FORCE_COLOR"] === undefined;
  // A test of this very module runs inside of Node's runner, which must not be inherited.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  return {
    ...inherited,
    ...(isPlain && { NO_COLOR: "1" }),
    KINSUMER_REPORT: report,
    KINSUMER_GUARD_LOG: guardLog,
    DENO_NO_UPDATE_CHECK: "1",
  };
}

/** @param {string} path */
function textOf(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/**
 * @param {string} text
 * @returns {{ tests: TestResult[], problems: string[] }}
 */
function readNodeReport(text) {
  /** @type {import("./node_reporter.mjs").Results} */
  const results = text === "" ? { tests: [], empty: [], crashed: [], stuck: [] } : JSON.parse(text);
  const { tests, empty, crashed, stuck } = results;
  return {
    tests,
    problems: [
      ...empty.map((file) => `"${file}" has no test`),
      ...crashed.map((file) => `"${file}" broke outside of its tests`),
      ...stuck.map((file) => `"${file}" does not end: a test hangs, or something holds it open`),
    ],
  };
}

/**
 * @param {import("../child.mjs").ChildEnd} end
 * @param {{ tests: readonly TestResult[], guardLog: string }} found
 * @returns {string[]}
 */
function problemsOf(end, { tests, guardLog }) {
  const hasFailures = tests.some(({ status }) => status === "failed");
  if (end.isTimedOut) {
    return ["ran too long and was killed: a test hangs, or holds the process open"];
  }
  if (guardLog !== "") return [`an error escaped from the tests: ${guardLog.trim()}`];
  if (end.code !== 0 && !hasFailures) {
    return [`ended with exit code ${end.code}, though no test failed`];
  }
  if (end.code === 0 && hasFailures) return ["ended with exit code 0, though tests failed"];
  return tests.length === 0 ? ["left no report, or an empty one: no test was executed"] : [];
}

/**
 * Deno prints each mark on a line of its own where the output is no terminal.
 *
 * @param {string} chunk
 */
function joinMarks(chunk) {
  // deno-lint-ignore no-control-regex
  return chunk.replace(/^((?:\x1b\[[\d;]*m)*[.,!](?:\x1b\[[\d;]*m)*)\n/gm, "$1");
}
