/**
 * Holds the Grafana dashboard to PromQL and to the metrics that there are: each query is parsed by
 * Prometheus' own grammar; it names only metrics of docs/observability.md, as the Collector's example
 * hands them to Prometheus, by labels that these have; counters are rated and gauges are not.
 *
 *     node scripts/checks/queries.mjs
 *
 * @module
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { inTicks, read, table } from "../docs/markdown.mjs";
import { TOOLCHAIN } from "../runtimes.mjs";
import { reportProblems } from "./report.mjs";

const DASHBOARD = "docs/observability/grafana-dashboard.json";
const METRICS = "docs/observability.md";

/** @typedef {{ readonly kind: string, readonly labels: ReadonlySet<string> }} Series */
/** @typedef {{ readonly where: string, readonly text: string }} Query */

/** @type {{ parse(text: string): { iterate(visitor: { enter(node: SyntaxNode): void }): void } }} */
const parser = createRequire(join(TOOLCHAIN, "package.json"))("@prometheus-io/lezer-promql").parser;

/**
 * @typedef {object} SyntaxNode
 * @property {string} name
 * @property {number} from
 * @property {number} to
 * @property {{ readonly isError: boolean }} type
 * @property {{ readonly parent: { readonly name: string, readonly parent: SyntaxNode["node"]["parent"] } | null }} node
 */

/** @param {string} name as Prometheus has it, with `add_metric_suffixes: false` */
function inPrometheus(name) {
  return name.replaceAll(".", "_");
}

/** @returns {ReadonlyMap<string, Series>} by the name that Prometheus has */
export function documentedSeries() {
  const common = [
    "messaging.system",
    "messaging.destination.name",
    "messaging.consumer.group.name",
  ];
  return new Map(
    table(METRICS, "metric").flatMap(([name = "", kind = "", , by = ""]) => {
      const series = inPrometheus(inTicks(name)[0] ?? "");
      const labels = [...common, ...inTicks(by)].map(inPrometheus);
      if (kind !== "histogram") return [[series, { kind, labels: new Set(labels) }]];
      const parts = { bucket: [...labels, "le"], count: labels, sum: labels };
      return Object.entries(parts).map(([part, own]) => [
        `${series}_${part}`,
        { kind: "counter", labels: new Set(own) },
      ]);
    }),
  );
}

/** @returns {Query[]} what the dashboard asks */
export function dashboardQueries() {
  const { panels, templating } = JSON.parse(read(DASHBOARD));
  return [
    ...panels.flatMap((/** @type {any} */ { title, targets }) =>
      targets.map((/** @type {any} */ { expr }) => ({ where: `panel "${title}"`, text: expr }))
    ),
    ...templating.list.flatMap((/** @type {any} */ { definition, name, query }) =>
      definition === undefined
        ? []
        : [definition, query.query].map((text) => ({ where: `variable "${name}"`, text }))
    ),
  ];
}

/**
 * @param {Query} query
 * @param {ReadonlyMap<string, Series>} series
 * @returns {string[]} what is wrong with it, one line each
 */
export function problemsOf({ where, text }, series) {
  const values = /^label_values\((.*), *(\w+)\)$/.exec(text);
  // Grafana puts its variables in before Prometheus sees the query.
  const whole = (values?.[1] ?? text).replace(/\$__(rate_interval|interval|range)\b/g, "5m");
  /** @type {Series[]} */
  const asked = [];
  /** @type {string[]} */
  const labels = values?.[2] === undefined ? [] : [values[2]];
  /** @type {Set<string>} */
  const problems = new Set();
  parser.parse(whole).iterate({
    enter: (node) => {
      const word = whole.slice(node.from, node.to);
      if (node.type.isError) problems.add(`is not PromQL at character ${node.from + 1}`);
      else if (node.name === "LabelName") labels.push(word);
      else if (node.name === "Identifier") {
        const found = series.get(word);
        if (found === undefined) problems.add(`asks for "${word}", which there is not`);
        else asked.push(found);
        const isRange = node.node.parent?.parent?.name === "MatrixSelector";
        const isMisread = values === null && found !== undefined &&
          isRange !== (found.kind === "counter");
        if (isMisread) problems.add(`takes "${word}" for ${isRange ? "a counter" : "a gauge"}`);
      }
    },
  });
  if (asked.length === 0) problems.add("asks for no metric");
  for (const label of labels) {
    const isKnown = asked.every((each) => each.labels.has(label));
    if (!isKnown) problems.add(`asks by "${label}", which the metric has not`);
  }
  return [...problems].map((problem) => `${where}: ${problem}: ${text}`);
}

/** @returns {string[]} what is wrong, one line each */
export function findQueryProblems() {
  const [queries, series] = [dashboardQueries(), documentedSeries()];
  const asked = queries.map(({ text }) => text).join("\n");
  // Of a histogram its buckets are enough.
  const unasked = [...series.keys()].filter((name) =>
    !/_(sum|count)$/.test(name) && !new RegExp(`\\b${name}\\b`).test(asked)
  );
  return [
    ...queries.flatMap((query) => problemsOf(query, series)),
    ...unasked.map((name) => `${DASHBOARD}: shows no "${name}"`),
  ];
}

reportProblems(import.meta.url, findQueryProblems);
