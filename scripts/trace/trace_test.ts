// Contract: of all spans the picture has those of one producer's records, each below the one that it
// is a part of, with a link for each call of the handler; what was not recorded is missed aloud.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RecordedSpan } from "../../testing/spans_model.ts";
import { drawJourney } from "./draw.ts";
import { journeyOf } from "./rows.ts";

function span(
  name: string,
  [startMs, endMs]: readonly [number, number],
  more: Partial<RecordedSpan> = {},
): RecordedSpan {
  return {
    name,
    kind: "internal",
    status: "unset",
    statusMessage: undefined,
    attributes: {},
    events: [],
    links: [],
    traceId: "t",
    spanId: name,
    parentSpanId: undefined,
    startMs,
    endMs,
    durationMs: endMs - startMs,
    tracerName: "x",
    ...more,
  };
}

const of = (operation: string, more: RecordedSpan["attributes"] = {}) => ({
  attributes: {
    "messaging.operation.name": operation,
    "messaging.destination.partition.id": "s",
    ...more,
  },
});
const LINKED = { links: [{ traceId: "t", spanId: "publish", attributes: {} }] };
const SPANS = [
  span("request <1>", [0, 20]),
  span("publish", [5, 15], { parentSpanId: "request <1>" }),
  span("idle", [16, 17], of("read", { "messaging.batch.message_count": 0 })),
  span("read", [20, 30], of("read", { "messaging.batch.message_count": 2 })),
  span("call", [21, 29], { parentSpanId: "read", attributes: { "rpc.method": "GetRecords" } }),
  span("process 1", [31, 40], { ...of("process"), ...LINKED }),
  span("process 2", [40, 50], { ...of("process"), ...LINKED }),
  span("early", [35, 36], of("commit")),
  span("commit", [60, 70], of("commit")),
  span("another's", [0, 90]),
];

describe("the picture of a trace", () => {
  it("has the way of the records, and nothing else", () => {
    const { rows, links } = journeyOf(SPANS, "publish");
    assert.deepEqual(rows.map(({ depth, lane, span: { name } }) => [lane, depth, name]), [
      ["producer", 0, "request <1>"],
      ["producer", 1, "publish"],
      ["consumer", 0, "read"],
      ["consumer", 1, "call"],
      ["consumer", 0, "process 1"],
      ["consumer", 0, "process 2"],
      ["consumer", 0, "commit"],
    ]);
    assert.deepEqual(links, [{ from: 1, to: 4 }, { from: 1, to: 5 }]);
  });

  it("misses aloud what was not recorded", () => {
    const without = (name: string) => SPANS.filter((each) => each.name !== name);
    for (const name of ["publish", "read", "commit"]) {
      assert.throws(() => journeyOf(without(name), "publish"), new RegExp(name));
    }
  });

  it("is well-formed", () => {
    const svg = drawJourney(journeyOf(SPANS, "publish"), "a & b");
    assert.ok(svg.includes("request &lt;1>"), "a name is escaped");
    assert.ok(svg.includes("a &amp; b"), "the title is escaped");
    assert.equal(svg.match(/stroke-dasharray/g)?.length, 2, "a link each");
    const [opened, closed] = [/<(?:svg|g|defs|marker|text|tspan)\b/g, /<\/\w+>/g].map((tag) =>
      svg.match(tag)?.length
    );
    assert.equal(opened, closed);
    assert.ok(!/NaN|Infinity/.test(svg), "every place is known");
  });
});
