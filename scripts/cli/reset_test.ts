// Contract: after a reset a real consumer begins where the reset said, whatever its startAt is, and
// nothing is skipped that was not meant to be; a released shard goes on from its checkpoint. A row
// that changed since it was shown is not written; an owner that lives after all loses the shard.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Kinsumer, type KinsumerOptions } from "../../mod.ts";
import { createDynamoDbApi } from "../../src/aws/dynamodb.ts";
import { createAwsCall } from "../../src/aws/call.ts";
import { createCredentialsSource } from "../../src/aws/credentials.ts";
import type { DynamoDbApi } from "../../src/aws/dynamodb_api.ts";
import { removeOwner, rewriteStart } from "../../src/cli/checkpoint_edits.ts";
import { createCheckpointsTable } from "../../src/tables/checkpoints.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { eventually } from "../../testing/collect.ts";
import { FAST_OPTIONS } from "../../testing/fleet.ts";
import {
  type EmbeddedServers,
  openStreams,
  startEmbeddedServers,
  type Streams,
} from "../../testing/mod.ts";
import { endCommands, runCli } from "./run_cli.ts";

const SLOW = { timeout: 90_000 };
const SIGNAL = new AbortController().signal;

describe("after a reset", () => {
  const runtime = systemRuntime();
  let servers: EmbeddedServers;
  let streams: Streams;
  let dynamodb: DynamoDbApi;
  let env: Record<string, string>;
  let count = 0;

  before(async () => {
    servers = await startEmbeddedServers();
    streams = openStreams(servers);
    const { dynamodbEndpoint: endpoint, region } = servers;
    const credentials = createCredentialsSource({ credentials: servers.credentials, runtime });
    const service = "dynamodb" as const;
    const call = createAwsCall({
      service,
      endpoint,
      region,
      credentials,
      runtime,
      timeoutMs: 5_000,
    });
    dynamodb = createDynamoDbApi({ call, clock: runtime.clock, random: runtime.random });
    env = {
      KINSUMER_KINESIS_ENDPOINT: servers.kinesisEndpoint,
      KINSUMER_DYNAMODB_ENDPOINT: servers.dynamodbEndpoint,
    };
  }, SLOW);

  after(async () => {
    await endCommands();
    await servers.stop();
  });

  /** Consumes until `isEnough`, and stops in order. */
  async function consume(
    name: string,
    isEnough: (texts: readonly string[]) => boolean,
    options: Partial<KinsumerOptions> = {},
  ): Promise<readonly string[]> {
    const { stop: _, ...local } = servers;
    const names = { streamName: name, applicationName: name };
    const kinsumer = new Kinsumer({ ...local, ...FAST_OPTIONS, ...names, ...options });
    await kinsumer.createRequiredTables();
    await kinsumer.run();
    const texts: string[] = [];
    const consuming = (async () => {
      for await (const record of kinsumer) texts.push(record.text());
    })();
    try {
      await eventually(`enough of ${name}: ${texts}`, () => isEnough(texts), 20_000);
    } finally {
      await kinsumer.stop();
    }
    await consuming;
    return texts;
  }

  async function reset(name: string, ...args: readonly string[]): Promise<string> {
    const all = ["reset", "-s", name, "-a", name, ...args];
    const { code, stdout, stderr } = await runCli(all, { env }).ended;
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  }

  /** A stream with a shard that was split: "a" in the parent, "b" in the children, all processed. */
  async function processed(): Promise<string> {
    const name = `reset-${++count}`;
    await streams.create(name, { shardCount: 1 });
    await streams.put(name, [{ partitionKey: "k", data: "a" }]);
    await streams.split(name, "shardId-000000000000");
    await streams.put(name, [{ partitionKey: "k", data: "b" }]);
    assert.deepEqual(await consume(name, (texts) => texts.length === 2), ["a", "b"]);
    return name;
  }

  for (const startAt of ["horizon", "latest"] as const) {
    it(`to the horizon, all is read again in order, with startAt ${startAt}`, SLOW, async () => {
      const name = await processed();
      const tableName = `${name}_checkpoints`;
      const table = createCheckpointsTable({ api: dynamodb, tableName, clock: runtime.clock });
      const shown = await reset(name, "--to", "horizon");
      assert.match(shown, /0 {2}finished +→ {2}horizon {2}not written/);
      assert.match(await reset(name, "--to", "horizon", "--yes"), /written/);
      for (const row of await table.list()) {
        const { sequenceNumber, processedThroughMs, ownerId, isFinished } = row;
        const told = { sequenceNumber, processedThroughMs, ownerId, isFinished };
        const nothing = {
          sequenceNumber: undefined,
          processedThroughMs: undefined,
          ownerId: undefined,
        };
        assert.deepEqual(
          told,
          { ...nothing, isFinished: false },
          "the row tells of what was before",
        );
      }
      const texts = await consume(name, (found) => found.length >= 2, { startAt });
      assert.deepEqual(texts, ["a", "b"]);
    });
  }

  it("without --yes, nothing has changed", SLOW, async () => {
    const name = await processed();
    await reset(name, "--to", "horizon");
    await streams.put(name, [{ partitionKey: "k", data: "c" }]);
    assert.deepEqual(await consume(name, (texts) => texts.length > 0), ["c"]);
  });

  it("to a time, what came before it is not read", SLOW, async () => {
    const name = await processed();
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // kinesalite counts seconds
    const moment = new Date().toISOString();
    await streams.put(name, [{ partitionKey: "k", data: "c" }]);
    await consume(name, (texts) => texts.includes("c"));
    await reset(name, "--to", moment, "--shard", "1,2", "--yes");
    await streams.put(name, [{ partitionKey: "k", data: "d" }]);
    const texts = await consume(name, (found) => found.includes("d"));
    assert.deepEqual(texts, ["c", "d"]);
  });

  it("to the tip, only what comes later is read", SLOW, async () => {
    const name = await processed();
    await streams.put(name, [{ partitionKey: "k", data: "skipped" }]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await reset(name, "--to", "latest", "--yes");
    await streams.put(name, [{ partitionKey: "k", data: "e" }]);
    assert.deepEqual(await consume(name, (texts) => texts.length > 0), ["e"]);
  });

  it(
    "to a sequence number, what comes after it is read; a foreign one is refused",
    SLOW,
    async () => {
      const name = `reset-${++count}`;
      await streams.create(name, { shardCount: 1 });
      const put = await streams.put(
        name,
        ["a", "b", "c"].map((data) => ({ partitionKey: "k", data })),
      );
      await consume(name, (texts) => texts.length === 3);
      await reset(name, "--to", put[0]!.sequenceNumber, "--shard", "0", "--yes");
      assert.deepEqual(await consume(name, (texts) => texts.length === 2), ["b", "c"]);
      const args = [
        "reset",
        "-s",
        name,
        "-a",
        name,
        "--shard",
        "0",
        "--to",
        "1".repeat(40),
        "--yes",
      ];
      const { code, stderr } = await runCli(args, { env }).ended;
      assert.deepEqual([code, /outside of shard/.test(stderr)], [2, true]);
    },
  );

  it(
    "by force, the owner that lives loses the shard, and reads from the new place",
    SLOW,
    async () => {
      const name = `reset-${++count}`;
      await streams.create(name, { shardCount: 1 });
      await streams.put(name, ["a", "b"].map((data) => ({ partitionKey: "k", data })));
      let hasReset = false;
      const texts = await consume(name, (found) => {
        if (found.length >= 2 && !hasReset) {
          hasReset = true;
          void reset(name, "--to", "horizon", "--force", "--yes").then(() =>
            streams.put(name, [{ partitionKey: "k", data: "c" }])
          );
        }
        return found.filter((text) => text === "a").length === 2 && found.includes("c");
      });
      assert.deepEqual(texts.slice(0, 2), ["a", "b"]);
      assert.deepEqual(texts.slice(-3), ["a", "b", "c"]);
    },
  );

  it("a row that was written since it was shown stays as it is", SLOW, async () => {
    const name = await processed();
    const editing = { dynamodb, tableName: `${name}_checkpoints`, runtime };
    const { tableName } = editing;
    const table = createCheckpointsTable({ api: dynamodb, tableName, clock: runtime.clock });
    const shardId = "shardId-000000000001";
    const shown = (await table.read(shardId))!;
    const outcome = await table.capture({
      shardId,
      owner: { clientId: "other", clientName: "other" },
      observed: shown,
      lastUpdate: String(BigInt(shown.lastUpdate) + 1n),
    });
    assert.equal(outcome.outcome, "captured");
    const after = { startAtMs: 1, isFinished: false };
    assert.equal(await rewriteStart(editing, { shardId, before: shown, after }, SIGNAL), false);
    assert.equal(await removeOwner(editing, shown, SIGNAL), false);
    const missing = { shardId, before: undefined, after };
    assert.equal(await rewriteStart(editing, missing, SIGNAL), false);
    const row = (await table.read(shardId))!;
    assert.deepEqual([row.ownerId, row.sequenceNumber], ["other", shown.sequenceNumber]);

    // Nobody of that name is in the clients table: it is not alive.
    const release = ["release", "-a", name, "--shard", "1", "--json"];
    const released = await runCli(release, { env }).ended;
    assert.equal(released.code, 0, released.stderr);
    assert.equal(JSON.parse(released.stdout).outcome, "released");
    const free = (await table.read(shardId))!;
    assert.deepEqual([free.ownerId, free.sequenceNumber], [undefined, shown.sequenceNumber]);
    const again = JSON.parse((await runCli(release, { env }).ended).stdout);
    assert.equal(again.outcome, "had no owner");
  });
});
