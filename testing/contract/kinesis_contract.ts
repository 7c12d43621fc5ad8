/**
 * Says what a stream promises its reader, as tests that any `KinesisApi` can be put through.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KinesisApi, RecordsAnswer } from "../../src/aws/kinesis.ts";
import type { Position, SequenceNumber } from "../../src/model.ts";
import { openedFor } from "./opened.ts";

/** A stream of two shards to try, and what its producers and operators can do to it. */
export interface StreamUnderTest {
  readonly api: KinesisApi;
  put(partitionKey: string, data: string): Promise<{
    readonly shardId: string;
    readonly sequenceNumber: SequenceNumber;
  }>;
  /** Resolves when the stream can be used again. */
  split(shardId: string): Promise<void>;
  /** Resolves when the stream can be used again. */
  merge(shardId: string, adjacentShardId: string): Promise<void>;
  close(): Promise<void>;
}

type Open = () => Promise<StreamUnderTest>;

/** Registers the suite. `open` is called once for each of its parts. */
export function describeKinesisContract(name: string, open: Open): void {
  describe(`reading: ${name}`, () => describeReading(open));
  describe(`resharding: ${name}`, () => describeResharding(open));
}

const TRIM_HORIZON: Position = { type: "TRIM_HORIZON" };
/** Far more reads than any of these shards needs. */
const MOST_READS = 20;

/** Reads on to the end or an empty answer; returns the payloads and the last answer. */
async function readAll(
  api: KinesisApi,
  from: { readonly shardId: string; readonly position?: Position; readonly limit?: number },
): Promise<{ readonly texts: readonly string[]; readonly last: RecordsAnswer }> {
  const { shardId, position = TRIM_HORIZON, limit = 10_000 } = from;
  let shardIterator = await api.getShardIterator({ shardId, position });
  const texts: string[] = [];
  for (let reads = 0; reads < MOST_READS; reads++) {
    const last = await api.getRecords({ shardId, shardIterator, limit });
    assert.ok(last.records.length <= limit);
    texts.push(...last.records.map(({ data }) => new TextDecoder().decode(data)));
    if (last.records.length === 0 || last.nextShardIterator === undefined) return { texts, last };
    shardIterator = last.nextShardIterator;
  }
  throw new Error(`Still not at the end after ${MOST_READS} reads`);
}

async function putSome(
  stream: StreamUnderTest,
  data: readonly string[],
): Promise<{ readonly shardId: string; readonly sequenceNumbers: readonly SequenceNumber[] }> {
  const sequenceNumbers: SequenceNumber[] = [];
  let shardId = "";
  for (const one of data) {
    const put = await stream.put("key", one);
    shardId = put.shardId;
    sequenceNumbers.push(put.sequenceNumber);
  }
  return { shardId, sequenceNumbers };
}

function describeReading(open: Open): void {
  const streamOf = openedFor(open);

  it("listShards() lists two open shards without parents", async () => {
    const shards = await streamOf().api.listShards();
    const shardIds = shards.map(({ shardId }) => shardId).sort();
    assert.deepEqual(shardIds, ["shardId-000000000000", "shardId-000000000001"]);
    for (const shard of shards) {
      assert.match(shard.startingSequenceNumber ?? "", /^\d+$/);
      assert.equal(shard.endingSequenceNumber, undefined);
      assert.equal(shard.parentShardId, undefined);
      assert.equal(shard.adjacentParentShardId, undefined);
    }
  });

  it("describeStream() says ACTIVE", async () => {
    assert.equal((await streamOf().api.describeStream()).status, "ACTIVE");
  });

  it("getRecords() returns what was put, in order, with growing sequence numbers", async () => {
    const stream = streamOf();
    const { api } = stream;
    const { shardId, sequenceNumbers } = await putSome(stream, ["a", "b", "c", "d", "e"]);
    for (const [index, number] of sequenceNumbers.entries()) {
      assert.ok(BigInt(number) > BigInt(sequenceNumbers[index - 1] ?? 0));
    }
    const { texts, last } = await readAll(api, { shardId });
    assert.deepEqual(texts, ["a", "b", "c", "d", "e"]);
    assert.ok(last.nextShardIterator !== undefined, "an open shard has no end");
    assert.equal(last.hasChildShards, false);
    assert.equal(last.lagMs, 0);
    assert.deepEqual((await readAll(api, { shardId, limit: 2 })).texts, texts);

    const shardIterator = await api.getShardIterator({ shardId, position: TRIM_HORIZON });
    const answer = await api.getRecords({ shardId, shardIterator, limit: 10 });
    assert.deepEqual(answer.records.map((record) => record.sequenceNumber), sequenceNumbers);
    assert.equal(answer.records[0]?.partitionKey, "key");
    assert.ok((answer.records[0]?.approximateArrivalMs ?? 0) > 0);
    assert.ok(answer.byteLength > 0);
  });

  it("AFTER_SEQUENCE_NUMBER begins after that record", async () => {
    const stream = streamOf();
    const { shardId, sequenceNumbers } = await putSome(stream, ["f", "g", "h"]);
    const position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: sequenceNumbers[0] ?? "" };
    const from = { shardId, position: position as Position };
    assert.deepEqual((await readAll(stream.api, from)).texts, ["g", "h"]);
  });

  it("AT_SEQUENCE_NUMBER begins with that record", async () => {
    const stream = streamOf();
    const { shardId, sequenceNumbers } = await putSome(stream, ["at 1", "at 2"]);
    const position = { type: "AT_SEQUENCE_NUMBER", sequenceNumber: sequenceNumbers[1] ?? "" };
    const { texts } = await readAll(stream.api, { shardId, position: position as Position });
    assert.deepEqual(texts, ["at 2"]);
  });

  it("AFTER_SEQUENCE_NUMBER of what is no sequence number is InvalidSequenceNumber", async () => {
    const { api } = streamOf();
    const position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: "x" } as const;
    const asking = api.getShardIterator({ shardId: "shardId-000000000000", position });
    await assert.rejects(asking, { code: "InvalidSequenceNumber" });
  });

  it("LATEST begins with the next record, however late the first read", async () => {
    const stream = streamOf();
    const { shardId } = await putSome(stream, ["before"]);
    const position = { type: "LATEST" } as const;
    const shardIterator = await stream.api.getShardIterator({ shardId, position });
    await putSome(stream, ["after"]);
    const answer = await stream.api.getRecords({ shardId, shardIterator, limit: 10 });
    assert.deepEqual(answer.records.map(({ data }) => new TextDecoder().decode(data)), ["after"]);
  });

  it("AT_TIMESTAMP of long ago begins with the first record", async () => {
    const stream = streamOf();
    const { shardId } = await putSome(stream, ["z"]);
    const position = { type: "AT_TIMESTAMP", timestampMs: 1000 } as const;
    const { texts } = await readAll(stream.api, { shardId, position });
    assert.deepEqual(texts, (await readAll(stream.api, { shardId })).texts);
  });

  it("getShardIterator() of a shard that is not listed is StreamNotFound", async () => {
    const request = { shardId: "shardId-000000000099", position: TRIM_HORIZON };
    await assert.rejects(streamOf().api.getShardIterator(request), { code: "StreamNotFound" });
  });
}

function describeResharding(open: Open): void {
  const streamOf = openedFor(open);

  it("a shard that was split ends after its last record and is the parent of two", async () => {
    const stream = streamOf();
    const { shardId } = await putSome(stream, ["before 1", "before 2"]);
    await stream.split(shardId);
    const put = await stream.put("key", "after");
    assert.notEqual(put.shardId, shardId);

    const { texts, last } = await readAll(stream.api, { shardId });
    assert.deepEqual(texts, ["before 1", "before 2"]);
    assert.equal(last.nextShardIterator, undefined);
    const shards = await stream.api.listShards();
    const parent = shards.find((shard) => shard.shardId === shardId);
    assert.match(parent?.endingSequenceNumber ?? "", /^\d+$/);
    const children = shards.filter((shard) => shard.parentShardId === shardId);
    assert.equal(children.length, 2);
    assert.ok(children.some((child) => child.shardId === put.shardId));
    assert.deepEqual((await readAll(stream.api, { shardId: put.shardId })).texts, ["after"]);
  });

  it("two shards that were merged are the parents of one", async () => {
    const stream = streamOf();
    const open = (await stream.api.listShards()).filter(
      ({ endingSequenceNumber }) => endingSequenceNumber === undefined,
    );
    const [one, other] = open
      .filter(({ parentShardId }) => parentShardId !== undefined)
      .map(({ shardId }) => shardId)
      .sort();
    assert.ok(one !== undefined && other !== undefined);
    await stream.merge(one, other);
    const child = (await stream.api.listShards()).find((shard) => shard.parentShardId === one);
    assert.equal(child?.adjacentParentShardId, other);
    const put = await stream.put("key", "merged");
    assert.equal(put.shardId, child?.shardId);
    for (const shardId of [one, other]) {
      assert.equal((await readAll(stream.api, { shardId })).last.nextShardIterator, undefined);
    }
  });
}
