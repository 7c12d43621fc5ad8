/**
 * Contract: a run at the edge ends as one of the whole library does, however it ends: by what it
 * cannot start without, by its handler, by its signal; and leaves nothing behind. The stream and the
 * checkpoints alone read, and write on condition.
 *
 * @module
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openTestEnvironment, type TestEnvironment } from "../../testing/environment.ts";
import { FAST_OPTIONS, Fleet } from "../../testing/fleet.ts";
import { Network } from "../../testing/network.ts";
import { systemRuntime } from "../runtime.ts";
import { type EdgeOptions, openCheckpoints, openStream, runOnce } from "./mod.ts";

const LIMIT = { timeout: 60_000 };
const { clock } = systemRuntime();

let environment: TestEnvironment;

function optionsFor(
  { applicationName, streamName }: Pick<Fleet, "applicationName" | "streamName">,
) {
  const { clientRecordMaxAgeMs, shardCheckIntervalMs, throttleDelayMs } = FAST_OPTIONS;
  const fast = { clientRecordMaxAgeMs, shardCheckIntervalMs, throttleDelayMs };
  return { ...environment.clientOptions(), ...fast, streamName, applicationName };
}

describe("runOnce() at the edge", () => {
  before(async () => {
    environment = await openTestEnvironment();
  }, LIMIT);
  after(() => environment.cleanUp());

  it("cannot start without tables, or without a stream", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const startedMs = clock.monotonicMs();
      const noTables = { ...optionsFor(fleet), applicationName: environment.uniqueName("none") };
      await assert.rejects(runOnce(noTables, () => {}), { code: "TableNotFound" });
      const noStream = { ...optionsFor(fleet), streamName: environment.uniqueName("none") };
      await assert.rejects(runOnce(noStream, () => {}), { code: "StreamNotFound" });
      assert.ok(clock.monotonicMs() - startedMs < 20_000, "it took its whole budget to fail");
      assert.deepEqual(await fleet.rows("clients"), []);
    });
  });

  it("ends with what its handler throws; the record comes again", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(10);
      const seen: string[] = [];
      const failing = runOnce(optionsFor(fleet), ({ sequenceNumber }) => {
        if (seen.length === 4) throw new Error("the fifth");
        seen.push(sequenceNumber);
      });
      await assert.rejects(failing, /the fifth/);
      assert.deepEqual(await fleet.rows("clients"), []);
      const { records, reason, isClean } = await runOnce(
        optionsFor(fleet),
        ({ sequenceNumber }) => void seen.push(sequenceNumber),
      );
      assert.deepEqual({ records, reason, isClean }, {
        records: 6,
        reason: "caughtUp",
        isClean: true,
      });
      assert.deepEqual(seen.sort(), fleet.putResults.map((each) => each.sequenceNumber).sort());
    });
  });

  it("costs 21 requests where four shards have nothing new", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 4 }, async (fleet) => {
      await fleet.put(20);
      await runOnce(optionsFor(fleet), () => {});
      const network = new Network();
      const options = { ...optionsFor(fleet), runtime: network.runtime };
      const { records, requests } = await runOnce(options, () => {});
      assert.deepEqual({ records, requests }, { records: 0, requests: 21 });
      assert.deepEqual(Object.fromEntries(network.counts()), {
        BatchGetItem: 1,
        DeleteItem: 1,
        GetRecords: 4,
        GetShardIterator: 4,
        ListShards: 1,
        Scan: 1,
        UpdateItem: 9,
      });
      assert.equal(network.timerCount, 0, "a timer runs on");
    });
  });

  it("goes on with the children of a split, in order", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 2 }, async (fleet) => {
      await fleet.put(60);
      await environment.streams.split(fleet.streamName, "shardId-000000000000");
      await fleet.put(60);
      const seen: string[] = [];
      const { isCaughtUp, shards } = await runOnce(
        optionsFor(fleet),
        ({ sequenceNumber }) => void seen.push(sequenceNumber),
      );
      assert.deepEqual(seen.sort(), fleet.putResults.map((each) => each.sequenceNumber).sort());
      const states = shards.map(({ state }) => state);
      assert.deepEqual(states, ["finished", "caughtUp", "caughtUp", "caughtUp"]);
      assert.equal(isCaughtUp, true);
      assert.deepEqual(await fleet.rows("clients"), []);
    });
  });

  it("ends in order by its signal", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      await fleet.put(50);
      const ending = new AbortController();
      const types: string[] = [];
      const options: EdgeOptions = {
        ...optionsFor(fleet),
        onEvent: ({ type }) => types.push(type),
      };
      const { records, reason, isClean } = await runOnce(options, async () => {
        await clock.sleep(20);
        ending.abort();
      }, { signal: ending.signal });
      assert.equal(reason, "signal");
      assert.ok(records < 50 && isClean, `${records} records, clean: ${isClean}`);
      const told = ["started", "shard-captured", "shard-released", "stopped"];
      assert.deepEqual(told.filter((type) => !types.includes(type)), []);
      const again = await runOnce(optionsFor(fleet), () => {});
      assert.equal(records + again.records, 50);
    });
  });
});

describe("openStream() and openCheckpoints()", () => {
  before(async () => {
    environment = await openTestEnvironment();
  }, LIMIT);
  after(() => environment.cleanUp());

  it("read records, and remember them on condition", LIMIT, async () => {
    await Fleet.with(environment, { shardCount: 1 }, async (fleet) => {
      const [put] = await fleet.put(1);
      const { credentials, dynamodbEndpoint, kinesisEndpoint, region = "" } = environment
        .clientOptions();
      const whom = { credentials, region };
      const { streamName } = fleet;
      const stream = openStream({ ...whom, endpoint: kinesisEndpoint, streamName });
      const tableName = `${fleet.applicationName}_checkpoints`;
      const checkpoints = openCheckpoints({ ...whom, endpoint: dynamodbEndpoint, tableName });
      const [shard] = await stream.listShards();
      const { shardId } = shard!;
      const position = { type: "TRIM_HORIZON" } as const;
      const shardIterator = await stream.getShardIterator({ shardId, position });
      const { records } = await stream.getRecords({ shardId, shardIterator, limit: 10 });
      assert.deepEqual(records.map((each) => each.sequenceNumber), [put!.sequenceNumber]);
      const capture = (clientId: string, lastUpdate: string) =>
        checkpoints.capture({
          shardId,
          owner: { clientId, clientName: clientId },
          observed: undefined,
          lastUpdate,
        });
      const captured = await capture("one", "1700000000000000001");
      assert.ok(captured.outcome === "captured", "nobody had it");
      assert.equal((await capture("other", "1700000000000000002")).outcome, "held");
      const { sequenceNumber } = put!;
      const commit = { observed: captured.checkpoint, sequenceNumber, isReleased: true };
      const committed = await checkpoints.commit({ ...commit, lastUpdate: "1700000000000000003" });
      assert.equal(committed.outcome, "committed");
      const late = await checkpoints.commit({ ...commit, lastUpdate: "1700000000000000004" });
      assert.equal(late.outcome, "conflict");
      assert.equal((await checkpoints.read(shardId))?.sequenceNumber, sequenceNumber);
    });
  });
});
