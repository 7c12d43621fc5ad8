/**
 * Contract: how a Kinsumer begins. Its constructor sends nothing; `run()` says by a code why it
 * cannot start, and may be tried again; who listens is told what happens.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS, Fleet } from "../testing/fleet.ts";
import { createSimulatedStream } from "../testing/simulation/kinesis.ts";
import { eventually } from "../testing/collect.ts";
import type { KinsumerError } from "./errors.ts";
import { Kinsumer } from "./kinsumer.ts";
import type { KinsumerOptions } from "./options.ts";
import { type Fetch, systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };

let environment: TestEnvironment;

/** A client that is not part of a fleet. */
function create(options: Partial<KinsumerOptions> = {}): Kinsumer {
  const name = environment.uniqueName("alone");
  const names = { streamName: name, applicationName: name };
  return new Kinsumer({ ...environment.clientOptions(), ...FAST_OPTIONS, ...names, ...options });
}

/** Answers each request with the same document, whatever it asks for. */
function answering(status: number, document: unknown): Fetch {
  return () =>
    Promise.resolve({
      status,
      headers: { get: () => null },
      text: () => Promise.resolve(JSON.stringify(document)),
      arrayBuffer: () => Promise.reject(new Error("not used")),
    });
}

describe("Kinsumer", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    "sends nothing, asks for no credentials and sets no timer when it is made",
    LIMIT,
    async () => {
      const calls: string[] = [];
      const note = (what: string) => () => {
        calls.push(what);
        return Promise.reject(new Error(what));
      };
      create({
        credentials: note("credentials"),
        runtime: {
          ...systemRuntime(),
          fetch: note("fetch"),
          clock: { ...clock, sleep: () => (calls.push("sleep"), Promise.resolve()) },
        },
      });
      await clock.sleep(20);
      assert.deepEqual(calls, []);
    },
  );

  it("refuses wrong options at once, all problems in one error", () => {
    const broken = { streamName: 7, throttleDelayMs: 10, colour: "red" };
    assert.throws(() => create(broken as unknown as KinsumerOptions), (error: Error) => {
      assert.ok(error instanceof TypeError);
      for (const part of ["streamName", "throttleDelayMs", "colour"]) {
        assert.ok(error.message.includes(part), part);
      }
      return true;
    });
    assert.throws(() => create({ throttleDelayMs: 10 }), RangeError);
  });

  it("gives each client an ID of its own, or the one that it is told", () => {
    const ids = [create().clientId, create().clientId];
    assert.match(ids[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(ids[0], ids[1]);
    assert.equal(create({ clientId: "mine" }).clientId, "mine");
    assert.equal(create().isLeader, false);
    assert.deepEqual(create().ownedShardIds, []);
  });

  it("run() rejects with TableNotFound, then StreamNotFound, then runs", LIMIT, async () => {
    const streamName = environment.uniqueName("late");
    const kinsumer = create({ streamName, applicationName: streamName });
    await environment.streams.create(streamName, { shardCount: 1 });
    await assert.rejects(kinsumer.run(), (error: KinsumerError) => {
      assert.equal(error.code, "TableNotFound");
      assert.match(error.message, /_(clients|checkpoints|metadata)".*createRequiredTables/);
      return true;
    });
    await kinsumer.createRequiredTables();
    await environment.streams.delete(streamName);
    await assert.rejects(kinsumer.run(), (error: KinsumerError) => {
      assert.equal(error.code, "StreamNotFound");
      assert.ok(error.message.includes(streamName));
      return true;
    });
    await environment.streams.create(streamName, { shardCount: 1 });
    await kinsumer.run();
    await kinsumer.stop();
  });

  it("run() rejects with StreamNotReady while the stream is made or deleted", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const stream = createSimulatedStream({ clock, shards: 1 });
      const { kinsumer } = fleet.create({ kinesis: stream.view() });
      for (const status of ["CREATING", "DELETING"]) {
        stream.setStatus(status);
        await assert.rejects(kinsumer.run(), { code: "StreamNotReady", retryable: true });
      }
      stream.setStatus("UPDATING");
      await kinsumer.run();
    });
  });

  it("run() rejects with TableNotReady while a table is made", LIMIT, async () => {
    const runtime = {
      ...systemRuntime(),
      fetch: answering(200, { Table: { TableStatus: "CREATING" } }),
    };
    const kinesis = createSimulatedStream({ clock, shards: 1 }).view();
    const kinsumer = create({ runtime, kinesis });
    await assert.rejects(kinsumer.run(), { code: "TableNotReady", retryable: true });
  });

  it("run() rejects with what the account lacks", LIMIT, async () => {
    const refusals = [
      ["AccessDeniedException", "AccessDenied"],
      ["UnrecognizedClientException", "CredentialsRejected"],
      ["MissingAuthenticationToken", "CredentialsRejected"],
    ] as const;
    for (const [__type, code] of refusals) {
      const runtime = { ...systemRuntime(), fetch: answering(400, { __type }) };
      const credentials = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "very-secret" };
      await assert.rejects(create({ runtime, credentials }).run(), (error: KinsumerError) => {
        assert.equal(error.code, code);
        assert.equal(error.awsCode, __type);
        assert.ok(!`${error.message} ${error.stack}`.includes("very-secret"));
        return true;
      });
    }
    const env = { ...systemRuntime(), env: () => undefined };
    const bare = create({ runtime: env, credentials: undefined });
    await assert.rejects(bare.run(), { code: "CredentialsMissing" });
  });

  it("run() is refused a second time, while it starts, runs or has stopped", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer } = fleet.create();
      const first = kinsumer.run();
      await assert.rejects(kinsumer.run(), { name: "KinsumerError", code: "AlreadyRunning" });
      await first;
      await assert.rejects(kinsumer.run(), { code: "AlreadyRunning" });
      await kinsumer.stop();
      await assert.rejects(kinsumer.run(), { code: "AlreadyRunning" });
    });
  });

  it("refuses to hand records over before run()", LIMIT, async () => {
    const kinsumer = create();
    await assert.rejects(kinsumer.next(), { name: "KinsumerError", code: "NotRunning" });
    assert.throws(() => kinsumer[Symbol.asyncIterator](), { code: "NotRunning" });
    assert.throws(() => kinsumer.batches(), { code: "NotRunning" });
    await kinsumer.stop();
  });

  it("tells its listener, its logger and its statistics, whatever those throw", LIMIT, async () => {
    const lines: string[] = [];
    const stats = { checkpoint: 0, eventToClient: 0, eventsFromKinesis: 0 };
    const line = (message: string) => {
      lines.push(message);
      throw new Error("the logger is broken");
    };
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(30);
      const { kinsumer } = await fleet.join({
        options: {
          logger: { debug: line, info: line, warn: line, error: line },
          statsReceiver: {
            checkpoint: () => {
              stats.checkpoint++;
              throw new Error("the receiver is broken");
            },
            eventToClient: ({ insertedMs, retrievedMs }) => {
              assert.ok(insertedMs! <= retrievedMs);
              stats.eventToClient++;
              throw new Error("the receiver is broken");
            },
            eventsFromKinesis: ({ count }) => void (stats.eventsFromKinesis += count),
          },
        },
      });
      await fleet.allCollected();
      await eventually("it is committed", () => stats.checkpoint > 0);
      await kinsumer.stop();
      fleet.collector.assertExactlyOnce(fleet.putResults);
      assert.deepEqual({ ...stats, checkpoint: 0 }, {
        checkpoint: 0,
        eventToClient: 30,
        eventsFromKinesis: 30,
      });
      const changes = ["started", "leader-won", "shard-captured", "shard-released", "stopped"];
      for (const change of changes) assert.ok(lines.includes(`kinsumer: ${change}`), change);
    });
  });
});
