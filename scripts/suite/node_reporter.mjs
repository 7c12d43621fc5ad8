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

/**
 * @param {AsyncIterable<{ type: string, data: any }>} source the runner's events
 * @returns {AsyncGenerator<string>} what is shown
 */
export default async function* report(source) {
  const paths = new Paths();
  /** @type {{ tests: import("./results.mjs").TestResult[], empty: string[], crashed: string[] }} */
  const results = { tests: [], empty: [], crashed: [] };
  for await (const { type, data } of source) {
    if (type === "test:start") paths.enter(data);
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const name = paths.nameOf(data);
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
  writeFileSync(process.env["KINSUMER_REPORT"] ?? "", JSON.stringify(results));
}

/** The names of the suites around a test: the runner tells only how deep it is. */
class Paths {
  /** @type {Map<string, string[]>} */
  #namesByFile = new Map();

  /** @param {{ file?: string, nesting: number, name: string }} data */
  enter({ file = "", nesting, name }) {
    const names = this.#namesByFile.get(file) ?? [];
    this.#namesByFile.set(file, [...names.slice(0, nesting), name]);
  }

  /** @param {{ file?: string, nesting: number, name: string }} data */
  nameOf({ file = "", nesting, name }) {
    const names = this.#namesByFile.get(file) ?? [];
    return [...names.slice(0, nesting), name].join(SEPARATOR);
  }
}

/**
 * The runner reports a file as a test of its own where it has no test, or broke outside of its tests.
 *
 * @param {any} data
 */
function isFile(data) {
  return data.nesting === 0 && data.file !== undefined && local(data.name) === local(data.file);
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
