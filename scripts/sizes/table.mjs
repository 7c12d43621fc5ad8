/**
 * Holds measured sizes to the budget, and writes and reads the table of them in the documents.
 *
 * @module
 */

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number} [gzipBytes] bundled, minified and gzipped
 * @property {import("./measure.mjs").Installed} [installed]
 * @property {number} [downloadBytes] the packages as they travel
 * @property {number} [jars]
 */

const KILO = 1000;
const MEGA = 1_000_000;

/** What must not be exceeded. */
const BUDGETS = {
  /** The door for isolates, whole. */
  edge: 20.5 * KILO,
  runOnce: 20.7 * KILO,
  /** The stream and the checkpoints alone. */
  ports: 9.2 * KILO,
  /** What npm downloads: it and aws4fetch. */
  downloadBytes: 300 * KILO,
  /** The same, unpacked. */
  installedBytes: MEGA,
  installedPackages: 2,
};

/** What a row is called in the documents. */
const NAMES = {
  edge: "`kinsumer/edge`, all of it",
  runOnce: "`runOnce` of it",
  ports: "`openStream` and `openCheckpoints` of it",
  whole: "`Kinsumer` of `kinsumer`, with OpenTelemetry's API",
  sdk: "AWS SDK v3: `GetRecords`, `GetShardIterator`, `UpdateItem`",
  lifion: "lifion-kinesis",
  kcl: "aws-kcl",
};

/** A figure of the documents may be off by so much: the sources change more often than it. */
const TOLERANCE = 0.05;

const BEGIN = "<!-- sizes: npm run sizes -- --write -->";
const END = "<!-- /sizes -->";

/**
 * @param {readonly Row[]} rows
 * @returns {string[]} what is too large, one line each
 */
export function findBudgetProblems(rows) {
  const of = (/** @type {string} */ name) => rows.find((row) => row.name === name);
  const { downloadBytes = Infinity, installed } = of("whole") ?? {};
  const measured = {
    edge: of("edge")?.gzipBytes ?? Infinity,
    runOnce: of("runOnce")?.gzipBytes ?? Infinity,
    ports: of("ports")?.gzipBytes ?? Infinity,
    downloadBytes,
    installedBytes: installed?.bytes ?? Infinity,
    installedPackages: installed?.packages ?? Infinity,
  };
  return Object.entries(BUDGETS).flatMap(([name, budget]) => {
    const found = measured[/** @type {keyof typeof BUDGETS} */ (name)];
    return found <= budget ? [] : [`${name}: ${found}, the budget is ${budget}`];
  });
}

/**
 * @param {string} page
 * @param {readonly Row[]} rows
 * @returns {string[]} where the table does not say what was measured, one line each
 */
export function findTableProblems(page, rows) {
  const lines = page.split(BEGIN)[1]?.split(END)[0]?.split("\n") ?? [];
  return rows.flatMap((row) => {
    const label = NAMES[/** @type {keyof typeof NAMES} */ (row.name)];
    const line = lines.find((each) => each.startsWith(`| ${label} |`));
    if (line === undefined) return [`docs/edge.md has no row "${label}"`];
    const said = numbersOf(line.slice(label.length + 4));
    const wanted = numbersOf(lineOf(row).slice(label.length + 4));
    const isTrue = said.length === wanted.length &&
      said.every((number, index) => isNear(number, wanted[index] ?? NaN));
    return isTrue
      ? []
      : [`docs/edge.md says "${line}", measured is "${lineOf(row)}": npm run sizes -- --write`];
  });
}

/**
 * @param {string} page
 * @param {readonly Row[]} rows
 * @returns {string} the page with this table
 */
export function writeTable(page, rows) {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`The page has no place for the table: ${BEGIN}`);
  const head = "| | bundled, minified, gzip | installed |\n|---|---|---|";
  return `${before}${BEGIN}\n${head}\n${rows.map(lineOf).join("\n")}\n${END}${after}`;
}

/** @param {Row} row */
function lineOf({ name, gzipBytes, installed, jars }) {
  const label = NAMES[/** @type {keyof typeof NAMES} */ (name)];
  const bundled = gzipBytes === undefined ? "–" : `${(gzipBytes / KILO).toFixed(1)} kB`;
  const files = installed === undefined
    ? "–"
    : `${installed.packages} packages, ${(installed.bytes / MEGA).toFixed(1)} MB`;
  const more = jars === undefined ? "" : `, and ${jars} jars that it downloads for Java`;
  return `| ${label} | ${bundled} | ${files}${more} |`;
}

/** @param {string} text */
function numbersOf(text) {
  return (text.match(/\d+(\.\d+)?/g) ?? []).map(Number);
}

/**
 * @param {number} said
 * @param {number} measured
 */
function isNear(said, measured) {
  return Math.abs(said - measured) <= Math.max(TOLERANCE * measured, 0.1);
}
