// The contract: a recorder sees the spans of its process, or those its filter lets through; it
// registers a provider only where there is none, and leaves a user's as it was; waiting ends with a
// span or with what was recorded instead; a failure prints the timeline.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { context, trace } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createSimulatedFleet } from "./simulation/fleet.ts";
import { recordSpans, type SpanTestContext } from "./spans.ts";
import { loadSdk } from "./spans_provider.ts";

/** A client's span, as far as a filter looks at it. */
function startSpan(name: string, clientId = "a", streamName = "orders") {
  const attributes = {
    "messaging.client.id": clientId,
    "messaging.destination.name": streamName,
    "messaging.consumer.group.name": "billing",
  };
  return trace.getTracer("test").startSpan(name, { attributes });
}

function names(spans: readonly { readonly name: string }[]): string[] {
  return spans.map(({ name }) => name);
}

function isRegistered(): boolean {
  const span = trace.getTracer("test").startSpan("probe");
  span.end();
  return span.isRecording() || span.spanContext().traceId !== "0".repeat(32);
}

describe("recordSpans()", () => {
  afterEach(() => trace.disable());

  it("records the spans of a consumer", async () => {
    const spans = await recordSpans();
    const fleet = createSimulatedFleet({ seed: 1, shards: 1 });
    fleet.put(3);
    const a = await fleet.start("a");
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.stop(a);
    await spans.stop();
    const [capture] = spans.named("capture simulated");
    assert.equal(capture?.kind, "internal");
    assert.equal(capture?.status, "unset");
    assert.equal(capture?.tracerName, "kinsumer");
    assert.equal(capture?.attributes["kinsumer.outcome"], "captured");
    assert.equal(new Date(capture?.startMs ?? 0).getUTCFullYear(), 2026);
    assert.ok(spans.named(/^read /).length > 0, "reads are recorded");
  });

  it("lists spans by their start, with parents, links, events and failures", async () => {
    const spans = await recordSpans();
    const parent = startSpan("outer");
    const below = trace.setSpan(context.active(), parent);
    const link = { context: parent.spanContext(), attributes: { why: "test" } };
    const child = trace.getTracer("test").startSpan("inner", { links: [link], kind: 3 }, below);
    child.addEvent("halfway", { percent: 50 });
    child.setStatus({ code: 2, message: "broken" });
    child.end();
    assert.deepEqual(names(spans.all()), ["inner"]);
    parent.end();
    await spans.stop();
    assert.deepEqual(names(spans.all()), ["outer", "inner"]);
    const inner = spans.named("inner")[0];
    const { traceId, spanId } = parent.spanContext();
    assert.equal(inner?.parentSpanId, spanId);
    assert.deepEqual(inner?.links, [{ traceId, spanId, attributes: { why: "test" } }]);
    assert.deepEqual(inner?.events.map(({ name, attributes }) => ({ name, attributes })), [
      { name: "halfway", attributes: { percent: 50 } },
    ]);
    assert.deepEqual([inner?.kind, inner?.status, inner?.statusMessage], [
      "producer",
      "error",
      "broken",
    ]);
    assert.ok((inner?.durationMs ?? -1) >= 0, "a span does not end before it starts");
  });

  it("registers a provider while somebody records, and only then", async () => {
    assert.equal(isRegistered(), false);
    const first = await recordSpans();
    const second = await recordSpans();
    await first.stop();
    await first.stop();
    assert.equal(isRegistered(), true);
    startSpan("late").end();
    await second.stop();
    assert.equal(isRegistered(), false);
    assert.deepEqual(names(first.all()), []);
    assert.deepEqual(names(second.all()), ["probe", "late"]);
  });

  it("is fed by tracers that were made before, and between, recorders", async () => {
    const before = trace.getTracer("before");
    const first = await recordSpans();
    const during = trace.getTracer("during");
    await first.stop();
    const between = trace.getTracer("between");
    const second = await recordSpans();
    for (const tracer of [before, during, between]) tracer.startSpan("again").end();
    assert.equal(second.all().length, 3);
    await second.stop();
  });

  it("keeps tests that run side by side apart by a filter", async () => {
    const everything = await recordSpans();
    const orders = await recordSpans({ filter: { streamName: "orders" } });
    const b = await recordSpans({ filter: { clientId: /^b/, applicationName: "billing" } });
    const odd = await recordSpans({ filter: (span) => span.name === "odd" });
    startSpan("one", "a", "orders").end();
    startSpan("two", "b", "orders").end();
    startSpan("three", "b", "clicks").end();
    startSpan("odd", "c", "clicks").end();
    assert.equal(everything.all().length, 4);
    assert.deepEqual(names(orders.all()), ["one", "two"]);
    assert.deepEqual(names(b.all()), ["two", "three"]);
    assert.deepEqual(names(odd.all()), ["odd"]);
    await Promise.all([everything, orders, b, odd].map((each) => each.stop()));
  });

  it("records what is below a span that passes its filter", async () => {
    const spans = await recordSpans({ filter: { clientId: "a" } });
    for (const client of ["a", "b"]) {
      const parent = startSpan("process", client);
      const below = trace.setSpan(context.active(), parent);
      const tracer = trace.getTracer("the user's");
      const child = tracer.startSpan(`insert for ${client}`, {}, below);
      tracer.startSpan(`connect for ${client}`, {}, trace.setSpan(below, child)).end();
      child.end();
      parent.end();
    }
    assert.deepEqual(names(spans.all()), ["process", "insert for a", "connect for a"]);
    await spans.stop();
  });

  it("refuses a filter that it does not know", async () => {
    const filter = { client: "a" } as { clientId?: string };
    await assert.rejects(recordSpans({ filter }), { name: "TypeError", message: /"client"/ });
    assert.equal(isRegistered(), false);
  });

  it("forgets what it recorded, and goes on", async () => {
    const spans = await recordSpans();
    startSpan("first").end();
    spans.clear();
    startSpan("second").end();
    assert.deepEqual(names(spans.all()), ["second"]);
    await spans[Symbol.asyncDispose]();
    startSpan("third").end();
    assert.deepEqual(names(spans.all()), ["second"]);
  });

  it("says how to install the SDK where it is missing", async () => {
    const missing = () => Promise.reject(new Error("no such module"));
    await assert.rejects(loadSdk(missing), {
      message: /are not installed \(.+ (npm:)?@opentelemetry\/api@1 .*sdk-trace-base@2\)/,
    });
  });
});

describe("recordSpans() beside a user's provider", () => {
  afterEach(() => trace.disable());

  function usersProvider(sampler?: AlwaysOffSampler) {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
      ...(sampler === undefined ? {} : { sampler }),
    });
    return { exporter, provider };
  }

  it("listens to the one that is registered, and leaves it there", async () => {
    const { exporter, provider } = usersProvider();
    trace.setGlobalTracerProvider(provider);
    for (const name of ["one", "two"]) {
      const spans = await recordSpans();
      startSpan(name).end();
      await spans.stop();
      assert.deepEqual(names(spans.all()), [name]);
    }
    startSpan("three").end();
    assert.deepEqual(names(exporter.getFinishedSpans()), ["one", "two", "three"]);
  });

  it("listens to the one that is given, without registering it", async () => {
    const { exporter, provider } = usersProvider();
    const spans = await recordSpans({ provider });
    startSpan("global").end();
    provider.getTracer("test").startSpan("given").end();
    assert.equal(isRegistered(), false);
    await spans.stop();
    assert.deepEqual(names(spans.all()), ["given"]);
    assert.deepEqual(names(exporter.getFinishedSpans()), ["given"]);
  });

  it("listens to one of the SDK's first version", async () => {
    const processors: { onEnd(span: unknown): void }[] = [];
    const { provider } = usersProvider();
    const legacy = {
      getTracer: () => undefined,
      addSpanProcessor: (each: { onEnd(span: unknown): void }) => processors.push(each),
    };
    const [first, second] = [
      await recordSpans({ provider: legacy }),
      await recordSpans({ provider: legacy }),
    ];
    assert.equal(processors.length, 1);
    const span = provider.getTracer("test").startSpan("old");
    span.end();
    processors[0]?.onEnd(span);
    assert.deepEqual([names(first.all()), names(second.all())], [["old"], ["old"]]);
    await Promise.all([first.stop(), second.stop()]);
  });

  it("is itself a processor for one that is made later", async () => {
    const spans = await recordSpans({ register: false });
    const provider = new BasicTracerProvider({ spanProcessors: [spans.processor] });
    assert.equal(isRegistered(), false);
    trace.setGlobalTracerProvider(provider);
    startSpan("seen").end();
    await provider.forceFlush();
    await provider.shutdown();
    assert.deepEqual(names(spans.all()), ["seen"]);
    await spans.stop();
  });

  it("sees a span once, by however many roads", async () => {
    const spans = await recordSpans({ register: false });
    const provider = new BasicTracerProvider({
      spanProcessors: [spans.processor, spans.processor],
    });
    provider.getTracer("test").startSpan("once").end();
    assert.deepEqual(names(spans.all()), ["once"]);
    await spans.stop();
  });

  it("does not see what is not sampled", async () => {
    const { provider } = usersProvider(new AlwaysOffSampler());
    const spans = await recordSpans({ provider });
    provider.getTracer("test").startSpan("left out").end();
    assert.deepEqual(spans.all(), []);
    await spans.stop();
  });

  it("says what to do with one that takes no further processor", async () => {
    await assert.rejects(recordSpans({ provider: { getTracer: () => undefined } }), {
      message: /register: false.*spanProcessors: \[spans\.processor\]/,
    });
    await assert.rejects(
      recordSpans({ provider: usersProvider().provider, register: false }),
      TypeError,
    );
  });

  it("says so when two versions of the API meet", async () => {
    const key = Symbol.for("opentelemetry.js.api.1");
    const globals = globalThis as { [name: symbol]: unknown };
    const slot = globals[key];
    globals[key] = { version: "1.0.99" };
    try {
      await assert.rejects(recordSpans(), { message: /1\.0\.99.*npm ls @opentelemetry\/api/ });
    } finally {
      globals[key] = slot;
    }
  });
});

describe("spans.waitFor()", () => {
  it("finds a span that was recorded, and one that comes", async () => {
    const spans = await recordSpans();
    startSpan("early").end();
    assert.equal((await spans.waitFor("early")).name, "early");
    const late = spans.waitFor(/^lat/);
    const accepted = spans.waitFor((span) => span.attributes["messaging.client.id"] === "z");
    startSpan("later").end();
    startSpan("any", "z").end();
    assert.equal((await late).name, "later");
    assert.equal((await accepted).name, "any");
    await spans.stop();
  });

  it("lists what was recorded instead, and what has not ended", async () => {
    const spans = await recordSpans();
    startSpan("receive").end();
    startSpan("receive").setStatus({ code: 2 }).end();
    const open = startSpan("hangs");
    await assert.rejects(spans.waitFor("commit", { timeoutMs: 5 }), {
      message: 'A span named "commit" was not recorded within 5 ms; ' +
        "recorded: 2 × receive (1 failed); not ended: 1 × hangs",
    });
    open.end();
    await assert.rejects(spans.waitFor("x", { timeoutMs: -1 }), RangeError);
    await spans.stop();
  });
});

describe("spans on failure", () => {
  async function recorder() {
    const printed: string[] = [];
    const spans = await recordSpans({ write: (text) => printed.push(text) });
    startSpan("telling").end();
    return { spans, printed };
  }

  it("during() prints the timeline, and throws the same", async () => {
    const { spans, printed } = await recorder();
    assert.equal(await spans.during(() => 7), 7);
    assert.equal(printed.length, 0);
    const failure = new Error("the test's");
    await assert.rejects(spans.during(() => Promise.reject(failure)), failure);
    assert.match(printed.join(""), /1 spans/);
    assert.ok(printed[0]?.includes(spans.timeline()), "the timeline is printed");
    await spans.stop();
  });

  it("printOnFailure() prints after a test that failed, even when stopped", async () => {
    const { spans, printed } = await recorder();
    const hooks: (() => void)[] = [];
    const contexts: (SpanTestContext & { passed: boolean })[] = [true, false].map((passed) => ({
      passed,
      after: (hook) => hooks.push(hook),
    }));
    for (const each of contexts) spans.printOnFailure(each);
    await spans.stop();
    hooks[0]?.();
    assert.equal(printed.length, 0);
    hooks[1]?.();
    assert.equal(printed.length, 1);
  });

  it("printOnFailure() knows Vitest, and refuses a runner that does not tell", async () => {
    const { spans, printed } = await recorder();
    spans.printOnFailure({ onTestFailed: (hook) => hook() });
    assert.equal(printed.length, 1);
    assert.throws(() => spans.printOnFailure({ after: () => {} }), /spans\.during\(\)/);
    await spans.stop();
  });
});
