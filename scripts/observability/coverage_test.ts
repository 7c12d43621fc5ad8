// Contract: docs/observability.md tells what can be seen. Whatever is emitted is listed there, with
// its kind, unit and attributes; and whatever is listed there is emitted, when what it tells of is
// really provoked. What a comparison must find, it finds.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinsumerEvent } from "../../mod.ts";
import { assertSpan, type RecordedSpan, type SpanKindName } from "../../testing/mod.ts";
import { compare } from "./compare.ts";
import { readDocumented } from "./documented.ts";
import { observe, type Seen } from "./observer.ts";
import { SIMULATED } from "./scenarios.ts";
import { SERVED } from "./served_scenario.ts";

const LIMIT = { timeout: 120_000 };

describe("what clients tell", () => {
  it("is what docs/observability.md lists, and all of it", LIMIT, async () => {
    const documented = readDocumented();
    const observer = await observe();
    try {
      for (const { name, play } of [...SIMULATED, SERVED]) {
        await play(observer).catch((cause) => {
          throw new Error(`Cannot play "${name}"`, { cause });
        });
      }
      await observer.collect();
    } finally {
      await observer.stop();
    }
    const seen = observer.seen();
    assert.deepEqual(compare(documented, seen), []);
    for (const [operation, { kind, type }] of documented.spans) {
      assertSpan(seen.spans, {
        name: `${operation} simulated`,
        kind: kind as SpanKindName,
        attributes: { "messaging.operation.type": type === "–" ? undefined : type },
      });
    }
  });
});

const SPAN: RecordedSpan = {
  name: "resign simulated",
  kind: "internal",
  status: "unset",
  statusMessage: undefined,
  attributes: { "messaging.system": "aws_kinesis" },
  events: [],
  links: [],
  traceId: "1",
  spanId: "2",
  parentSpanId: undefined,
  startMs: 0,
  endMs: 0,
  durationMs: 0,
  tracerName: "kinsumer",
};
const NOTHING: Seen = { spans: [], points: [], events: [], lines: [] };

describe("compare()", () => {
  const documented = readDocumented();
  /** What it says of this that it does not say of nothing. */
  const added = (seen: Partial<Seen>): readonly string[] => {
    const before = compare(documented, NOTHING);
    return compare(documented, { ...NOTHING, ...seen }).filter((line) => !before.includes(line));
  };

  it("misses everything where nothing was seen", () => {
    const lines = compare(documented, NOTHING).filter((line) => line.endsWith("was not seen"));
    const { calls, events, metrics, spans } = documented;
    assert.equal(lines.length, spans.size + calls.size + 2 + metrics.size + events.size);
  });

  it("finds spans that are not listed, or are otherwise", () => {
    assert.deepEqual(added({ spans: [SPAN] }), []);
    const other: RecordedSpan = {
      ...SPAN,
      kind: "client",
      attributes: { "messaging.operation.type": "settle", "kinsumer.lag_ms": 1, "card": 1 },
      events: [{ name: "throttled", timeMs: 0, attributes: { "rpc.method": "x" } }],
    };
    assert.deepEqual(added({ spans: [other, { ...SPAN, name: "nap simulated" }] }), [
      'event "throttled" of a span has "rpc.method"',
      'span "nap simulated" is not documented',
      'span "resign" has "card"',
      'span "resign" has "kinsumer.lag_ms"',
      'span "resign" has "messaging.operation.type"',
      'span "resign" has the event "throttled"',
      'span "resign" is of kind client, not internal',
      'span "resign" is of type settle, not –',
    ]);
  });

  it("finds metrics and events that are not listed, or are otherwise", () => {
    const attributes = { "messaging.client.id": "a" };
    const point = { metric: "kinsumer.rebalances", kind: "gauge", unit: "s", attributes };
    const events = [{ type: "started", clientId: "a", at: 1 }, { type: "yawned" }];
    const lines = added({
      points: [point, { ...point, metric: "kinsumer.yawns" }],
      events: events as unknown as readonly KinsumerEvent[],
    });
    for (
      const line of [
        'metric "kinsumer.rebalances" counts s, not {rebalance}',
        'metric "kinsumer.rebalances" has "messaging.client.id"',
        'metric "kinsumer.rebalances" is a gauge, not a counter',
        'metric "kinsumer.yawns" is not documented',
        'event "started" has "at"',
        'event "started" left no line in the log',
        'event "yawned" is not documented',
      ]
    ) assert.ok(lines.includes(line), `${line}: ${lines.join("\n")}`);
  });
});
