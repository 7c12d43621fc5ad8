/**
 * Contract: of a packed record each part reaches the handler once, in order, and the record is
 * processed when all of them are, not before; one that is tried again goes on at the part that
 * failed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Kinsumer } from "../../mod.ts";
import { aggregateOf } from "../../testing/packing.ts";
import { simulateKinesis } from "../../testing/simulated.ts";
import { runOnce as runOnceAtEdge } from "../edge/mod.ts";
import type { KinsumerRecord } from "../model.ts";
import { runOnce } from "../run_once.ts";
import { deaggregate, deaggregated, type UserRecord } from "./mod.ts";

const LIMIT = { timeout: 30_000 };
const encode = (text: string) => new TextEncoder().encode(text);

/** Several texts, packed into one payload; each is its own partition key. */
function packed(...texts: readonly string[]): Uint8Array {
  return aggregateOf(texts.map((text) => ({ partitionKey: text, data: encode(text) })));
}

function recordOf(data: Uint8Array): { readonly record: KinsumerRecord; acks(): number } {
  let acks = 0;
  const record: KinsumerRecord = {
    id: "orders/shardId-0/7",
    shardId: "shardId-0",
    sequenceNumber: "7",
    partitionKey: "outer",
    data,
    approximateArrivalMs: 1_000,
    encryptionType: "KMS",
    lagMs: 20,
    signal: new AbortController().signal,
    text: () => new TextDecoder().decode(data),
    json: () => assert.fail("nobody asks"),
    ack: () => void acks++,
  };
  return { record, acks: () => acks };
}

/** A world whose one shard holds these payloads. */
function worldOf(...payloads: readonly unknown[]) {
  const simulated = simulateKinesis();
  simulated.putRecords(payloads);
  const options = { ...simulated.clientOptions(), applicationName: "kpl" };
  return { simulated, options };
}

describe("deaggregate()", () => {
  it("gives each part its own key, payload and ID, and the record's place in the stream", () => {
    const { record } = recordOf(packed("1", '{"a":2}'));
    const parts = deaggregate(record);
    const [, second] = parts;
    assert.deepEqual(parts.map(({ id }) => id), ["orders/shardId-0/7/0", "orders/shardId-0/7/1"]);
    assert.deepEqual(parts.map(({ subSequenceNumber }) => subSequenceNumber), [0, 1]);
    assert.equal(second?.partitionKey, '{"a":2}');
    assert.equal(second.text(), '{"a":2}');
    assert.deepEqual(second.json(), { a: 2 });
    const { shardId, sequenceNumber, approximateArrivalMs, encryptionType, lagMs } = second;
    assert.deepEqual([shardId, sequenceNumber, approximateArrivalMs], ["shardId-0", "7", 1_000]);
    assert.deepEqual([encryptionType, lagMs, second.signal], ["KMS", 20, record.signal]);
  });

  it("gives what is no aggregate as it is", () => {
    const { record, acks } = recordOf(encode("plain"));
    const [only, ...others] = deaggregate(record);
    assert.deepEqual(others, []);
    assert.equal(only?.id, record.id);
    assert.equal(only.partitionKey, "outer");
    assert.equal(only.text(), "plain");
    assert.equal(only.subSequenceNumber, undefined);
    only.ack();
    assert.equal(acks(), 1);
  });

  it("acknowledges the record when all of its parts are, in any order, and not before", () => {
    const { record, acks } = recordOf(packed("a", "b", "c"));
    const [a, b, c] = deaggregate(record);
    for (const part of [c, a, a, c]) part?.ack();
    assert.equal(acks(), 0);
    b?.ack();
    b?.ack();
    assert.equal(acks(), 1);
  });

  it("acknowledges a record in which nothing is packed: nobody else will", () => {
    const { record, acks } = recordOf(packed());
    assert.deepEqual(deaggregate(record), []);
    assert.equal(acks(), 1);
  });

  it("holds a checkpoint back until every part is acknowledged", LIMIT, async () => {
    const { simulated, options } = worldOf(packed("a", "b"), packed("c", "d"));
    await using kinsumer = new Kinsumer({ ...options, acknowledge: "manual" });
    await kinsumer.run();
    const seen: string[] = [];
    for await (const record of kinsumer) {
      for (const part of deaggregate(record)) {
        seen.push(part.text());
        if (part.text() !== "d") part.ack();
      }
      if (seen.length === 4) break;
    }
    await kinsumer.stop();
    const again: string[] = [];
    await runOnce(options, deaggregated((part) => void again.push(part.text())));
    assert.deepEqual([seen, again], [["a", "b", "c", "d"], ["c", "d"]]);
    assert.ok(simulated.checkpoints().length > 0, "something was checkpointed");
  });
});

describe("deaggregated()", () => {
  for (const [name, run] of Object.entries({ runOnce, runOnceAtEdge })) {
    it(`hands each part to the handler of ${name}(), in order`, LIMIT, async () => {
      const { options } = worldOf(packed("a", "b"), "plain", packed("c"));
      const seen: string[] = [];
      const result = await run(options, deaggregated((part) => void seen.push(part.text())));
      assert.deepEqual(seen, ["a", "b", "plain", "c"]);
      assert.deepEqual([result.records, result.isCaughtUp], [3, true]);
    });
  }

  it("goes on at the part that failed when the record is tried again", LIMIT, async () => {
    const { options } = worldOf(packed("a", "b", "c"));
    await using kinsumer = new Kinsumer(options);
    await kinsumer.run();
    const calls: (readonly [string, number])[] = [];
    const handler = (part: UserRecord, { attempt }: { readonly attempt: number }) => {
      calls.push([part.text(), attempt]);
      if (part.text() === "b" && attempt < 3) throw new Error("not yet");
      if (part.text() === "c") void kinsumer.stop();
    };
    const counts = await kinsumer.process(deaggregated(handler));
    assert.deepEqual(calls, [["a", 1], ["b", 1], ["b", 2], ["b", 3], ["c", 3]]);
    assert.deepEqual([counts.processed, counts.failures], [1, 2]);
  });

  it("forgets the oldest of more than a thousand records that failed half-way", async () => {
    const seen: string[] = [];
    const handle = deaggregated(({ id, subSequenceNumber }) => {
      if (subSequenceNumber === 1) throw new Error("always");
      seen.push(id);
    });
    const { signal } = new AbortController();
    const fail = async (id: number) => {
      const { record } = recordOf(packed("a", "b"));
      await assert.rejects(handle({ ...record, id: String(id) }, { signal }), /always/);
    };
    for (let id = 0; id <= 1_000; id++) await fail(id);
    seen.length = 0;
    await fail(1); // is remembered
    await fail(0); // is not
    assert.deepEqual(seen, ["0/0"]);
  });

  it("gives a record that cannot be processed to the dead letter whole", LIMIT, async () => {
    const { options } = worldOf(packed("a", "poison", "c"), packed("d"));
    const letters: number[] = [];
    const seen: string[] = [];
    const onFailure = {
      attempts: 2,
      deadLetter: (record: KinsumerRecord) => letters.push(deaggregate(record).length),
    };
    await runOnce(
      options,
      deaggregated((part) => {
        if (part.text() === "poison") throw new Error("poison");
        seen.push(part.text());
      }),
      { process: { onFailure } },
    );
    assert.deepEqual([letters, seen], [[3], ["a", "d"]]);
  });

  it("begins no user record once the work is in vain", async () => {
    const losing = new AbortController();
    const seen: string[] = [];
    const handle = deaggregated((part) => {
      seen.push(part.text());
      losing.abort(new Error("lost"));
    });
    const { record } = recordOf(packed("a", "b"));
    await assert.rejects(handle(record, { signal: losing.signal }), /lost/);
    assert.deepEqual(seen, ["a"]);
  });
});
