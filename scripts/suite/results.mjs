/**
 * Reads what a runner reported, as one list of executed tests, so that runtimes can be compared.
 * A test is an `it` or a top-level `test`; a `describe` is only a part of its name.
 *
 * @module
 */

/**
 * @typedef {object} TestResult
 * @property {string} name with the names of its suites: `suite > test`
 * @property {"passed" | "failed" | "skipped"} status
 */

/** Between a suite and its tests, in every report. */
export const SEPARATOR = " > ";

const TAG = /<(\/?)(testsuites?|testcase|failure|error|skipped)\b((?:[^>"]|"[^"]*")*?)(\/?)>/g;

/**
 * @param {string} xml Bun's JUnit report: one element per file, in it one per suite
 * @returns {TestResult[]}
 */
export function readBunReport(xml) {
  return readJunit(xml).map(({ path, name, status }) => ({
    name: [...path.slice(1), name].join(SEPARATOR),
    status,
  }));
}

/**
 * Deno reports a `describe` as one more test, and its tests as steps with the full name.
 *
 * @param {string} xml Deno's JUnit report
 * @returns {TestResult[]}
 */
export function readDenoReport(xml) {
  const tests = readJunit(xml);
  const suites = new Set(tests.flatMap(({ name }) => prefixes(name)));
  return tests.filter(({ name }) => !suites.has(name))
    .map(({ name, status }) => ({ name, status }));
}

/** @param {string} name */
function prefixes(name) {
  const parts = name.split(SEPARATOR);
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(SEPARATOR));
}

/**
 * @typedef {object} JunitTest
 * @property {string[]} path the elements around it, outermost first
 * @property {string} name
 * @property {"passed" | "failed" | "skipped"} status
 */

/**
 * @param {string} xml
 * @returns {JunitTest[]}
 */
function readJunit(xml) {
  /** @type {JunitTest[]} */
  const tests = [];
  /** @type {string[]} */
  const path = [];
  for (const [, close, tag, attributes = "", selfClose] of xml.matchAll(TAG)) {
    if (tag === "testsuite") {
      if (close) path.pop();
      else if (!selfClose) path.push(nameIn(attributes));
    } else if (tag === "testcase" && !close) {
      tests.push({ path: [...path], name: nameIn(attributes), status: "passed" });
    } else if (tag === "failure" || tag === "error" || tag === "skipped") {
      const last = tests.at(-1);
      if (last !== undefined && !close) last.status = tag === "skipped" ? "skipped" : "failed";
    }
  }
  return tests;
}

const ENTITIES = new Map([["lt", "<"], ["gt", ">"], ["amp", "&"], ["quot", '"'], ["apos", "'"]]);

/** @param {string} attributes */
function nameIn(attributes) {
  const raw = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? "";
  return raw.replace(/&(#x?)?(\w+);/g, (whole, number, text) => {
    if (number === undefined) return ENTITIES.get(text) ?? whole;
    return String.fromCodePoint(parseInt(text, number === "#x" ? 16 : 10));
  });
}
