/**
 * Compares what the runtimes executed: a runner that leaves tests out must not look green.
 *
 * @module
 */

/** @typedef {import("./runners.mjs").Run} Run */

const SHOWN_NAMES = 10;

/**
 * Holds each run against the one that executed most.
 *
 * @param {readonly Pick<Run, "runtime" | "tests">[]} runs
 * @returns {string[]} one problem per runtime that executed another number of tests
 */
export function compareRuns(runs) {
  const largest = runs.reduce((most, run) => (run.tests.length > most.tests.length ? run : most));
  return runs.filter((run) => run.tests.length !== largest.tests.length).map((run) => {
    const missing = difference(names(largest), names(run));
    const extra = difference(names(run), names(largest));
    return [
      `${run.runtime} executed ${run.tests.length} tests, ${largest.runtime} ${largest.tests.length}` +
      " (to skip, mark the test itself, not its suite; no subtests inside a test)",
      ...list(`  only on ${largest.runtime}`, missing),
      ...list(`  only on ${run.runtime}`, extra),
    ].join("\n");
  });
}

/** @param {Pick<Run, "tests">} run */
function names({ tests }) {
  return tests.map(({ name }) => name);
}

/**
 * @param {readonly string[]} all
 * @param {readonly string[]} without each entry takes one equal name away
 * @returns {string[]}
 */
function difference(all, without) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const name of without) counts.set(name, (counts.get(name) ?? 0) + 1);
  return all.filter((name) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count - 1);
    return count <= 0;
  });
}

/**
 * @param {string} label
 * @param {readonly string[]} found
 */
function list(label, found) {
  const shown = found.slice(0, SHOWN_NAMES).map((name) => `${label}: ${name}`);
  const rest = found.length - shown.length;
  return rest > 0 ? [...shown, `${label}: ${rest} more`] : shown;
}
