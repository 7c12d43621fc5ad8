// The contract: the assertions pass where a span, no span, or a tree is as expected, and otherwise
// fail with what differs: the closest span, those that are unwanted, or both trees with a mark at
// the first difference.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assertNoSpan, assertSpan } from "./spans_assert.ts";
import type { RecordedSpan } from "./spans_model.ts";
import { assertSpanTree, type ExpectedSpanTree, type SpanTreeOptions } from "./spans_tree.ts";

let count = 0;

function span(given: Partial<RecordedSpan> & { readonly name: string }): RecordedSpan {
  count++;
  return {
    kind: "client",
    status: "unset",
    statusMessage: undefined,
    attributes: {},
    events: [],
    links: [],
    traceId: "t",
    spanId: `s${count}`,
    parentSpanId: undefined,
    startMs: count,
    endMs: count,
    durationMs: 0,
    tracerName: "test",
    ...given,
  };
}

function messageOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof assert.AssertionError, "is no assertion's failure");
    return error.message;
  }
  throw new Error("Nothing was thrown");
}

describe("assertSpan()", () => {
  const spans = [
    span({ name: "receive orders", attributes: { shard: "1", count: 3, tags: ["a", "b"] } }),
    span({ name: "commit orders", kind: "client", status: "error", attributes: { shard: "1" } }),
  ];

  it("returns the first span that is as expected, by what is named only", () => {
    assert.equal(assertSpan(spans, {}), spans[0]);
    assert.equal(assertSpan({ all: () => spans }, { name: /^commit/ }), spans[1]);
    assert.equal(assertSpan(spans, { status: "error", kind: "client" }), spans[1]);
    const attributes = {
      shard: /^\d$/,
      count: (value: unknown) => Number(value) > 2,
      tags: ["a", "b"],
      absent: undefined,
    };
    assert.equal(assertSpan(spans, { attributes }), spans[0]);
  });

  it("finds the same again by a sticky or global expression", () => {
    const name = /receive/g;
    for (let each = 0; each < 3; each++) assertSpan(spans, { name });
  });

  it("tells the closest span, what differs, and what was recorded", () => {
    const expected = {
      name: "commit orders",
      status: "unset" as const,
      attributes: { shard: "2", outcome: "committed" },
      events: ["retry"],
    };
    assert.equal(
      messageOf(() => assertSpan(spans, expected)),
      `No span is commit orders  shard="2"  outcome="committed"
  closest: commit orders  status=error
    status is "error", expected "unset"
    shard is "1", expected "2"
    outcome is absent, expected "committed"
    has no event "retry"
  recorded: 1 × receive orders, 1 × commit orders (1 failed)`,
    );
    assert.equal(
      messageOf(() => assertSpan([], { name: "x" })),
      "No span is x\n  recorded: nothing",
    );
  });
});

describe("assertNoSpan()", () => {
  it("passes where none is", () => {
    assertNoSpan([span({ name: "a" })], { name: "b" });
    assertNoSpan([], {});
  });

  it("lists those that are", () => {
    const failed = { status: "error", attributes: { "error.type": "Throttled" } } as const;
    const spans = [span({ name: "a", ...failed }), span({ name: "b" })];
    assert.equal(
      messageOf(() => assertNoSpan(spans, { status: "error" })),
      '1 span is (any name)  status=error\n  a  status=error  error.type="Throttled"',
    );
    const many = Array.from({ length: 12 }, () => span({ name: "a" }));
    assert.match(messageOf(() => assertNoSpan(many, { name: "a" })), /^12 spans.*and 2 more$/s);
  });
});

describe("assertSpanTree()", () => {
  /** A trace: `process` with `load` and `store`, and `retry` below `store`. */
  function trace(traceId: string, storeStatus: "unset" | "error" = "unset"): RecordedSpan[] {
    const at = (name: string, parentSpanId?: string) =>
      span({ name, traceId, spanId: name, parentSpanId });
    const [root, load] = [at("process"), at("load", "process")];
    const store = { ...at("store", "process"), status: storeStatus };
    return [at("retry", "store"), load, root, store]; // as they may have ended
  }

  const good = {
    name: "process",
    children: [{ name: "load", children: [] }, { name: "store", children: [{ name: "retry" }] }],
  };

  it("finds the tree, among others and anywhere", () => {
    const spans = [...trace("1", "error"), ...trace("2")];
    const expected = { ...good, children: [{ name: "load" }, { name: "store", status: "unset" }] };
    const root = assertSpanTree(spans, expected as ExpectedSpanTree);
    assert.equal(root.traceId, "2");
    assertSpanTree(spans, good);
    assertSpanTree(spans, { name: "store", children: [{ name: "retry", children: [] }] });
    assertSpanTree(spans, { name: "process" });
  });

  const refused: Record<string, { tree: ExpectedSpanTree; reason: string }> = {
    "a child that is missing": {
      tree: { name: "process", children: [{ name: "load" }, { name: "store" }, { name: "send" }] },
      reason: "send is missing",
    },
    "a child that is not expected": {
      tree: { name: "process", children: [{ name: "load" }] },
      reason: '"store" is not expected',
    },
    "another order": {
      tree: { name: "process", children: [{ name: "store" }, { name: "load" }] },
      reason: 'name is "load", expected "store"',
    },
    "a child where there shall be none": {
      tree: { name: "store", children: [] },
      reason: '"retry" is not expected',
    },
    "another attribute, deep down": {
      tree: {
        name: "process",
        children: [{ name: "load" }, {
          name: "store",
          children: [{ name: "retry", attributes: { a: 1 } }],
        }],
      },
      reason: "a is absent, expected 1",
    },
  };
  for (const [name, { tree, reason }] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      const message = messageOf(() => assertSpanTree(trace("1"), tree));
      assert.equal(message.split("\n")[0], `The spans differ: ${reason}`);
    });
  }

  it("draws both trees, with a mark at the first difference", () => {
    const expected: ExpectedSpanTree = {
      name: "process",
      children: [{ name: "load" }, { name: "store", status: "unset", attributes: { rows: 2 } }],
    };
    const spans = trace("1", "error").map((each) =>
      each.name === "store" ? { ...each, attributes: { rows: 1, noise: "x" } } : each
    );
    assert.equal(
      messageOf(() => assertSpanTree([...spans, ...trace("2", "error").slice(1, 3)], expected)),
      `The spans differ: status is "error", expected "unset"; rows is 1, expected 2

expected
  process
    load
>   store  rows=2

actual (the closest of 2)
  process
    load
>   store  status=error  rows=1
      retry`,
    );
  });

  it("says so when no span has the root's name", () => {
    assert.equal(
      messageOf(() => assertSpanTree(trace("1"), { name: "consume", children: [{ name: "x" }] })),
      `No span is named consume

expected
  consume
    x

recorded: 1 × retry, 1 × load, 1 × process, 1 × store`,
    );
  });

  it("lets more children be, in order, with mayHaveMore", () => {
    const more: SpanTreeOptions = { mayHaveMore: true };
    const children = (...names: string[]) => ({
      name: "process",
      children: names.map((name) => ({ name })),
    });
    assertSpanTree(trace("1"), children("store"), more);
    assertSpanTree(trace("1"), children(), more);
    assert.match(
      messageOf(() => assertSpanTree(trace("1"), children("store", "load"), more)),
      /load is missing/,
    );
  });

  it("lets children come in any order, with inAnyOrder", () => {
    const any: SpanTreeOptions = { inAnyOrder: true };
    const children = (...names: (string | RegExp)[]) => ({
      name: "process",
      children: names.map((name) => ({ name })),
    });
    assertSpanTree(trace("1"), children("store", "load"), any);
    // The first takes what only the second can have, and has to give it back.
    assertSpanTree(trace("1"), children(/./, "load"), any);
    assertSpanTree(trace("1"), children(/./), { ...any, mayHaveMore: true });
    assert.match(
      messageOf(() => assertSpanTree(trace("1"), children("load"), any)),
      /"store" is not expected/,
    );
    assert.match(
      messageOf(() => assertSpanTree(trace("1"), children("load", "load"), any)),
      /load is missing/,
    );
  });
});
