/**
 * Contract: the guides for those who come from elsewhere are true. What they say to put in place of
 * one's own code consumes a stream; what they say to do with another library's checkpoints goes on
 * behind them, shard by shard, and repeats nothing that was done.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../../testing/collect.ts";
import { startEmbeddedServers } from "../../testing/local_servers.ts";
import { openStreams } from "../../testing/streams.ts";
import { startExample } from "./examples.ts";
import { fencedBlocks } from "./markdown.mjs";

const LIMIT = { timeout: 60_000 };
const HANDLE = "const handle = async (work: unknown) => console.log(JSON.stringify(work));\n";

/** A record of the stream, as it was put. */
interface Put {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly order: number;
}

/** What stands in a file that another library's table was taken down to. */
type Checkpoints = (
  done: ReadonlyMap<string, string | undefined>,
) => Readonly<Record<string, string>>;

function blockWith(guide: string, text: string): string {
  for (const { language, code } of fencedBlocks(guide)) {
    if (language === "ts" && code.includes(text)) return code;
  }
  throw new Error(`${guide} has no block with ${text}`);
}

async function consume(
  code: string,
  puts: { readonly shards: number; readonly records: number },
  checkpoints?: Checkpoints,
): Promise<{ readonly printed: readonly number[]; readonly expected: readonly number[] }> {
  const servers = await startEmbeddedServers();
  try {
    const streams = openStreams(servers);
    await streams.create("orders", { shardCount: puts.shards });
    const orders = Array.from({ length: puts.records }, (_, order) => order);
    const answers = await streams.put(
      "orders",
      orders.map((order) => ({ data: JSON.stringify(order), partitionKey: `key ${order}` })),
    );
    const all = answers.map((answer, order): Put => ({ ...answer, order }));
    const done = checkpoints === undefined ? new Map() : halves(all);
    const expected = all.filter((put) => !isDone(put, done)).map(({ order }) => order);
    const example = startExample(HANDLE + code, {
      modules: { kinsumer: "scripts/docs/local_kinsumer.ts" },
      files: checkpoints?.(done) ?? {},
      env: {
        AWS_REGION: servers.region,
        KINSUMER_KINESIS_ENDPOINT: servers.kinesisEndpoint,
        KINSUMER_DYNAMODB_ENDPOINT: servers.dynamodbEndpoint,
      },
    });
    const lines = () => example.output().split("\n").filter((line) => line !== "");
    try {
      await eventually("every record is printed", () => lines().length >= expected.length, 40_000);
      example.kill("SIGTERM");
      assert.equal(await example.ended, 0);
    } catch (cause) {
      throw new Error(`The example failed; it printed:\n${example.output()}`, { cause });
    } finally {
      example.kill("SIGKILL");
      await example.ended;
    }
    return { printed: lines().map(Number).sort((a, b) => a - b), expected };
  } finally {
    await servers.stop();
  }
}

/** Half of each shard but the last is done; of that, nothing. */
function halves(all: readonly Put[]): ReadonlyMap<string, string | undefined> {
  const shardIds = [...new Set(all.map(({ shardId }) => shardId))].sort();
  return new Map(shardIds.map((shardId, index) => {
    const numbers = all.filter((put) => put.shardId === shardId).map((put) => put.sequenceNumber);
    numbers.sort((a, b) => BigInt(a) < BigInt(b) ? -1 : 1);
    const isLast = index === shardIds.length - 1;
    return [shardId, isLast ? undefined : numbers[Math.floor(numbers.length / 2)]];
  }));
}

function isDone(put: Put, done: ReadonlyMap<string, string | undefined>): boolean {
  const through = done.get(put.shardId);
  return through !== undefined && BigInt(put.sequenceNumber) <= BigInt(through);
}

const SIZE = { shards: 3, records: 60 };

describe("the guides", () => {
  for (const name of ["kcl", "lifion", "an-sdk-loop"]) {
    it(`from ${name}: what comes after consumes the stream`, LIMIT, async () => {
      const after = blockWith(`docs/migrating-from-${name}.md`, "createRequiredTables")
        .replace('  region: "eu-west-1",\n', ""); // that of the local servers
      const { printed, expected } = await consume(after, SIZE);
      assert.deepEqual(printed, expected);
    });
  }

  for (const beginning of ["TRIM_HORIZON", "LATEST"]) { // of the shard of which nothing is done
    const name =
      `from kcl: the new program goes on behind the leases' checkpoints, or ${beginning}`;
    it(name, LIMIT, async () => {
      const code = blockWith("docs/migrating-from-kcl.md", "leases.json");
      const { printed, expected } = await consume(code, SIZE, (done) => ({
        "leases.json": JSON.stringify({
          Items: [...done].map(([shardId, sequenceNumber]) => ({
            leaseKey: { S: shardId },
            checkpoint: { S: sequenceNumber ?? beginning },
            checkpointSubSequenceNumber: { N: "0" },
            leaseCounter: { N: "17" },
          })),
        }),
      }));
      assert.ok(expected.length < SIZE.records, "the leases say that nothing is done");
      assert.deepEqual(printed, expected);
    });
  }

  it("from lifion: the new program goes on behind the item's checkpoints", LIMIT, async () => {
    const code = blockWith("docs/migrating-from-lifion.md", "state.json");
    const { printed, expected } = await consume(code, SIZE, (done) => ({
      "state.json": JSON.stringify({
        Item: {
          shards: {
            M: Object.fromEntries(
              [...done].map(([shardId, sequenceNumber]) => [shardId, {
                M: {
                  checkpoint: sequenceNumber === undefined ? { NULL: true } : { S: sequenceNumber },
                  depleted: { BOOL: false },
                },
              }]),
            ),
          },
        },
      }),
    }));
    assert.ok(expected.length < SIZE.records, "the item says that nothing is done");
    assert.deepEqual(printed, expected);
  });
});
