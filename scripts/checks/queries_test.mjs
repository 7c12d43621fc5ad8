// The dashboard's queries are sound; what is no PromQL, asks for what there is not, or takes a
// counter for a gauge, is named.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dashboardQueries, documentedSeries, findQueryProblems, problemsOf } from "./queries.mjs";

const SERIES = new Map([
  ["lag", { kind: "gauge", labels: new Set(["shard"]) }],
  ["reads", { kind: "counter", labels: new Set(["shard"]) }],
  ["time_bucket", { kind: "counter", labels: new Set(["le"]) }],
]);

describe("findQueryProblems()", () => {
  it("passes the dashboard, which has queries", () => {
    assert.ok(dashboardQueries().length > 20, `${dashboardQueries().length} queries`);
    assert.ok(documentedSeries().has("kinsumer_heartbeat_delay_bucket"), "no histogram");
    assert.deepEqual(findQueryProblems(), []);
  });

  /** @type {Record<string, string | undefined>} */
  const cases = {
    'max by (shard) (lag{shard=~"$x"})': undefined,
    "sum(rate(reads[$__rate_interval])) or vector(0)": undefined,
    "histogram_quantile(0.95, sum by (le) (rate(time_bucket[5m])))": undefined,
    'label_values(lag{shard="1"}, shard)': undefined,
    "label_values(lag, le)": 'asks by "le"',
    "sum(rate(reads[5m])": "is not PromQL",
    "summ(lag)": "is not PromQL",
    "sum(lag) by": "is not PromQL",
    "lags": 'asks for "lags"',
    "sum by (colour) (lag)": 'asks by "colour"',
    'lag{colour="red"}': 'asks by "colour"',
    "rate(lag[5m])": 'takes "lag" for a counter',
    "sum(reads)": 'takes "reads" for a gauge',
    "vector(0)": "asks for no metric",
  };
  for (const [text, words] of Object.entries(cases)) {
    it(words === undefined ? `passes ${text}` : `finds what is wrong with ${text}`, () => {
      const problems = problemsOf({ where: "here", text }, SERIES);
      if (words === undefined) assert.deepEqual(problems, []);
      else assert.match(problems.join("\n"), new RegExp(`^here: ${words}`, "m"));
    });
  }
});
