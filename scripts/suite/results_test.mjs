// Every runtime's report of the same tests becomes the same list, and a difference is found.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareRuns } from "./compare.mjs";
import { readBunReport, readDenoReport } from "./results.mjs";

const EXPECTED = [
  { name: "plain", status: "passed" },
  { name: 'a suite > says "<&>"', status: "failed" },
  { name: "a suite > inner > deep", status: "skipped" },
];

describe("readBunReport()", () => {
  it("names tests by their suites", () => {
    const xml = `<?xml version="1.0"?><testsuites name="bun test" tests="3">
      <testsuite name="a_test.ts" file="a_test.ts">
        <testcase name="plain" classname="" />
        <testsuite name="a suite">
          <testcase name="says &quot;&lt;&amp;&gt;&quot;" classname="a suite">
            <failure message="no">text &lt;testcase name="x"</failure>
          </testcase>
          <testsuite name="inner"><testcase name="deep"><skipped /></testcase></testsuite>
        </testsuite>
      </testsuite></testsuites>`;
    assert.deepEqual(readBunReport(xml), EXPECTED);
  });
});

describe("readDenoReport()", () => {
  it("leaves out the suites", () => {
    const xml = `<?xml version="1.0"?><testsuites name="deno test" tests="5">
      <testsuite name="./a_test.ts">
        <testcase name="plain"></testcase>
        <testcase name="a suite"><failure message="1 test step failed">1 failed</failure></testcase>
      </testsuite>
      <testsuite name="ext:deno_node/testing.ts">
        <testcase name="a suite &gt; says &quot;&lt;&amp;&gt;&quot;"><failure message="a
          b">x</failure></testcase>
        <testcase name="a suite &gt; inner"></testcase>
        <testcase name="a suite &gt; inner &gt; deep"><skipped/></testcase>
      </testsuite></testsuites>`;
    assert.deepEqual(readDenoReport(xml), EXPECTED);
  });

  it("finds nothing in a report that was not written", () => {
    assert.deepEqual(readDenoReport(""), []);
  });
});

describe("compareRuns()", () => {
  /** @param {...string} names */
  const tests = (...names) =>
    names.map((name) => ({ name, status: /** @type {const} */ ("passed") }));

  it("accepts the same number everywhere", () => {
    const runs = [
      { runtime: /** @type {const} */ ("node"), tests: tests("a", "b") },
      { runtime: /** @type {const} */ ("bun"), tests: tests("b", "a") },
    ];
    assert.deepEqual(compareRuns(runs), []);
  });

  it("names the tests that a runtime left out", () => {
    const runs = [
      { runtime: /** @type {const} */ ("node"), tests: tests("a", "b", "b") },
      { runtime: /** @type {const} */ ("bun"), tests: tests("b", "a") },
    ];
    assert.match(compareRuns(runs).join(), /bun executed 2 tests, node 3[^]*only on node: b$/);
  });
});
