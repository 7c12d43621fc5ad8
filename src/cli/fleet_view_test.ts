// Contract: facts in, view out. Who lives is told by what was seen to change, and by wall clocks at
// first sight only; every shard has one status; what somebody should look at is said in words. The
// picture is exact, at any width.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Checkpoint, ClientRow, Shard } from "../model.ts";
import type { Sighting } from "../rules/liveness.ts";
import { age } from "./cells.ts";
import { fleetLines } from "./fleet_lines.ts";
import { sparkline } from "./shard_lines.ts";
import type { FleetFacts } from "./fleet_facts.ts";
import { type FleetView, viewFleet } from "./fleet_view.ts";
import { layOut, widthOf } from "./spans.ts";
import { press, sortShards, topLines } from "./top_view.ts";
import { History } from "./trend.ts";

const NOW_MS = Date.UTC(2026, 0, 31, 12, 0, 0);

function nanoseconds(ageMs: number): string {
  return `${NOW_MS - ageMs}000000`;
}

function client(clientId: string, ageMs: number, more: Partial<ClientRow> = {}): ClientRow {
  return {
    clientId,
    clientName: clientId,
    lastUpdate: nanoseconds(ageMs),
    maxAgeMs: 7500,
    ...more,
  };
}

function shardOf(place: number, more: Partial<Shard> = {}): Shard {
  return { shardId: shardId(place), startingSequenceNumber: "1", ...more };
}

function shardId(place: number): string {
  return `shardId-${String(place).padStart(12, "0")}`;
}

function row(place: number, more: Partial<Checkpoint> = {}): Checkpoint {
  return { shardId: shardId(place), lastUpdate: nanoseconds(400), isFinished: false, ...more };
}

const SEQUENCE = "49680488450790829711031458485773417102525416287884017666";
const owned = (ownerId: string): Partial<Checkpoint> => ({ ownerId, ownerName: ownerId });

/** Two living clients, a silent one; a split; every status that a shard may have. */
const FACTS: FleetFacts = {
  streamName: "orders",
  applicationName: "billing",
  nowMs: NOW_MS,
  askedAtMs: 0,
  answeredAtMs: 10,
  streamStatus: "ACTIVE",
  hasTables: true,
  shards: [
    shardOf(0),
    shardOf(1, { endingSequenceNumber: "9" }),
    shardOf(2, { parentShardId: shardId(1) }),
    shardOf(3, { endingSequenceNumber: "9" }),
    shardOf(4, { parentShardId: shardId(3) }),
    shardOf(5),
  ],
  clients: [
    client("web-1", 500),
    client("web-2", 1200, { isLeaving: true }),
    client("web-3", 400_000, { maxAgeMs: undefined }),
  ],
  checkpoints: [
    row(0, { ...owned("web-1"), sequenceNumber: SEQUENCE }),
    row(1, { isFinished: true }),
    row(2, { ...owned("web-2"), startAtMs: 1 }),
    row(3, { ...owned("web-3"), sequenceNumber: SEQUENCE }),
    row(9, { sequenceNumber: SEQUENCE }),
  ],
  leader: { clientId: "web-1", clientName: "web-1", lastUpdate: nanoseconds(0) },
  shardCache: undefined,
  lags: new Map([
    [shardId(0), { lagMs: 1500, isUpperBound: false }],
    [shardId(3), { lagMs: 75_000, isUpperBound: false }],
    [shardId(5), { lagMs: 12_400, isUpperBound: true }],
  ]),
};

function textOf(view: FleetView, columns: number): string {
  return fleetLines(view, { columns }).map((line) =>
    layOut(line, { columns, isColoured: false }).trimEnd()
  ).join("\n");
}

describe("viewFleet()", () => {
  it("gives each shard its status", () => {
    const statuses = viewFleet(FACTS).shards.map((shard) => [shard.shardId, shard.status]);
    assert.deepEqual(statuses, [
      [shardId(0), "owned"],
      [shardId(1), "finished"],
      [shardId(2), "owned"],
      [shardId(3), "stuck"],
      [shardId(4), "waiting"],
      [shardId(5), "free"],
      [shardId(9), "gone"],
    ]);
  });

  it("says what somebody should look at", () => {
    assert.deepEqual(viewFleet(FACTS).problems, [
      "1 client is silent for longer than its time to live",
      "1 shard is owned by a client that is not alive",
      "1 shard is without an owner",
    ]);
  });

  it("finds nothing wrong with a fleet that is as it should be", () => {
    const facts = {
      ...FACTS,
      clients: [client("web-1", 0)],
      shards: [shardOf(0)],
      checkpoints: [row(0, owned("web-1"))],
    };
    assert.deepEqual(viewFleet(facts).problems, []);
  });

  for (
    const [what, more, problem] of [
      ["there are no tables", { hasTables: false }, /has no tables/],
      ["nobody is alive", { clients: [] }, /no client is alive/],
      ["nobody leads", { leader: undefined }, /nobody leads/],
      ["the leader is silent", { leader: { ...FACTS.leader!, clientId: "web-3" } }, /nobody leads/],
      ["the stream is being deleted", { streamStatus: "DELETING" }, /DELETING/],
    ] as const
  ) {
    it(`sees that ${what}`, () => {
      assert.match(viewFleet({ ...FACTS, ...more }).problems.join("; "), problem);
    });
  }

  const sighted = (unchangedForMs: number, hasChanged: boolean): Sighting => ({
    lastUpdate: "1",
    sinceMs: 0,
    untilMs: unchangedForMs,
    hasChanged,
  });
  for (
    const [what, ageMs, sighting, state] of [
      ["fresh at first sight", 7_500, undefined, "alive"],
      ["old at first sight", 7_501, undefined, "silent"],
      ["old by the clocks, but seen to change", 600_000, sighted(0, true), "alive"],
      ["fresh by the clocks, but seen to stand still", 0, sighted(7_500, false), "silent"],
      ["seen to stand still for a moment less", 0, sighted(7_499, true), "alive"],
      ["of a clock that is ahead", -60_000, undefined, "alive"],
    ] as const
  ) {
    it(`takes a client for ${state} whose row is ${what}`, () => {
      const facts = { ...FACTS, clients: [client("a", ageMs)] };
      const sightings = new Map(sighting === undefined ? [] : [["a", sighting]]);
      const [view] = viewFleet(facts, sightings).clients;
      assert.equal(view?.state, state);
      assert.ok(view.beatAgeMs >= 0, "an age below zero");
    });
  }

  it("takes the lag from the row where no record was looked at", () => {
    const checkpoints = [
      row(0, { ...owned("web-1"), processedThroughMs: NOW_MS - 7_000 }),
      row(1, { isFinished: true, processedThroughMs: 0 }),
    ];
    const lags = viewFleet({ ...FACTS, checkpoints, lags: new Map() }).shards
      .map(({ lagMs, isLagUpperBound }) => [lagMs, isLagUpperBound]);
    assert.deepEqual(lags.slice(0, 3), [[7_000, true], [null, false], [null, false]]);
    const looked = viewFleet({ ...FACTS, checkpoints }).shards[0];
    assert.deepEqual([looked?.lagMs, looked?.isLagUpperBound], [1_500, false]);
  });

  it("is JSON-able", () => {
    const view = viewFleet(FACTS);
    assert.deepEqual(JSON.parse(JSON.stringify(view)), view);
  });
});

describe("fleetLines()", () => {
  it("draws every column at a width of 100", () => {
    assert.equal(
      textOf(viewFleet(FACTS), 100),
      `Kinsumer  stream orders ACTIVE  application billing
2 of 3 clients alive, 2 of 5 shards owned, lag at most 75 s

  CLIENT    STATE     LAST BEAT  SHARDS  ROLE
● web-1     alive     0.5 s ago       1  leads
● web-2     leaving   1.2 s ago       1
● web-3     silent    7 min ago       1  Go

SHARD  STATE     OWNER  CHECKPOINT      WRITTEN        LAG  PARENTS
    0  owned     web-1  …87884017666      0.4 s      1.5 s
    1  finished  –      none yet          0.4 s          –
    2  owned     web-2  horizon           0.4 s          –  1
    3  stuck     web-3  …87884017666      0.4 s       75 s
    4  waiting   –      –                     –          –  3
    5  free      –      –                     –      ≤12 s
    9  gone      –      …87884017666      0.4 s          –

✗ 1 client is silent for longer than its time to live
✗ 1 shard is owned by a client that is not alive
✗ 1 shard is without an owner`,
    );
  });

  const LONG = "consumer-7f9c4d8b6c-x2x9q.eu-west-1.internal";

  for (
    const [columns, owner] of [[80, "consume…"], [100, "consumer-7f9c4d8b6c-x2x9q.e…"]] as const
  ) {
    it(`never passes the edge at a width of ${columns}, and cuts names`, () => {
      const facts = {
        ...FACTS,
        clients: [client(LONG, 0)],
        checkpoints: [row(0, { ...owned(LONG), sequenceNumber: SEQUENCE })],
      };
      const lines = textOf(viewFleet(facts), columns).split("\n");
      for (const line of lines) assert.ok([...line].length <= columns, line);
      assert.equal(lines.find((line) => line.includes("owned  "))?.split(/ {2,}/)[3], owner);
    });
  }

  it("cuts nothing but names at a width of 60: parents are left out, sentences go on", () => {
    const view = viewFleet({
      ...FACTS,
      clients: [client(LONG, 0)],
      checkpoints: [row(0, { ...owned(LONG), sequenceNumber: SEQUENCE })],
    });
    const drawings = [fleetLines(view, { columns: 60, sentenceColumns: 60 })];
    const trends = new Map([[shardId(0), { lags: [1, 2, 3], pace: 0.5 }]]);
    drawings.push(fleetLines(view, { columns: 60, sentenceColumns: 60, trends }));
    for (const lines of drawings) {
      for (const line of lines) assert.ok(widthOf(line) <= 60, JSON.stringify(line));
    }
    const [still, live] = drawings.map((lines) =>
      lines.map((line) => line.map(({ text }) => text).join("")).join("\n")
    );
    assert.match(still!, /LAST BEAT {2}SHARDS {2}ROLE\n.*\n\n.*CHECKPOINT +WRITTEN +LAG *\n/);
    assert.match(live!, /WRITTEN +LAG +PACE +LATELY\n/);
    const long = { ...view, problems: ["a problem that is told in words, ".repeat(4)] };
    const wrapped = fleetLines(long, { columns: 60, sentenceColumns: 60 });
    assert.ok(wrapped.every((line) => widthOf(line) <= 60), "a sentence is cut");
    assert.ok(wrapped.length > fleetLines(long, { columns: 60 }).length, "none goes on");
  });

  it("says when there is nothing", () => {
    const view = viewFleet({
      ...FACTS,
      clients: [],
      shards: [],
      checkpoints: [],
      hasTables: false,
    });
    assert.match(
      textOf(view, 80),
      /No clients\n\nNo shards\n\n✗ application "billing" has no tables/,
    );
  });

  it("colours what is wrong red", () => {
    const view = viewFleet(FACTS);
    const text = fleetLines(view, { columns: 100 }).map((line) =>
      layOut(line, { columns: 100, isColoured: true })
    ).join("\n");
    // deno-lint-ignore no-control-regex
    assert.match(text, /\x1b\[31m {2}stuck {3}\x1b\[0m/);
  });
});

describe("age()", () => {
  for (
    const [ms, text] of [
      [0, "0.0 s"],
      [9_999, "10.0 s"],
      [10_000, "10 s"],
      [119_999, "120 s"],
      [120_000, "2 min"],
      [7_199_999, "120 min"],
      [7_200_000, "2 h"],
      [172_800_000, "2 d"],
    ] as const
  ) it(`writes ${ms} ms as ${text}`, () => assert.equal(age(ms), text));
});

describe("sparkline()", () => {
  it("draws the latest values, the greatest the highest, and gaps for what is unknown", () => {
    assert.equal(sparkline([9_000, 0, 4_000, undefined, 8_000], 4), "▁▅ █");
  });

  it("draws a lag below a second low, however great the others are not", () => {
    assert.equal(sparkline([100, 200], 10), "▁▂");
  });
});

describe("History", () => {
  const look = (history: History, atMs: number, lagMs: number): void => {
    const facts = {
      ...FACTS,
      nowMs: NOW_MS + atMs,
      askedAtMs: atMs,
      answeredAtMs: atMs,
      lags: new Map([[shardId(0), { lagMs, isUpperBound: false }]]),
    };
    history.sight(facts);
    history.add(viewFleet(facts, history.sightings));
  };

  it("tells how many seconds of the stream are processed in one", () => {
    for (const [lags, pace] of [[[10, 8], 3], [[10, 10], 1], [[10, 11], 0], [[0, 9], 0]] as const) {
      const history = new History();
      lags.forEach((seconds, index) => look(history, index * 1000, seconds * 1000));
      assert.equal(history.trends.get(shardId(0))?.pace, pace, lags.join());
    }
  });

  it("knows no pace after one look, and none of a shard without a lag", () => {
    const history = new History();
    look(history, 0, 5);
    assert.equal(history.trends.get(shardId(0))?.pace, undefined);
    assert.deepEqual(history.trends.get(shardId(1)), { lags: [undefined], pace: undefined });
  });

  it("takes a client for silent whose row stood still for its age", () => {
    const history = new History();
    for (const atMs of [0, 4_000, 8_000]) look(history, atMs, 0);
    const view = viewFleet({ ...FACTS, nowMs: NOW_MS }, history.sightings);
    assert.equal(view.clients[0]?.state, "silent");
  });
});

describe("top", () => {
  const choice = { order: "shard", isReversed: false, hasFinished: false } as const;
  const order = (keys: string): readonly string[] => {
    let chosen: Parameters<typeof press>[0] = choice;
    for (const key of keys) {
      const next = press(chosen, key);
      assert.ok(next !== "quit", "it ended");
      chosen = next;
    }
    return sortShards(viewFleet(FACTS).shards, chosen).map((each) =>
      String(Number(each.shardId.slice(8)))
    );
  };

  for (
    const [keys, expected] of [
      ["", ["0", "2", "3", "4", "5"]],
      ["l", ["3", "5", "0", "2", "4"]],
      ["lr", ["4", "2", "0", "5", "3"]],
      ["o", ["0", "2", "3", "4", "5"]],
      ["f", ["0", "1", "2", "3", "4", "5", "9"]],
      ["x", ["0", "2", "3", "4", "5"]],
      ["lrs", ["0", "2", "3", "4", "5"]],
    ] as const
  ) it(`sorts by the keys "${keys}"`, () => assert.deepEqual(order(keys), expected));

  it("ends at q and Ctrl-C", () => {
    assert.deepEqual([press(choice, "q"), press(choice, "ctrl-c")], ["quit", "quit"]);
  });

  for (const columns of [80, 100, 120]) {
    it(`draws the lag over time at a width of ${columns}, within the edge`, () => {
      const trends = new Map([[shardId(0), {
        lags: Array.from({ length: 200 }, (_, index) => index * 100),
        pace: 0.5,
      }]]);
      const view = viewFleet(FACTS);
      const lines = topLines(view, { choice, columns, trends, intervalMs: 3000 })
        .map((line) => line.map(({ text }) => text).join(""));
      for (const line of lines.slice(0, -1)) assert.ok([...line].length <= columns, line);
      const first = lines.find((line) => line.startsWith("    0"))!;
      assert.match(first, / ×0\.5 {2}[▁▂▃▄▅▆▇█]+$/);
      const ticks = /[▁▂▃▄▅▆▇█]+$/.exec(first)![0].length;
      assert.equal(ticks, columns - 68, "the rest of the line is the lag's");
      assert.match(lines.at(-2)!, /^12:00:00 UTC, every 3 s, by shard, 2 hidden$/);
    });
  }
});
