// The contract: reading starts at or before the first unprocessed record (P1), and under "latest"
// nothing that arrived after the application's first start is missed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint, Position } from "../model.ts";
import {
  chosenStart,
  HORIZON_MS,
  needsLineage,
  pinsStart,
  rereadPosition,
  resumePosition,
  type ShardStart,
  type StartAt,
  type StartPosition,
  startPosition,
} from "./position.ts";

const STARTED_AT_MS = 1_000;
const start = (
  sequenceNumber: string | undefined,
  startAt: ShardStart,
  startedAtMs = STARTED_AT_MS,
) => {
  const checkpoint: Checkpoint = {
    shardId: "s",
    lastUpdate: "1",
    isFinished: false,
    sequenceNumber,
  };
  return startPosition({ checkpoint, startAt, startedAtMs });
};

const cases: readonly (readonly [what: string, actual: Position, expected: Position])[] = [
  ["a checkpoint wins over whatever is configured", start("7", "latest"), {
    type: "AFTER_SEQUENCE_NUMBER",
    sequenceNumber: "7",
  }],
  ["the horizon is the oldest record", start(undefined, "horizon"), { type: "TRIM_HORIZON" }],
  ["latest is the moment of the application's first start", start(undefined, "latest"), {
    type: "AT_TIMESTAMP",
    timestampMs: STARTED_AT_MS,
  }],
  [
    "latest in an application older than its record is the oldest record",
    start(undefined, "latest", 0),
    {
      type: "TRIM_HORIZON",
    },
  ],
  ["a Date is that moment", start(undefined, new Date(5)), {
    type: "AT_TIMESTAMP",
    timestampMs: 5,
  }],
  ["a place of yours is after its record", start(undefined, { after: "7" }), {
    type: "AFTER_SEQUENCE_NUMBER",
    sequenceNumber: "7",
  }],
  ["a place of yours is with its record", start(undefined, { at: "7" }), {
    type: "AT_SEQUENCE_NUMBER",
    sequenceNumber: "7",
  }],
  ["a checkpoint wins over a place of yours", start("9", { after: "7" }), {
    type: "AFTER_SEQUENCE_NUMBER",
    sequenceNumber: "9",
  }],
  ["the sentinel is the tip", start("LATEST", "horizon"), { type: "LATEST" }],
  [
    "the sentinel stands for the moment of its first capture",
    startPosition({
      checkpoint: {
        shardId: "s",
        lastUpdate: "1",
        isFinished: false,
        sequenceNumber: "LATEST",
        startAtMs: 7,
      },
      startAt: "horizon",
      startedAtMs: STARTED_AT_MS,
    }),
    { type: "AT_TIMESTAMP", timestampMs: 7 },
  ],
  ...(["horizon", "latest", new Date(9)] as const).flatMap((startAt) =>
    [
      [
        `a row put back to a moment begins there, though startAt is ${startAt}`,
        putBack(startAt, 7),
        { type: "AT_TIMESTAMP", timestampMs: 7 },
      ],
      [
        `a row put back to the horizon begins there, though startAt is ${startAt}`,
        putBack(startAt, HORIZON_MS),
        { type: "TRIM_HORIZON" },
      ],
    ] as const
  ),
];

function putBack(startAt: StartPosition, startAtMs: number): Position {
  const checkpoint = { shardId: "s", lastUpdate: "1", isFinished: false, startAtMs };
  return startPosition({ checkpoint, startAt, startedAtMs: STARTED_AT_MS });
}

describe("startPosition()", () => {
  for (const [what, actual, expected] of cases) it(what, () => assert.deepEqual(actual, expected));
});

describe("chosenStart()", () => {
  const DATE = new Date(5);
  const shards = [
    { shardId: "shardId-1" },
    { shardId: "shardId-2", parentShardId: "shardId-1" },
    { shardId: "shardId-3", parentShardId: "shardId-2", adjacentParentShardId: "shardId-9" },
    { shardId: "shardId-4" },
  ];
  const choose = (startAt: StartAt, shardId: string) => {
    const isNeeded = needsLineage(startAt, shardId);
    return chosenStart({ startAt, shardId, shards: isNeeded ? shards : [] });
  };

  it("is the same for all shards where one position is given", () => {
    for (const position of ["horizon", "latest", DATE] as const) {
      assert.equal(choose(position, "shardId-4"), position);
      assert.equal(needsLineage(position, "shardId-4"), false);
    }
  });

  it("is each named shard's own, and for the others what is said of them", () => {
    const startAt = { "shardId-1": { after: "7" }, others: DATE } as const;
    assert.deepEqual(choose(startAt, "shardId-1"), { after: "7" });
    assert.equal(choose(startAt, "shardId-4"), DATE);
    assert.equal(choose({ "shardId-1": "latest" }, "shardId-4"), "horizon");
    assert.equal(choose({ "shardId-1": "latest" }, "toString"), "horizon");
  });

  it("is the horizon for whatever descends from a named shard, so that nothing is left out", () => {
    const startAt = { "shardId-1": { after: "7" }, others: "latest" } as const;
    assert.equal(choose(startAt, "shardId-2"), "horizon");
    assert.equal(choose(startAt, "shardId-3"), "horizon");
    assert.equal(choose({ "shardId-9": { at: "7" }, others: "latest" }, "shardId-3"), "horizon");
    assert.equal(choose({ ...startAt, "shardId-3": "latest" }, "shardId-3"), "latest");
  });
});

describe("pinsStart()", () => {
  it("holds for a sentinel that nobody has captured yet", () => {
    const row = { shardId: "s", lastUpdate: "1", isFinished: false };
    assert.equal(pinsStart({ ...row, sequenceNumber: "LATEST" }), true);
    assert.equal(pinsStart({ ...row, sequenceNumber: "LATEST", startAtMs: 7 }), false);
    assert.equal(pinsStart({ ...row, sequenceNumber: "7" }), false);
    assert.equal(pinsStart(undefined), false);
  });
});

describe("resumePosition()", () => {
  it("reads on after the last record that was read, processed or not", () => {
    assert.deepEqual(resumePosition({ type: "TRIM_HORIZON" }, "9"), {
      type: "AFTER_SEQUENCE_NUMBER",
      sequenceNumber: "9",
    });
  });

  it("starts again where it started when nothing was read yet", () => {
    const position: Position = { type: "AT_TIMESTAMP", timestampMs: 5 };
    assert.equal(resumePosition(position, undefined), position);
  });
});

describe("rereadPosition()", () => {
  it("begins after the last record of the unbroken row of processed ones", () => {
    assert.deepEqual(rereadPosition({ type: "LATEST" }, "9"), {
      type: "AFTER_SEQUENCE_NUMBER",
      sequenceNumber: "9",
    });
  });

  it("begins where it began when none is processed, but never at a tip that has moved on", () => {
    const position: Position = { type: "AT_TIMESTAMP", timestampMs: 5 };
    assert.equal(rereadPosition(position, undefined), position);
    assert.deepEqual(rereadPosition({ type: "LATEST" }, undefined), { type: "TRIM_HORIZON" });
  });
});
