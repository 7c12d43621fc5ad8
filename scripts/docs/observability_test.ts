// Contract: docs/observability.md is what the sources say (that clients do as it says is the contract
// of scripts/observability/coverage_test.ts); the dashboard is well-formed; the Collector's
// configuration has components that there are, with settings that they have, and wires them all.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ATTRIBUTES } from "../../src/telemetry/names.ts";
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
  readonly legendFormat: string;
  readonly refId: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets: readonly Target[];
}

/** As Prometheus has them, with `add_metric_suffixes: false`. */
const LABELS: ReadonlySet<string> = new Set(
  Object.values(ATTRIBUTES).map((name) => name.replaceAll(".", "_")),
);

// Its queries are checked by Prometheus' own grammar: scripts/checks/queries.mjs.
describe("the Grafana dashboard", () => {
  const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(
    read("docs/observability/grafana-dashboard.json"),
  );

  it("names its lines by attributes that there are", () => {
    for (const { legendFormat } of panels.flatMap(({ targets }) => targets)) {
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "");
      assert.deepEqual(labels.filter((label) => !LABELS.has(label)), [], legendFormat);
    }
  });

  it("has panels and queries that are told apart", () => {
    const ids = panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { targets, title } of panels) {
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    }
  });
});

/** A component's settings, as far as an example may use them. */
type Settings = { readonly [name: string]: Settings | true };

const SERVER: Settings = { endpoint: true };
/** From the Collector's own documentation of each. */
const COMPONENTS: Readonly<Record<string, Settings>> = {
  receivers: { otlp: { protocols: { grpc: SERVER, http: SERVER } } },
  processors: {
    memory_limiter: { check_interval: true, limit_mib: true, spike_limit_mib: true },
    batch: { timeout: true, send_batch_size: true, send_batch_max_size: true },
  },
  exporters: {
    prometheus: {
      endpoint: true,
      namespace: true,
      add_metric_suffixes: true,
      metric_expiration: true,
      resource_to_telemetry_conversion: { enabled: true },
    },
    otlp: { endpoint: true, tls: { insecure: true }, headers: true },
  },
};

function unknownSettings(node: YamlNode | undefined, known: Settings): readonly string[] {
  if (typeof node !== "object" || Array.isArray(node)) return [];
  return Object.entries(node).flatMap(([name, below]) => {
    const settings = Object.hasOwn(known, name) ? known[name] : undefined;
    if (settings === undefined) return [name];
    if (settings === true) return [];
    return unknownSettings(below as YamlNode, settings).map((each) => `${name}.${each}`);
  });
}

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

  it("has components that there are, with settings that they have", () => {
    const found = parseYaml(read("docs/observability/collector.yaml")) as Record<string, YamlNode>;
    for (const [part, known] of Object.entries(COMPONENTS)) {
      assert.deepEqual(unknownSettings(found[part], known), [], part);
    }
    const misspelt = parseYaml("otlp:\n  protocol:\n    grpc:\n      endpoint: a\nzipkin: b\n");
    assert.deepEqual(unknownSettings(misspelt, COMPONENTS["receivers"] ?? {}), [
      "otlp.protocol",
      "zipkin",
    ]);
  });

  it("would be found out", () => {
    assert.throws(() => parseYaml("a:\n\tb: 1\n"), /line 2/);
    assert.throws(() => parseYaml("a:\n    b: 1\n  c: 2\n"), /line 3/);
    assert.throws(() => parseYaml("a: 1\na: 2\n"), /line 2/);
    assert.throws(() => parseYaml("words\n"), /line 1/);
  });
});
