/**
 * Contract: the one file that npm ships for isolates consumes on workerd, without any module of a
 * runtime: within 50 requests, several runs at once, each going on where one ended; one that is
 * killed loses nothing; its spans arrive where telemetry is brought, and nothing of it is in the file
 * where it is not.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { after, before, describe, it } from "node:test";
import type { EdgeRunOptions, RunOnceResult } from "../../src/edge/mod.ts";
import { eventually } from "../../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../../testing/environment.ts";
import { FAST_OPTIONS, Fleet } from "../../testing/fleet.ts";
import { bundleEdge } from "../bundle.mjs";
import type { EdgeSpan } from "./traced_worker.ts";
import type { EdgeRequest } from "./worker.ts";
import { hasWorkerd, type ServedWorker, serveWorker } from "./workerd.ts";

const LIMIT = { timeout: 60_000 };
const skip = hasWorkerd() ? false : "workerd is not installed: npm run setup";

interface EdgeAnswer {
  readonly error?: string;
  readonly result: RunOnceResult;
  readonly records: readonly Processed[];
  readonly spans?: readonly EdgeSpan[];
}

interface Processed {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

let environment: TestEnvironment;
let worker: ServedWorker;

function optionsFor({ applicationName, streamName }: Fleet): EdgeRequest["options"] {
  const { runtime: _, ...local } = environment.clientOptions() as Record<string, unknown>;
  const { clientRecordMaxAgeMs, idleDelayMs, shardCheckIntervalMs, throttleDelayMs } = FAST_OPTIONS;
  const fast = { clientRecordMaxAgeMs, idleDelayMs, shardCheckIntervalMs, throttleDelayMs };
  return { ...local, ...fast, streamName, applicationName };
}

async function invoke(
  fleet: Fleet,
  run: EdgeRunOptions,
  more: Partial<EdgeRequest> & { readonly on?: ServedWorker } = {},
): Promise<EdgeAnswer> {
  const { on = worker, options, ...rest } = more;
  const body = JSON.stringify({ options: { ...optionsFor(fleet), ...options }, run, ...rest });
  const response = await fetch(on.url, { method: "POST", body });
  const answer = await response.json() as EdgeAnswer;
  assert.equal(answer.error, undefined);
  return answer;
}

/** Every record that was put came once, and no other. */
function assertExactlyOnce(fleet: Fleet, answers: readonly EdgeAnswer[]): void {
  const seen = answers.flatMap(({ records }) => records.map((each) => each.sequenceNumber));
  assert.deepEqual(seen.sort(), fleet.putResults.map((each) => each.sequenceNumber).sort());
}

interface Collector {
  readonly url: string;
  readonly seen: readonly Processed[];
  /** How long it takes to note a record: what is not noted is not processed. */
  delayMs: number;
  readonly server: Server;
}

async function openCollector(): Promise<Collector> {
  const seen: Processed[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      setTimeout(() => {
        if (response.destroyed) return;
        seen.push(JSON.parse(body));
        response.end("noted");
      }, collector.delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null, "no address");
  const url = `http://127.0.0.1:${address.port}/`;
  const collector: Collector = { url, seen, delayMs: 0, server };
  return collector;
}

describe("a worker on workerd", () => {
  before(async () => {
    environment = await openTestEnvironment();
    if (skip === false) worker = await serveWorker("worker");
  }, LIMIT);
  after(async () => {
    await worker?.stop();
    await environment.cleanUp();
  });

  it("runs once, and again", { ...LIMIT, skip }, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      await fleet.put(200);
      const first = await invoke(fleet, { budgetMs: 20_000, maxRequests: 50 });
      assert.equal(first.result.reason, "caughtUp");
      assert.ok(first.result.requests <= 50, `${first.result.requests} requests`);
      await fleet.put(100);
      const second = await invoke(fleet, { budgetMs: 20_000, maxRequests: 50 });
      assertExactlyOnce(fleet, [first, second]);
      await fleet.put(1);
      assertExactlyOnce(fleet, [first, second, await invoke(fleet, { budgetMs: 20_000 })]);
      assert.deepEqual(await fleet.rows("clients"), []);
    });
  });

  it("lets no record pass whose handler failed", { ...LIMIT, skip }, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(5);
      assertExactlyOnce(fleet, [await invoke(fleet, { budgetMs: 20_000 }, { failures: 2 })]);
    });
  });

  it("loses nothing where the isolate is killed, and ends what it began", {
    ...LIMIT,
    skip,
  }, async () => {
    const collector = await openCollector();
    const { url: collectorUrl, seen, server } = collector;
    const evicted = await serveWorker("worker");
    try {
      await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
        await fleet.put(100);
        const options = { ...optionsFor(fleet), commitIntervalMs: 20 };
        collector.delayMs = 200;
        const dying = invoke(fleet, { budgetMs: 60_000 }, { options, collectorUrl, on: evicted });
        const died = assert.rejects(dying, "the run outlived its isolate");
        await eventually("some records are processed", () => seen.length > 4);
        // The next record is in hand for 200 ms, and commits come every 20.
        await new Promise((resolve) => setTimeout(resolve, 100));
        await evicted.stop();
        await died;
        collector.delayMs = 0;
        const before = seen.length;
        assert.ok(before < 100, "it was killed too late");
        assert.equal((await fleet.rows("clients")).length, 1); // nobody said that it was gone
        let answer: EdgeAnswer;
        do {
          answer = await invoke(fleet, { budgetMs: 5_000 }, { collectorUrl });
        } while (!answer.result.isCaughtUp || answer.result.heldShardIds.length > 0);
        const wanted = fleet.putResults.map((each) => each.sequenceNumber).sort();
        const found = seen.map((each) => each.sequenceNumber);
        assert.deepEqual([...new Set(found)].sort(), wanted);
        assert.ok(
          found.length - wanted.length <= before,
          "more came twice than was ever processed",
        );
        assert.ok(found.length < wanted.length + before, "it did not go on from its checkpoints");
        assert.deepEqual(await fleet.rows("clients"), []);
      });
    } finally {
      await evicted.stop();
      server.closeAllConnections();
      server.close();
    }
  });

  it("sends spans where telemetry is brought", { ...LIMIT, skip }, async () => {
    const traced = await serveWorker("traced_worker");
    try {
      await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
        await fleet.put(20);
        const answer = await invoke(fleet, { budgetMs: 20_000 }, { on: traced });
        assertExactlyOnce(fleet, [answer]);
        const spans = answer.spans ?? [];
        const named = (name: string) => spans.filter((each) => each.name === name);
        for (const name of ["capture", "read", "receive", "release"]) {
          assert.ok(named(`${name} ${fleet.streamName}`).length > 0, `no span "${name}"`);
        }
        const ids = new Map(spans.map((each) => [each.spanId, each]));
        const calls = named("Kinesis.GetRecords");
        assert.ok(calls.length > 0, "no span of a call");
        for (const { parentId, traceId } of calls) {
          assert.equal(ids.get(parentId ?? "")?.traceId, traceId, "a call stands alone");
        }
        assert.deepEqual(spans.filter((each) => each.isError), []);
      });
    } finally {
      await traced.stop();
    }
  });

  it("shares the shards with others that run at the same time", { ...LIMIT, skip }, async () => {
    await Fleet.with(environment, { shardCount: 6 }, async (fleet) => {
      await fleet.put(300);
      const runs = [1, 2, 3].map(() => invoke(fleet, { budgetMs: 20_000 }));
      const answers = await Promise.all(runs);
      assertExactlyOnce(fleet, [...answers, await invoke(fleet, { budgetMs: 20_000 })]);
    });
  });

  it("leaves in order where it may make no more requests", { ...LIMIT, skip }, async () => {
    await Fleet.with(environment, { shardCount: 12 }, async (fleet) => {
      await fleet.put(120);
      const answers: EdgeAnswer[] = [];
      const isAll = () => answers.flatMap(({ records }) => records).length >= 120;
      // Each can afford less than a half of the shards, and takes those first that none has had.
      for (let runs = 0; runs < 4 && !isAll(); runs++) {
        answers.push(await invoke(fleet, { budgetMs: 20_000, maxRequests: 40 }));
        const { isClean, requests } = answers.at(-1)!.result;
        assert.ok(requests <= 40 && isClean, `${requests} requests, clean: ${isClean}`);
      }
      assert.ok(answers.length > 1, "there was no need to stop");
      assertExactlyOnce(fleet, answers);
    });
  });
});

describe("the file for isolates", () => {
  it("holds nothing of OpenTelemetry, of CBOR, or of a runtime", async () => {
    const { bytes, inputs } = await bundleEdge();
    const sources = [...inputs].filter(([, size]) => size > 0).map(([path]) => path);
    const foreign = /opentelemetry|src\/(telemetry|statsd|node|cli)\/|cbor|^node:|kinsumer\.ts/;
    assert.deepEqual(sources.filter((path) => foreign.test(path)), []);
    const text = new TextDecoder().decode(bytes);
    assert.doesNotMatch(text, /\bimport\b *["'{(*]/, "it imports something");
    assert.equal(text.startsWith("/*! kinsumer "), true);
  });
});
