/**
 * A reporter for Node's test runner: shows one mark per test and every failure as it comes, and
 * writes all results as JSON into the file named by `KINSUMER_REPORT`.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import process from "node:process";
import { inspect } from "node:util";
import { SEPARATOR } from "./results.mjs";

const MARKS = { passed: ".", failed: "!", skipped: "," };

/** A file that gives no result for so long is taken for stuck; the other runtimes limit it alike. */
const STUCK_MS = 120_000;

/** @typedef {{ tests: TestResult[], empty: string[], crashed: string[], stuck: string[] }} Results */
/** @typedef {import("./results.mjs").TestResult} TestResult */

/**
 * @param {AsyncIterable<{ type: string, data: any }>} source the runner's events
 * @returns {AsyncGenerator<string>} what is shown
 */
export default async function* report(source) {
  /** @type {string[]} */
  let path = [];
  /** @type {Results} */
  const results = { tests: [], empty: [], crashed: [], stuck: [] };
  const watch = new Watch(results);
  for await (const { type, data } of source) {
    watch.note(type, data);
    if (type === "test:start") path = [...path.slice(0, data.nesting), data.name];
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const name = [...path.slice(0, data.nesting), data.name].join(SEPARATOR);
    if (isFile(data)) {
      (type === "test:pass" ? results.empty : results.crashed).push(local(data.name));
    } else if (data.details?.type !== "suite") {
      const status = statusOf(type, data);
      results.tests.push({ name, status });
      yield MARKS[status];
    }
    if (type === "test:fail") yield failure(name, data);
  }
  yield "\n";
  watch.stop();
  write(results);
}

/**
 * Ends the run when nothing happens any more: a test file that holds its own process open would hold
 * up all others until the time of the whole run is over.
 */
class Watch {
  /** @type {Set<string>} */
  #running = new Set();
  /** @type {NodeJS.Timeout} */
  #timer;

  /** @param {Results} results */
  constructor(results) {
    this.#timer = setTimeout(() => {
      write({ ...results, stuck: [...this.#running] });
      process.exit(1); // what the stuck file started goes with our process group
    }, STUCK_MS);
  }

  /**
   * @param {string} type
   * @param {any} data
   */
  note(type, data) {
    this.#timer.refresh();
    if (data === undefined || !isFile(data)) return;
    if (type === "test:dequeue") this.#running.add(local(data.name));
    if (type === "test:complete") this.#running.delete(local(data.name));
  }

  stop() {
    clearTimeout(this.#timer);
  }
}

/** @param {Results} results */
function write(results) {
  writeFileSync(process.env["KINSUMER_REPORT"] ?? "", JSON.stringify(results));
}

/**
 * The runner reports a file as a test of its own where it has no test, or broke outside of its tests.
 *
 * @param {any} data
 */
function isFile(data) {
  const isTop = data.nesting === 0 && data.file !== undefined && data.name !== undefined;
  return isTop && local(data.name) === local(data.file);
}

/** @param {string} path */
function local(path) {
  return relative(process.cwd(), path);
}

/**
 * @param {string} type
 * @param {any} data
 * @returns {"passed" | "failed" | "skipped"}
 */
function statusOf(type, data) {
  const isSet = (/** @type {unknown} */ mark) => mark !== undefined && mark !== false;
  if (isSet(data.skip) || isSet(data.todo)) return "skipped";
  return type === "test:pass" ? "passed" : "failed";
}

/**
 * @param {string} name
 * @param {any} data
 */
function failure(name, data) {
  const error = data.details?.error;
  if (error?.failureType === "subtestsFailed") return "";
  const reason = inspect(error?.cause ?? error, { colors: process.env["NO_COLOR"] === undefined });
  const place = data.line === undefined ? "" : ` (${local(data.file)}:${data.line})`;
  return `\nFAILED ${name}${place}\n${reason}\n`;
}
