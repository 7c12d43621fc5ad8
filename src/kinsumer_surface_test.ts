/**
 * Contract: what a user sees of a record and of a Kinsumer (and what nobody must see), where
 * credentials come from, and that ports of the user's own take the place of the services.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { Collector, eventually, Producer } from "../testing/collect.ts";
import { openTestEnvironment, type TestEnvironment } from "../testing/environment.ts";
import { FAST_OPTIONS, Fleet, textOf } from "../testing/fleet.ts";
import { createSimulatedStream } from "../testing/simulation/kinesis.ts";
import { createSimulatedTables } from "../testing/simulation/tables.ts";
import { Kinsumer } from "./kinsumer.ts";
import { systemRuntime } from "./runtime.ts";

const { clock } = systemRuntime();
const LIMIT = { timeout: 60_000 };

let environment: TestEnvironment;

/** Every way in which a value may be printed here. */
function printed(value: unknown): string {
  const { Deno, Bun } = globalThis as {
    readonly Deno?: { inspect(value: unknown, options: unknown): string };
    readonly Bun?: { inspect(value: unknown, options: unknown): string };
  };
  return [
    String(value),
    JSON.stringify(value),
    JSON.stringify({ ...value as object }),
    inspect(value),
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    Deno?.inspect(value, { depth: 20, showHidden: true, getters: true }),
    Bun?.inspect(value, { depth: 20 }),
  ].join("\n");
}

describe("what a user sees", () => {
  before(async () => {
    environment = await openTestEnvironment();
  });
  after(() => environment.cleanUp());

  it(
    "of a record: its payload in three forms, and all that the stream says of it",
    LIMIT,
    async () => {
      await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
        const { kinsumer } = fleet.create();
        await kinsumer.run();
        const beforeMs = clock.nowMs();
        const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
        const put = await fleet.put([
          { partitionKey: "grün", data: '{"wert": "äöü 🎉"}' },
          { partitionKey: "bytes", data: all },
          { partitionKey: "not json", data: "{" },
        ]);
        const [json, bytes, bad] = [
          (await kinsumer.next())!,
          (await kinsumer.next())!,
          (await kinsumer.next())!,
        ];
        assert.equal(json.shardId, put[0]!.shardId);
        assert.equal(json.sequenceNumber, put[0]!.sequenceNumber);
        assert.match(json.sequenceNumber, /^\d{56}$/);
        assert.equal(json.partitionKey, "grün");
        assert.equal(json.text(), '{"wert": "äöü 🎉"}');
        assert.deepEqual(json.json(), { wert: "äöü 🎉" });
        assert.deepEqual(json.data, new TextEncoder().encode('{"wert": "äöü 🎉"}'));
        assert.ok(json.data instanceof Uint8Array);
        assert.ok(json.approximateArrivalMs! >= beforeMs - 1_000);
        assert.ok(json.approximateArrivalMs! <= clock.nowMs() + 1_000);
        assert.equal(typeof json.lagMs, "number");
        assert.ok(json.encryptionType === undefined || json.encryptionType === "NONE");
        assert.equal(json.signal.aborted, false);
        assert.deepEqual([...bytes.data], [...all]);
        assert.equal(bad.text(), "{");
        assert.throws(() => bad.json(), SyntaxError);
      });
    },
  );

  it("of a printed record or batch: no payload", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const { kinsumer } = fleet.create();
      await kinsumer.run();
      const secret = "patient-4711";
      await fleet.put([{ partitionKey: "a", data: secret }, { partitionKey: "b", data: secret }]);
      const record = (await kinsumer.next())!;
      const { value: batch } = await kinsumer.batches().next();
      const forms = [secret, btoa(secret), new TextEncoder().encode(secret).join(", ")];
      for (const each of [record, batch!, [record], { batch }]) {
        for (const isRead of [false, true]) {
          if (isRead) assert.equal(record.text() + batch!.records[0]!.text(), secret + secret);
          const text = printed(each);
          for (const form of forms) assert.ok(!text.includes(form), `printed: ${form}`);
        }
      }
      batch!.ack();
    });
  });

  it("of a printed Kinsumer: no credentials, before, during and after its run", LIMIT, async () => {
    const credentials = {
      accessKeyId: "AKIAPRINTED",
      secretAccessKey: "secretprinted",
      sessionToken: "tokenprinted",
    };
    const options = environment.isRemote ? {} : { credentials };
    await Fleet.with(environment, { shardCount: 1, options }, async (fleet) => {
      const { kinsumer } = fleet.create();
      const look = () => {
        for (const each of [kinsumer, kinsumer[Symbol.asyncDispose], { kinsumer }]) {
          const text = printed(each);
          for (const part of Object.values(credentials)) assert.ok(!text.includes(part), part);
        }
      };
      look();
      await kinsumer.run();
      const iterator = kinsumer[Symbol.asyncIterator]();
      await fleet.put(3);
      await iterator.next();
      look();
      assert.ok(!printed(iterator).includes(credentials.secretAccessKey));
      await kinsumer.stop({ deadlineMs: 300 });
      look();
    });
  });

  it(
    "of its credentials provider: asked when needed, and again before they expire",
    LIMIT,
    async (t) => {
      if (environment.isRemote) return t.skip("made-up credentials serve local servers only");
      await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
        const lifetimeMs = 2_000;
        const asked: { readonly atMs: number; readonly expiresAtMs: number }[] = [];
        let isAsking = false;
        const { kinsumer, network } = fleet.create({
          credentials: async () => {
            assert.equal(isAsking, false, "asked twice at once");
            isAsking = true;
            const atMs = clock.monotonicMs();
            await clock.sleep(30);
            isAsking = false;
            const accessKeyId = `KEY${asked.length}`;
            asked.push({ atMs, expiresAtMs: clock.monotonicMs() + lifetimeMs });
            const expiration = new Date(clock.nowMs() + lifetimeMs);
            return { accessKeyId, secretAccessKey: "made-up", expiration };
          },
        });
        assert.equal(asked.length, 0);
        await kinsumer.run();
        assert.equal(asked.length, 1, "both services ask for the same ones");
        const users = (key: string) => network.sent.filter((each) => each.accessKeyId === key);
        await eventually("new ones are used", () => users("KEY1").length > 0);
        assert.ok(asked[1]!.atMs < asked[0]!.expiresAtMs, "asked after they had expired");
        const last = users("KEY0").pop()!;
        // What was signed in time may leave a little late.
        assert.ok(last.atMs < asked[0]!.expiresAtMs + 300, "used after they had expired");
        assert.equal(asked.length, 2, "asked more often than needed");
        assert.deepEqual(fleet.events("retried"), []);
      });
    },
  );

  it("with ports of its own: the same promises, and no request at all", LIMIT, async () => {
    const stream = createSimulatedStream({ clock, shards: 4 });
    const tables = createSimulatedTables({ clock });
    const refuse = () => Promise.reject(new Error("a request was sent"));
    const create = () =>
      new Kinsumer({
        ...FAST_OPTIONS,
        streamName: "own",
        applicationName: "own",
        region: "us-east-1",
        kinesis: stream.view(),
        tables: tables.view(),
        runtime: { ...systemRuntime(), fetch: refuse, env: () => undefined },
      });
    const clients = [create(), create()];
    const collector = new Collector();
    const consuming: Promise<void>[] = [];
    try {
      for (const client of clients) {
        await client.run();
        consuming.push(collector.consume(client));
      }
      await eventually(
        "both own two",
        () => clients.every((each) => each.ownedShardIds.length === 2),
      );
      const producer = new Producer();
      const put = producer.make(500).map(({ partitionKey, data }) =>
        stream.put({ partitionKey, data })
      );
      stream.split("shardId-000000000000");
      stream.merge("shardId-000000000002", "shardId-000000000003");
      put.push(
        ...producer.make(500).map(({ partitionKey, data }) => stream.put({ partitionKey, data })),
      );
      await collector.all(put);
      await Promise.all(clients.map((each) => each.stop()));
      await Promise.all(consuming);
      collector.assertExactlyOnce(put);
      for (const row of tables.items("checkpoints")) {
        const last = collector.lastByShard().get(textOf(row["Shard"])!);
        assert.equal(textOf(row["SequenceNumber"]), last);
        assert.equal("OwnerID" in row, false);
      }
      assert.deepEqual(tables.clientRows(), []);
    } finally {
      await Promise.all(clients.map((each) => each.stop({ deadlineMs: 500 })));
    }
  });
});
