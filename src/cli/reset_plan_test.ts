// Contract: a reset touches what it was asked for and nothing else, says why it leaves a shard, and
// is refused while anybody may be alive. Liveness is found out by watching, as in the fleet.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulatedClock } from "../../testing/simulation/clock.ts";
import type { Checkpoint, ClientRow, Shard } from "../model.ts";
import {
  judgeCapacity,
  judgeClock,
  judgeStream,
  judgeTable,
  judgeThrottleDelay,
  policyFor,
} from "./doctor_checks.ts";
import { streamArn, tableArn } from "./doctor_probes.ts";
import { findLiving } from "./living.ts";
import type { Place } from "./moment.ts";
import { resetLines } from "./reset.ts";
import { chooseShards, planReset, startInWords } from "./reset_plan.ts";
import { widthOf } from "./spans.ts";

const id = (place: number): string => `shardId-${String(place).padStart(12, "0")}`;
const SHARDS: readonly Shard[] = [
  { shardId: id(1), parentShardId: id(0) },
  { shardId: id(0), endingSequenceNumber: "9" },
  { shardId: id(2), endingSequenceNumber: "9" },
];
const ROWS: readonly Checkpoint[] = [
  { shardId: id(0), lastUpdate: "1", isFinished: true, sequenceNumber: "9" },
  { shardId: id(1), lastUpdate: "1", isFinished: false, sequenceNumber: "12", ownerId: "dead" },
  { shardId: id(7), lastUpdate: "1", isFinished: false },
];
const NOW_MS = 1_000_000;

function plan(place: Place, more: { shardIds?: readonly string[]; hasLiving?: boolean } = {}) {
  const facts = { shardIds: [], hasLiving: false, nowMs: NOW_MS, ...more };
  return planReset({ place, shards: SHARDS, checkpoints: ROWS, ...facts });
}

function words(...args: Parameters<typeof plan>): readonly string[] {
  return plan(...args).map((step) =>
    `${Number(step.shardId.slice(8))}: ${
      step.action === "write" ? startInWords(step.after) : step.reason
    }`
  );
}

describe("planReset()", () => {
  it("puts all listed shards back, finished ones and those without a row included", () => {
    assert.deepEqual(words({ type: "horizon" }), ["0: horizon", "1: horizon", "2: horizon"]);
    const time = { type: "time", timestampMs: 5_000 } as const;
    const from = "from 1970-01-01T00:00:05.000Z";
    assert.deepEqual(words(time), [`0: ${from}`, `1: ${from}`, `2: ${from}`]);
  });

  it("skips to the tip: open shards from now on, closed ones finished", () => {
    assert.deepEqual(words({ type: "latest" }), [
      "0: finished: there is nothing to skip",
      "1: from 1970-01-01T00:16:40.000Z",
      "2: finished",
    ]);
    const [, open] = plan({ type: "latest" });
    assert.deepEqual(open?.action === "write" && open.after, {
      sequenceNumber: "LATEST",
      startAtMs: NOW_MS,
      isFinished: false,
    });
  });

  it("leaves finished shards while a client is alive, whose leader remembers them", () => {
    const [first, second] = words({ type: "horizon" }, { hasLiving: true });
    assert.match(first!, /clients are alive/);
    assert.equal(second, "1: horizon");
  });

  it("takes a sequence number for one shard only", () => {
    const place = { type: "sequence", sequenceNumber: "10" } as const;
    assert.deepEqual(words(place, { shardIds: ["1"] }), ["1: after 10"]);
    assert.throws(() => plan(place), /one --shard/);
    assert.throws(() => plan(place, { shardIds: ["1", "2"] }), /one --shard/);
  });

  it("finds shards by ID and by number, and no others", () => {
    assert.deepEqual(chooseShards(SHARDS, ["2", id(0)]).map((each) => each.shardId), [
      id(2),
      id(0),
    ]);
    assert.throws(() => chooseShards(SHARDS, ["7"]), /no shard "7"/);
  });
});

describe("findLiving()", () => {
  const START_MS = Date.UTC(2026, 0, 31);
  const row = (clientId: string, atMs: number, maxAgeMs: number | undefined): ClientRow => ({
    clientId,
    lastUpdate: `${START_MS + atMs}000000`,
    maxAgeMs,
  });
  /** @param rows what the table has at a moment, in milliseconds since the beginning */
  const find = async (rows: (nowMs: number) => readonly ClientRow[]) => {
    const time = createSimulatedClock({ startMs: START_MS });
    const { clock } = time;
    let isOver = false;
    const finding = findLiving({
      clock,
      read: () => Promise.resolve(rows(clock.monotonicMs())),
      signal: new AbortController().signal,
      onWait: () => {},
    }).finally(() => isOver = true);
    await time.runUntil(() => isOver, 400_000);
    return { found: await finding, elapsedMs: clock.monotonicMs() };
  };

  it("knows at once that an empty table has nobody", async () => {
    assert.deepEqual(await find(() => []), { found: undefined, elapsedMs: 0 });
  });

  it("sees a client beat, however old its clock says it is", async () => {
    const { found, elapsedMs } = await find((nowMs) => [
      row("dead", 0, 7_500),
      row("skewed", -3_600_000 + Math.floor(nowMs / 1500), 7_500),
    ]);
    assert.equal(found?.clientId, "skewed");
    assert.ok(elapsedMs >= 1_500 && elapsedMs < 2_000, `${elapsedMs} ms`);
  });

  it("watches a silent row for its whole age", async () => {
    const { found, elapsedMs } = await find(() => [row("dead", 0, 7_500)]);
    assert.equal(found, undefined);
    assert.ok(elapsedMs >= 7_500 && elapsedMs < 8_100, `${elapsedMs} ms`);
  });

  it("takes a client that registers meanwhile for alive", async () => {
    const { found } = await find((nowMs) => [
      row("dead", 0, 7_500),
      ...(nowMs > 3_000 ? [row("new", 3_000, 7_500)] : []),
    ]);
    assert.equal(found?.clientId, "new");
  });

  it("watches a Go client for five minutes, and not one that is long gone", async () => {
    assert.ok((await find(() => [row("go", 0, undefined)])).elapsedMs >= 300_000, "too soon");
    assert.equal((await find(() => [row("go", -1_000_000, undefined)])).elapsedMs, 0);
  });
});

describe("the doctor's verdicts", () => {
  it("on the clock", () => {
    assert.equal(judgeClock(undefined).state, "unknown");
    assert.equal(judgeClock(-1_999).words, "agrees with the service's");
    assert.equal(judgeClock(60_000).words, "is 60 s behind the service's");
    assert.equal(judgeClock(60_000).state, "ok");
    assert.equal(judgeClock(-61_000).state, "warning");
    assert.match(judgeClock(-61_000).words, /61 s ahead/);
  });

  it("on the stream", () => {
    const stream = {
      streamName: "orders",
      status: "ACTIVE",
      openShardCount: 1,
      retentionHours: 24,
      consumerCount: 0,
      mode: "ON_DEMAND",
      encryption: "NONE",
    };
    assert.equal(
      judgeStream(stream).words,
      '"orders" is ACTIVE: 1 open shard, keeps 24 h, on-demand',
    );
    assert.equal(judgeStream({ ...stream, status: "CREATING" }).state, "failed");
    assert.match(judgeStream({ ...stream, encryption: "KMS" }).advice!, /kms:Decrypt/);
  });

  it("on a table", () => {
    const found = { status: "ACTIVE", keys: [{ name: "ID", type: "S" }], writeUnits: 0 };
    const judge = (more: Partial<typeof found>) =>
      judgeTable({ tableName: "t", wantedKey: "ID", found: { ...found, ...more } }).state;
    assert.equal(judge({}), "ok");
    assert.equal(judge({ status: "CREATING" }), "failed");
    assert.equal(judge({ keys: [{ name: "ID", type: "N" }] }), "failed");
    assert.equal(judge({ keys: [...found.keys, { name: "sort", type: "S" }] }), "failed");
    assert.equal(judgeTable({ tableName: "t", wantedKey: "ID" }).state, "failed");
  });

  it("on the capacity", () => {
    const facts = { tableName: "t", openShardCount: 10 };
    assert.equal(judgeCapacity({ ...facts, writeUnits: 0 }), undefined);
    assert.equal(judgeCapacity({ ...facts, writeUnits: 10 }), undefined);
    assert.equal(judgeCapacity({ ...facts, writeUnits: 9 })?.state, "warning");
  });

  it("on the throttle delay of so many applications", () => {
    const judge = (applications: number, throttledShardIds: readonly string[] = []) =>
      judgeThrottleDelay({ applications, throttledShardIds });
    assert.match(judge(1).words, /250 or more/);
    assert.match(judge(3).words, /3 applications: 650 or more/);
    assert.equal(judge(2, ["s"]).state, "warning");
    assert.match(judge(2, ["s"]).advice!, /450 or more/);
  });

  it("on what is missing, as a policy", () => {
    const place = { region: "eu-west-1", accountId: "123456789012" };
    const resource = streamArn(place, "orders");
    assert.equal(resource, "arn:aws:kinesis:eu-west-1:123456789012:stream/orders");
    assert.match(tableArn({ ...place, region: "cn-north-1" }, "t"), /^arn:aws-cn:dynamodb:/);
    const missing = ["kinesis:ListShards", "kinesis:GetRecords"].map((action) => ({
      action,
      resource,
    }));
    assert.deepEqual(policyFor(missing), {
      Version: "2012-10-17",
      Statement: [{
        Effect: "Allow",
        Action: ["kinesis:GetRecords", "kinesis:ListShards"],
        Resource: resource,
      }],
    });
  });
});

describe("resetLines()", () => {
  it("shows what would be after a reset in a narrow terminal too, by the numbers' ends", () => {
    const sequenceNumber = "49680511026638021010728367084327596453795345376642859010";
    const before = { shardId: id(1), lastUpdate: "1", isFinished: false, sequenceNumber };
    const step = { action: "write", shardId: id(1), before } as const;
    const plan = [{ ...step, after: { startAtMs: 1, isFinished: false } }];
    const report = { plan, outcomes: [], living: undefined, isWriting: false };
    const text = (columns: number): string =>
      resetLines(report, columns)[1]!.map((each) => each.text).join("");
    assert.match(text(Infinity), new RegExp(`after ${sequenceNumber}  →  horizon`));
    assert.equal(text(60), "    1  after …76642859010  →  horizon  not written");
    assert.ok(resetLines(report, 60).every((line) => widthOf(line) <= 60), "a line is cut");
  });
});
