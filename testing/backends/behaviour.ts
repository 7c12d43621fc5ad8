/**
 * What a test may expect of a local Kinesis, whichever servers stand behind it: one suite for all.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { Kinsumer } from "../../src/kinsumer.ts";
import type { KinsumerEvent } from "../../src/events.ts";
import { startLocalKinesis } from "../local_kinesis.ts";
import type { LocalKinesis } from "../local_model.ts";
import type { LocalBackend, LocalKinesisOptions } from "../local_options.ts";

/** A container's first start may build its image. */
const LIMIT = { timeout: 120_000 };

/** Describes the behaviour of a backend. */
export function describeBackend(backend: LocalBackend): void {
  describe(`startLocalKinesis() with the backend ${backend}`, () => {
    let local: LocalKinesis;
    const make = (streamName: string, more: object = {}): Kinsumer =>
      new Kinsumer({
        streamName,
        applicationName: streamName,
        ...local.clientOptions(),
        ...more,
      });

    before(async () => {
      local = await startLocalKinesis({ backend });
    }, LIMIT);

    after(async () => {
      await local.stop();
    }, LIMIT);

    it("says which servers it has, and why", LIMIT, () => {
      assert.equal(local.backend, backend);
      assert.equal(local.why, "the options name it");
      assert.match(local.kinesisEndpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.match(local.dynamodbEndpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
    });

    it("goes from a stream to its records", LIMIT, async () => {
      const streamName = await local.createStream({ shards: 2 });
      await local.putRecords(streamName, [{ total: 12 }, { total: 30 }]);
      const records = await local.consumeAll(make(streamName), { until: 2 });
      const totals = records.map((record) => (record.json() as { total: number }).total);
      assert.deepEqual(totals.sort(), [12, 30]);
    });

    it(
      "puts text, bytes and JSON as they are, from any iterable, in order",
      LIMIT,
      async () => {
        const streamName = await local.createStream();
        async function* records(): AsyncGenerator<
          string | Uint8Array | object
        > {
          yield "text";
          yield new Uint8Array([66, 67]);
          yield [1, null];
          yield { data: { data: 1 }, partitionKey: "ann" };
          await Promise.resolve();
          yield { data: "last" };
        }
        const put = await local.putRecords(streamName, records());
        const got = await local.consumeAll(make(streamName), { until: 5 });
        const texts = got.map((record) => record.text());
        assert.deepEqual(texts, [
          "text",
          "BC",
          "[1,null]",
          '{"data":1}',
          "last",
        ]);
        assert.equal(got[3]?.partitionKey, "ann");
        assert.deepEqual(
          got.map((each) => each.sequenceNumber),
          put.map((each) => each.sequenceNumber),
        );
      },
    );

    it(
      "spreads what has no key, and pins what names a shard",
      LIMIT,
      async () => {
        const streamName = await local.createStream({ shards: 4 });
        const count = 1_200; // three calls
        const spread = await local.putRecords(
          streamName,
          Array.from({ length: count }, (_, n) => n),
        );
        assert.equal(spread.length, count);
        assert.equal(new Set(spread.map((each) => each.shardId)).size, 4);
        const shardId = "shardId-000000000002";
        const pinned = await local.putRecords(streamName, [
          { data: 1, shardId },
          {
            data: 2,
            shardId,
          },
        ]);
        assert.deepEqual(pinned.map((each) => each.shardId), [
          shardId,
          shardId,
        ]);
        const nowhere = local.putRecords(streamName, [{
          data: 1,
          shardId: "shardId-000000000009",
        }]);
        await assert.rejects(nowhere, { name: "RangeError" });
      },
    );

    it(
      "splits and merges shards, and records go to the children",
      LIMIT,
      async () => {
        const streamName = await local.createStream({ shards: 2 });
        const children = await local.splitShard(
          streamName,
          "shardId-000000000000",
        );
        assert.deepEqual(children, [
          "shardId-000000000002",
          "shardId-000000000003",
        ]);
        const merged = await local.mergeShards(streamName, [
          "shardId-000000000001",
          "shardId-000000000003",
        ]);
        assert.equal(merged, "shardId-000000000004");
        const closed = { data: 1, shardId: "shardId-000000000000" };
        await assert.rejects(local.putRecords(streamName, [closed]), {
          name: "RangeError",
        });
        await local.putRecords(streamName, [
          { data: "a", shardId: "shardId-000000000002" },
          { data: "b", shardId: merged },
        ]);
        const got = await local.consumeAll(make(streamName), { until: 2 });
        assert.deepEqual(got.map((record) => record.text()).sort(), ["a", "b"]);
        assert.equal((await local.shards(streamName)).length, 5);
      },
    );

    it("shows an application's tables as plain objects", LIMIT, async () => {
      const streamName = await local.createStream();
      const [put] = await local.putRecords(streamName, ["one"]);
      await assert.rejects(local.tables(streamName), { code: "TableNotFound" });
      const kinsumer = make(streamName, { clientName: "ann" });
      let during: Awaited<ReturnType<typeof local.tables>> | undefined;
      const until = async () => {
        during = await local.tables(streamName);
        return true;
      };
      await local.consumeAll(kinsumer, { until });
      assert.equal(during?.clients[0]?.clientName, "ann");
      assert.equal(during.leader?.clientId, kinsumer.clientId);
      assert.deepEqual(during.shardCache?.shardIds, ["shardId-000000000000"]);
      assert.equal(during.checkpoints[0]?.ownerId, kinsumer.clientId);
      const { clients, checkpoints } = await local.tables(streamName);
      assert.deepEqual(clients, []);
      assert.equal(checkpoints[0]?.sequenceNumber, put?.sequenceNumber);
      assert.equal(checkpoints[0]?.ownerId, undefined);
    });

    it("deletes streams, also those that are not there", LIMIT, async () => {
      const streamName = await local.createStream(
        `orders-${crypto.randomUUID()}`,
      );
      await local.waitUntilActive(streamName);
      await local.deleteStream(streamName);
      await local.deleteStream(streamName);
      await assert.rejects(local.shards(streamName), {
        code: "StreamNotFound",
      });
    });

    it(
      "has faults that strike a client and not the test itself",
      LIMIT,
      async () => {
        const streamName = await local.createStream();
        const expired = local.faults.expireIterators({ times: 1 });
        const throttled = local.faults.throttle({
          operation: "GetRecords",
          times: 2,
        });
        await local.putRecords(streamName, ["one"]);
        const failures: (string | undefined)[] = [];
        const onEvent = (event: KinsumerEvent): void => {
          if (event.type === "retried") failures.push(event.error.awsCode);
        };
        await local.consumeAll(make(streamName, { onEvent }), { until: 1 });
        await expired.hit();
        await throttled.hit(2);
        local.faults.clear();
        assert.ok(
          failures.includes("ProvisionedThroughputExceededException"),
          failures.join(),
        );
        assert.ok(
          local.faults.struck.some(({ kind }) => kind === "expired-iterator"),
          "expired",
        );
      },
    );

    it("runs beside another, apart from it", LIMIT, async () => {
      const other = await startLocalKinesis({ backend });
      try {
        const streamName = await other.createStream("orders", { shards: 1 });
        await assert.rejects(local.shards(streamName), {
          code: "StreamNotFound",
        });
        assert.equal(await local.createStream("orders"), "orders");
      } finally {
        await other.stop();
        await local.deleteStream("orders");
      }
    });

    it(
      "listens where it is told to, with faults and without",
      LIMIT,
      async () => {
        for (const faults of [true, false]) {
          const options = { backend, faults };
          const first = await startLocalKinesis(options);
          const ports = { kinesisPort: portOf(first.kinesisEndpoint) };
          const taken = startLocalKinesis({ ...options, ...ports });
          await assert.rejects(taken, {
            name: "LocalKinesisError",
            code: "PortTaken",
          });
          await first.stop();
          const again = await startLocalKinesis({ ...options, ...ports });
          assert.equal(
            portOf(again.kinesisEndpoint),
            ports.kinesisPort,
            `faults: ${faults}`,
          );
          await again.createStream();
          await again.stop();
        }
      },
    );

    it(
      "stops within moments, may stop again, and leaves no port open",
      LIMIT,
      async () => {
        await assertStops({ backend });
        await assertStops({ backend, faults: false });
      },
    );
  });
}

async function assertStops(options: LocalKinesisOptions): Promise<void> {
  const local = await startLocalKinesis(options);
  await local.createStream();
  const startMs = performance.now();
  await local.stop();
  const takenMs = performance.now() - startMs;
  assert.ok(takenMs < 5_000, `it took ${takenMs} ms`);
  await local.stop();
  await local[Symbol.asyncDispose]();
  await assert.rejects(local.createStream(), {
    name: "LocalKinesisError",
    code: "Stopped",
  });
  for (const endpoint of [local.kinesisEndpoint, local.dynamodbEndpoint]) {
    assert.equal(await isListening(portOf(endpoint)), false, endpoint);
  }
}

function portOf(endpoint: string): number {
  return Number(new URL(endpoint).port);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
