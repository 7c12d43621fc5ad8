// Contract: docs/observability.md is what the sources say (that clients do as it says is the contract
// of scripts/observability/coverage_test.ts); the dashboard and the Collector's configuration are
// well-formed, and ask only for metrics and attributes that there are.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ATTRIBUTES, METRICS } from "../../src/telemetry/names.ts";
import { read } from "./markdown.mjs";
import { observabilityPage } from "./observability_page.ts";
import { parseYaml, type YamlNode } from "./yaml.ts";

describe("docs/observability.md", () => {
  it("is what the sources say: npm run docs:observability writes it", () => {
    assert.equal(read("docs/observability.md"), observabilityPage());
  });

  it("leaves no entry without words", () => {
    const empty = observabilityPage().split("\n").filter((line) => /^\| .*\|\s+\|/.test(line));
    assert.deepEqual(empty, []);
  });
});

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
  readonly refId: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets: readonly Target[];
}

/** A name as Prometheus has it, with `add_metric_suffixes: false`. */
const inPrometheus = (name: string): string => name.replaceAll(".", "_");

const SERIES: ReadonlyMap<string, string> = new Map(
  Object.values(METRICS).map(({ kind, name }) => [
    kind === "histogram" ? `${inPrometheus(name)}_bucket` : inPrometheus(name),
    name,
  ]),
);
const LABELS: ReadonlySet<string> = new Set(["le", ...Object.values(ATTRIBUTES).map(inPrometheus)]);
const WORDS: ReadonlySet<string> = new Set(
  "by increase rate sum max or vector histogram_quantile label_values".split(" "),
);

/** What a query names that there is not. */
function unknownIn(expression: string): readonly string[] {
  const bare = expression.replace(/"[^"]*"/g, '""').replace(/\[[^\]]*\]/g, "");
  const labels = [...bare.matchAll(/(\w+)=~?""/g)].map((match) => match[1] ?? "");
  const grouped = [...bare.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) =>
    (match[1] ?? "").split(",").map((each) => each.trim())
  );
  const rest = bare.replace(/\{[^}]*\}/g, "").replace(/\bby \([^)]*\)/g, "");
  const names = [...rest.matchAll(/[a-z_]\w*/gi)].map((match) => match[0]);
  return [
    ...[...labels, ...grouped].filter((label) => !LABELS.has(label)),
    ...names.filter((name) => !SERIES.has(name) && !WORDS.has(name) && !LABELS.has(name)),
  ];
}

function isBalanced(expression: string): boolean {
  const open: string[] = [];
  const pairs: Readonly<Record<string, string>> = { ")": "(", "}": "{", "]": "[" };
  for (const sign of expression.replace(/"[^"]*"/g, "")) {
    if ("({[".includes(sign)) open.push(sign);
    else if (sign in pairs && open.pop() !== pairs[sign]) return false;
  }
  return open.length === 0;
}

describe("the Grafana dashboard", () => {
  const dashboard: {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly definition?: string }[] };
  } = JSON.parse(read("docs/observability/grafana-dashboard.json"));
  const targets = dashboard.panels.flatMap((panel) => panel.targets);

  it("asks only for metrics and attributes that there are", () => {
    const asked = [
      ...targets.map(({ expr }) => expr),
      ...dashboard.templating.list.flatMap(({ definition = [] }) => definition),
    ];
    assert.ok(asked.length > 20, `${asked.length} queries`);
    for (const expression of asked) {
      assert.deepEqual(unknownIn(expression), [], expression);
      assert.ok(isBalanced(expression), expression);
    }
    for (const { legendFormat } of targets) {
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "");
      assert.deepEqual(labels.filter((label) => !LABELS.has(label)), [], legendFormat);
    }
  });

  it("would be found out", () => {
    assert.deepEqual(unknownIn('sum by (le, x) (rate(kinsumer_nothing{y=~"$z"}[5m]))'), [
      "y",
      "x",
      "kinsumer_nothing",
    ]);
    assert.equal(isBalanced("sum(rate(x[5m])"), false);
  });

  it("shows every metric", () => {
    const asked = targets.map(({ expr }) => expr).join("\n");
    const missing = [...SERIES.keys()].filter((name) => !new RegExp(`\\b${name}\\b`).test(asked));
    assert.deepEqual(missing, []);
  });

  it("has panels and queries that are told apart", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { targets, title } of dashboard.panels) {
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    }
  });
});

describe("the Collector's configuration", () => {
  it("leads what is received through what is defined", () => {
    const found = parseYaml(read("docs/observability/collector.yaml")) as Record<string, YamlNode>;
    assert.deepEqual(Object.keys(found), ["receivers", "processors", "exporters", "service"]);
    const { pipelines } = found["service"] as Record<string, Record<string, YamlNode>>;
    assert.deepEqual(Object.keys(pipelines ?? {}), ["metrics", "traces"]);
    for (const [name, pipeline] of Object.entries(pipelines ?? {})) {
      for (const part of ["receivers", "processors", "exporters"]) {
        const used = (pipeline as Record<string, readonly string[]>)[part] ?? [];
        assert.ok(used.length > 0, `${name} has no ${part}`);
        const defined = Object.keys(found[part] as Record<string, YamlNode>);
        assert.deepEqual(used.filter((each) => !defined.includes(each)), [], `${name}: ${part}`);
      }
    }
    const exporters = found["exporters"] as Record<string, Record<string, YamlNode>>;
    assert.equal(
      exporters["prometheus"]?.["add_metric_suffixes"],
      "false",
      "as the dashboard asks",
    );
  });

  it("would be found out", () => {
    assert.throws(() => parseYaml("a:\n\tb: 1\n"), /line 2/);
    assert.throws(() => parseYaml("a:\n    b: 1\n  c: 2\n"), /line 3/);
    assert.throws(() => parseYaml("a: 1\na: 2\n"), /line 2/);
    assert.throws(() => parseYaml("words\n"), /line 1/);
  });
});
