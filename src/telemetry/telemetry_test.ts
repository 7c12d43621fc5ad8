// The contract: what a client does becomes spans with stable names, kinds and attributes, times
// from the injected clock, and no record data; a failure is named by its code. Loops begin traces of
// their own; a call to AWS is a part of what makes it. Without an SDK nothing is asked or made.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { recordSpans, type SpanRecorder } from "../../testing/spans.ts";
import { assertNoSpan, assertSpan } from "../../testing/spans_assert.ts";
import { createSimulatedFleet } from "../../testing/simulation/fleet.ts";
import { KinsumerError } from "../errors.ts";
import { Kinsumer } from "../kinsumer.ts";
import type { FetchResponse } from "../runtime.ts";
import { systemRuntime } from "../runtime.ts";
import { OPERATIONS } from "./names.ts";

const SHARD = "shardId-000000000000";
/** What the tests count on, whatever the defaults are. */
const PACE = { commitIntervalMs: 1_000, throttleDelayMs: 250, idleDelayMs: 250 };

describe("spans", () => {
  let spans: SpanRecorder;

  beforeEach(async () => {
    spans = await recordSpans();
  });
  afterEach(() => spans.stop());

  it("tell one client's work on one shard, from capture to release", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1, defaults: PACE });
    fleet.put(3);
    const a = await fleet.start("a");
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.clock.advance(2_000);
    fleet.put(1);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.stop(a);

    const reads = spans.named("read simulated").map(({ attributes }) =>
      attributes["messaging.batch.message_count"]
    );
    assert.deepEqual(reads.filter((count) => count !== 0), [3, 1]);
    assert.equal(spans.named("receive simulated").length, 4, "one for each record handed over");
    assert.deepEqual(spans.named("capture simulated")[0]?.attributes, {
      "messaging.system": "aws_kinesis",
      "messaging.destination.name": "simulated",
      "messaging.consumer.group.name": "simulated",
      "messaging.client.id": "a",
      "messaging.operation.name": "capture",
      "messaging.destination.partition.id": SHARD,
      "kinsumer.outcome": "captured",
    });
    assert.equal(spans.named("commit simulated").length, 1);
    assert.equal(spans.named("release simulated").length, 1);
    assertNoSpan(spans, { status: "error" });
    for (const span of spans.all()) {
      const ageMs = span.startMs - Date.UTC(2026, 0, 1); // the simulated world's start
      assert.ok(ageMs >= 0 && ageMs < 60_000, `${span.name} takes its time from elsewhere`);
      assert.ok(span.endMs >= span.startMs, `${span.name} ends before it starts`);
      assert.equal(span.parentSpanId, undefined, `${span.name} begins no trace of its own`);
    }
  });

  it("have the kinds and types of the conventions", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 2, defaults: PACE });
    fleet.put(4);
    const a = await fleet.start("a");
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.clock.advance(2_000);
    fleet.stream.split(SHARD);
    await fleet.clock.advance(20_000);
    await fleet.stop(a);
    for (const [name, facts] of Object.entries(OPERATIONS)) {
      if (name === "process" || name === "stall") continue; // no handler, and nothing hangs
      const { kind } = facts;
      const type = "type" in facts ? facts.type : undefined;
      const attributes = { "messaging.operation.type": type };
      assertSpan(spans, { name: `${name} simulated`, kind, attributes });
    }
  });

  it("say who leads, and what moved and why", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 2, defaults: PACE });
    const a = await fleet.start("a");
    await fleet.clock.advance(35_000); // the record is renewed every 30 s
    const lead = (outcome: string) =>
      assertSpan(spans, { name: "lead simulated", attributes: { "kinsumer.outcome": outcome } });
    assert.ok(lead("won").startMs <= lead("renewed").startMs, "it is won first");
    const [first] = spans.named("rebalance simulated");
    assert.deepEqual(first?.attributes["kinsumer.moves"], [
      "shardId-000000000000: nobody → a",
      "shardId-000000000001: nobody → a",
    ]);
    assert.deepEqual(first?.attributes["kinsumer.reason"], ["client joined", "new shards"]);
    spans.clear();
    const b = await fleet.start("b");
    await fleet.clock.advance(5_000);
    const [joined] = spans.named("rebalance simulated");
    assert.deepEqual(joined?.attributes["kinsumer.reason"], ["client joined"]);
    assert.equal(joined?.attributes["kinsumer.move_count"], 1);
    assert.equal(joined?.attributes["kinsumer.client_count"], 2);
    spans.clear();
    b.crash();
    await fleet.clock.advance(30_000);
    const [died] = spans.named("rebalance simulated");
    assert.deepEqual(died?.attributes["kinsumer.reason"], ["client died"]);
    spans.clear();
    await fleet.stop(a);
    assertSpan(spans, { name: "resign simulated", kind: "internal" });
  });

  it("name a failure by its code, without its message", async () => {
    const fleet = createSimulatedFleet({ seed: 2, shards: 1 });
    const a = await fleet.start("a", {
      kinesis: {
        intercept: (operation) => {
          if (operation !== "GetRecords") return;
          throw new KinsumerError("Throttled", "a secret", { retryable: true });
        },
      },
    });
    await fleet.clock.advance(1_000);
    await fleet.stop(a);
    const failed = assertSpan(spans, {
      name: "read simulated",
      status: "error",
      attributes: { "error.type": "Throttled" },
    });
    assert.equal(failed.statusMessage, "Throttled");
    assert.ok(!JSON.stringify(spans.all()).includes("a secret"), "no message is told");
  });

  it("stand around each call of a handler", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1, defaults: PACE });
    const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
    let callCount = 0;
    fleet.put(2);
    const a = await fleet.start("a", {
      options: { extractContext: () => ({ traceparent: `00-${traceId}-${spanId}-01` }) },
      consume: async (kinsumer) => {
        await kinsumer.process((_, { span }) => {
          span?.setAttribute("calls", ++callCount);
          if (callCount === 1) throw new RangeError("fails once");
        }, { onFailure: { attempts: 3 } });
      },
    });
    await fleet.clock.runUntil(() => callCount === 3, 30_000);
    await fleet.stop(a);
    const calls = spans.named("process simulated");
    assert.deepEqual(
      calls.map(({ status, attributes }) => [
        attributes["calls"],
        attributes["kinsumer.attempt"],
        status,
        attributes["error.type"],
      ]),
      [[1, undefined, "error", "RangeError"], [2, 2, "unset", undefined], [
        3,
        undefined,
        "unset",
        undefined,
      ]],
    );
    for (const { kind, links, attributes } of calls) {
      assert.equal(kind, "consumer");
      assert.deepEqual(links, [{ traceId, spanId, attributes: {} }]);
      assert.equal(attributes["messaging.operation.type"], "process");
    }
    assert.equal(spans.named("receive simulated").length, 0, "a handler needs no receive");
  });

  it("take what is given up at a stop for no failure", async () => {
    const fleet = createSimulatedFleet({ seed: 3, shards: 1, defaults: PACE });
    const a = await fleet.start("a", { kinesis: { latencyMs: 500 } });
    await fleet.clock.advance(5_300);
    await fleet.stop(a);
    assertNoSpan(spans, { status: "error" });
    assertSpan(spans, {
      name: "read simulated",
      attributes: { "kinsumer.outcome": "aborted", "error.type": undefined },
    });
  });

  it("stand for what is handed over, and not for what is only buffered", async () => {
    const handler = async (_: unknown, { signal }: { readonly signal: AbortSignal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    };
    for (const isPulled of [true, false]) {
      const fleet = createSimulatedFleet({ seed: 1, shards: 1, defaults: PACE });
      fleet.put(10);
      const a = await fleet.start("a", {
        consume: async (kinsumer) => {
          if (isPulled) await kinsumer.next();
          else await kinsumer.process(handler);
        },
      });
      await fleet.clock.advance(5_000);
      const { buffer } = a.kinsumer.snapshot();
      assert.equal(buffer.waitingRecords + buffer.inHandRecords, 10, "all are read");
      await fleet.stop(a);
      const counts = ["receive", "process"].map((name) => spans.named(`${name} simulated`).length);
      assert.deepEqual(counts, isPulled ? [1, 0] : [0, 1]);
      spans.clear();
    }
  });

  it("link what is handed over to its producer", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1, defaults: PACE });
    const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
    const a = await fleet.start("a", {
      options: {
        extractContext: (record) => {
          if (record.text() === "0") throw new Error("the user's");
          return { traceparent: `00-${traceId}-${spanId}-01` };
        },
      },
    });
    fleet.put(2);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.stop(a);
    const links = spans.named("receive simulated").map((span) => span.links);
    assert.deepEqual(links, [[], [{ traceId, spanId, attributes: {} }]]);
  });
});

/** A client at servers that answer as a test says. */
function clientOf(answer: (operation: string, count: number) => FetchResponse) {
  const counts = new Map<string, number>();
  const runtime = systemRuntime();
  return new Kinsumer({
    streamName: "orders",
    applicationName: "billing",
    clientId: "a",
    region: "eu-west-1",
    credentials: { accessKeyId: "id", secretAccessKey: "aSecret" },
    runtime: {
      ...runtime,
      fetch: (_, { body, headers }) => {
        const target = headers["x-amz-target"] ?? headers["X-Amz-Target"] ?? "";
        const operation = target.slice(target.indexOf(".") + 1);
        const key = `${operation} ${body}`;
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        return Promise.resolve(answer(operation, count));
      },
    },
  });
}

function answerOf(status: number, document: unknown, requestId: string): FetchResponse {
  const body = JSON.stringify(document);
  return {
    status,
    headers: new Headers({ "x-amzn-requestid": requestId }),
    text: () => Promise.resolve(body),
    arrayBuffer: () => Promise.resolve(new TextEncoder().encode(body).buffer),
  };
}

describe("spans of calls to AWS", () => {
  it("tell the request, the attempts and the throttling", async () => {
    const spans = await recordSpans();
    const client = clientOf((operation, count) => {
      if (operation === "CreateTable" && count === 1) {
        return answerOf(400, { __type: "ThrottlingException" }, "refused");
      }
      if (operation === "DescribeTable" && count === 1) {
        return answerOf(400, { __type: "ResourceNotFoundException" }, "absent");
      }
      const document = operation === "DescribeTable" ? { Table: { TableStatus: "ACTIVE" } } : {};
      return answerOf(200, document, `request ${operation} ${count}`);
    });
    await client.createRequiredTables();
    await spans.stop();
    const created = spans.all().filter(({ attributes }) =>
      attributes["rpc.method"] === "CreateTable"
    );
    assert.equal(created.length, 3, "a call is one span, however often it is repeated");
    const retried = created.filter(({ events }) => events.length > 0);
    assert.ok(retried.length > 0, "none was repeated");
    const [first] = retried;
    assert.equal(first?.name, "DynamoDB.CreateTable");
    assert.equal(first?.kind, "client");
    assert.equal(first?.status, "unset");
    assert.equal(first?.attributes["rpc.system"], "aws-api");
    assert.equal(first?.attributes["rpc.service"], "DynamoDB");
    assert.equal(first?.attributes["http.response.status_code"], 200);
    assert.match(String(first?.attributes["aws.request_id"]), /^request CreateTable/);
    assert.equal(first?.attributes["kinsumer.attempts"], 1 + (first?.events.length ?? 0));
    assert.deepEqual(
      first?.events.map(({ name, attributes }) => [name, attributes["error.type"]])[0],
      ["throttled", "Throttled"],
    );
    const tables = created.map(({ attributes }) => attributes["aws.dynamodb.table_names"]);
    assert.deepEqual(tables.flat().sort(), [
      "billing_checkpoints",
      "billing_clients",
      "billing_metadata",
    ]);
    assert.ok(!JSON.stringify(spans.all()).includes("aSecret"), "credentials are told");
  });

  it("fail with the call", async () => {
    const spans = await recordSpans();
    const client = clientOf(() => answerOf(400, { __type: "AccessDeniedException" }, "refused"));
    await assert.rejects(client.createRequiredTables(), { code: "AccessDenied" });
    await spans.stop();
    assertSpan(spans, {
      name: /^DynamoDB\./,
      status: "error",
      attributes: { "error.type": "AccessDenied", "aws.request_id": "refused" },
    });
  });
});

describe("without an SDK", () => {
  it("nothing is asked and nothing is made", async () => {
    const fleet = createSimulatedFleet({ seed: 1, shards: 1, defaults: PACE });
    let askedCount = 0;
    const a = await fleet.start("a", {
      options: {
        extractContext: () => {
          askedCount++;
          return undefined;
        },
      },
    });
    fleet.put(3);
    await fleet.clock.runUntil(() => fleet.account.isComplete, 5_000);
    await fleet.stop(a);
    assert.equal(askedCount, 0);
  });
});
