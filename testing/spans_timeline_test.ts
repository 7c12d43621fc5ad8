// The contract: a timeline shows, within its width, what happened when, on which client and shard;
// the more important of two things is drawn; too many shards share the line of their client, too
// many clients a last line.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedFleet } from "./simulation/fleet.ts";
import { recordSpans } from "./spans.ts";
import type { RecordedSpan, SpanAttributes } from "./spans_model.ts";
import { drawTimeline } from "./spans_timeline.ts";

const START_MS = Date.UTC(2026, 0, 1);

let count = 0;

/** What an operation of client `a` on shard 0 leaves, unless told otherwise. */
function operation(
  name: string,
  atS: number,
  given: Partial<RecordedSpan> & { readonly client?: string; readonly shard?: number } = {},
): RecordedSpan {
  const { client = "a", shard = 0, attributes = {}, ...rest } = given;
  const facts: SpanAttributes = {
    "messaging.client.id": client,
    "messaging.destination.partition.id": `shardId-${String(shard).padStart(12, "0")}`,
    "messaging.operation.name": name,
    ...attributes,
  };
  return {
    name: `${name} orders`,
    kind: "client",
    status: "unset",
    statusMessage: undefined,
    attributes: facts,
    events: [],
    links: [],
    traceId: "t",
    spanId: String(count++),
    parentSpanId: undefined,
    startMs: START_MS + atS * 1_000,
    endMs: START_MS + atS * 1_000,
    durationMs: 0,
    tracerName: "kinsumer",
    ...rest,
  };
}

const captured = { attributes: { "kinsumer.outcome": "captured" } };
const committed = { attributes: { "kinsumer.outcome": "committed" } };
const records = (recordCount: number) => ({
  attributes: { "messaging.batch.message_count": recordCount },
});

function lines(spans: readonly RecordedSpan[], options = {}): string[] {
  return drawTimeline({ spans }, options).split("\n");
}

/** The lines of clients and shards: those below the axis, above the legend. */
function lanesOf(spans: readonly RecordedSpan[], options = {}): string[] {
  const drawn = lines(spans, options);
  const from = drawn.findIndex((line) => line.includes("|0")) + 1;
  return drawn.slice(from, drawn.findIndex((line) => /^. [a-z]+ {2}/.test(line)));
}

describe("drawTimeline()", () => {
  it("draws each shard's life", () => {
    const spans = [
      operation("capture", 0, captured),
      operation("read", 10, records(3)),
      operation("read", 20, records(0)),
      operation("commit", 25, committed),
      operation("read", 30, {
        status: "error",
        attributes: { "error.type": "Throttled" },
      }),
      operation("release", 40, committed),
      operation("capture", 42, { ...captured, client: "b" }),
      operation("finish", 50, { ...committed, client: "b" }),
      operation("read", 51, { ...records(1), client: "b", shard: 7 }),
    ];
    assert.deepEqual(lines(spans, { width: 60 }), [
      "from 2026-01-01T00:00:00.000Z, 51 s, a column is 1.02 s",
      "9 spans, 1 failed",
      "          |0.0 s          |16.3 s         |32.6 s",
      "a shard 0 C········r·········-····c····!·········R",
      "b shard 0                                          C·······F",
      "  shard 7                                                  r",
      "! failed  F finished  R released  C captured  c commit",
      "r records  - empty read  · owned",
      "! 30 s  a shard 0  read orders: Throttled",
    ]);
  });

  it("ends ownership where another client captures the shard", () => {
    const spans = [
      operation("capture", 0, captured),
      operation("capture", 25, { ...captured, client: "b" }),
      operation("read", 50, { ...records(0), client: "b" }),
    ];
    const [a, b] = lanesOf(spans, { width: 60 });
    assert.equal(a, `a shard 0 C${"·".repeat(25)}`);
    assert.equal(b, `b shard 0 ${" ".repeat(25)}C${"·".repeat(23)}-`);
  });

  it("draws the more important of two, work for as long as it lasts, and no mere call", () => {
    const call = { attributes: { "rpc.system": "aws-api" }, parentSpanId: "receive" };
    const spans = [
      operation("read", 0, { ...records(0), spanId: "receive" }),
      operation("read", 0, records(5)),
      operation("UpdateItem", 5, call),
      operation("process", 10, { endMs: START_MS + 20_000 }),
      operation("commit", 15, { attributes: { "kinsumer.outcome": "conflict" } }),
      operation("read", 50, records(0)),
    ];
    const [lane] = lanesOf(spans, { width: 60 });
    assert.equal(
      lane,
      `a shard 0 r${" ".repeat(9)}${"p".repeat(5)}x${"p".repeat(5)}${" ".repeat(28)}-`,
    );
  });

  it("puts a failed call to AWS into the lane of what it is a part of", () => {
    const parent = operation("commit", 1, { spanId: "parent", endMs: START_MS + 2_000 });
    const failed = operation("x", 0, { name: "UpdateItem", status: "error" });
    const call = { ...failed, parentSpanId: "parent", attributes: { "rpc.system": "aws-api" } };
    const drawn = lines([parent, call]);
    assert.equal(drawn.filter((line) => line.startsWith("a shard 0 ")).length, 1);
    assert.equal(drawn.at(-1), "! 0 s  a shard 0  UpdateItem: failed");
  });

  it("lets too many shards share a line, and too many clients the last", () => {
    const spans = Array.from({ length: 100 }, (_, index) =>
      operation("capture", index, {
        ...captured,
        client: `client-${String(index % 25).padStart(2, "0")}`,
        shard: index,
      }));
    assert.equal(lanesOf(spans, { maxLanes: 100 }).length, 100);
    const clients = lanesOf(spans, { maxLanes: 60 });
    assert.equal(clients.length, 25);
    assert.match(clients[24] ?? "", /^client-24 4 shards +C/);
    const few = lanesOf(spans, { maxLanes: 10 });
    assert.equal(few.length, 10);
    assert.match(few[9] ?? "", /^16 more +clients +C/);
  });

  it("stays within its width, with long names, dozens of shards and many failures", () => {
    const spans = Array.from({ length: 400 }, (_, index) =>
      operation("read", index / 7, {
        client: `6f1b6c0e-0000-4000-8000-00000000000${index % 3}`,
        shard: index % 50,
        status: index % 9 === 0 ? "error" : "unset",
        statusMessage: "x".repeat(200),
      }));
    for (const width of [60, 100, 400]) {
      const drawn = lines(spans, { width, maxLanes: 200 });
      assert.ok(drawn.every((line) => line.length <= width), drawn.join("\n"));
    }
    assert.ok(lines(spans, { maxLanes: 200 }).some((line) => line === "! and 35 more"));
  });

  it("draws nothing, one moment, and what has not ended", () => {
    assert.equal(drawTimeline({ spans: [] }), "no spans");
    const one = operation("read", 0, records(1));
    assert.match(drawTimeline({ spans: [one] }), /a shard 0 r/);
    assert.match(drawTimeline({ spans: [], open: [one] }), /not ended: 1 × read orders/);
  });

  it("refuses a width or a number of lanes that it cannot draw", () => {
    assert.throws(() => lines([], { width: 59 }), RangeError);
    assert.throws(() => lines([], { width: 401 }), RangeError);
    assert.throws(() => lines([], { maxLanes: 0 }), RangeError);
    assert.throws(() => lines([], { maxLanes: 1.5 }), RangeError);
  });

  it("shows a fleet that hands shards over", async () => {
    const spans = await recordSpans({ filter: { streamName: "simulated" } });
    const fleet = createSimulatedFleet({ seed: 1, shards: 2 });
    fleet.put(20);
    const a = await fleet.start("a");
    await fleet.clock.advance(3_000);
    const b = await fleet.start("b");
    await fleet.clock.advance(10_000);
    await fleet.stop(b);
    await fleet.stop(a);
    await spans.stop();
    const lanes = spans.timeline().split("\n").filter((line) => /^[ab ] shard/.test(line));
    assert.equal(lanes.length, 3, spans.timeline());
    for (const lane of lanes) assert.match(lane, /shard \d +C.*R$/);
  });
});
