// The contract: a living client never loses its shards to skew, slow answers or a pause of the
// observer; a dead one is found dead once its row stood still for its own time to live.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  goMaxAgeMs,
  isLeaseValid,
  isLiving,
  observe,
  observeAll,
  type Sighting,
  SKEW_ALLOWANCE_MS,
  unchangedMs,
} from "./liveness.ts";

const WALL_MS = 1_795_412_454_604;
const GO_MAX_AGE_MS = goMaxAgeMs(60_000);
const NOW = { wallNowMs: WALL_MS, goMaxAgeMs: GO_MAX_AGE_MS };
const ns = (ms: number): string => String(BigInt(ms) * 1_000_000n);

function seen(lastUpdate: string, sinceMs: number, untilMs: number, hasChanged = true): Sighting {
  return { lastUpdate, sinceMs, untilMs, hasChanged };
}

describe("observe()", () => {
  it("counts from the answer that first showed a value to the question that last did", () => {
    let sighting = observe(undefined, { lastUpdate: "1" }, { askedAtMs: 100, answeredAtMs: 150 });
    assert.equal(unchangedMs(sighting), 0);
    sighting = observe(sighting, { lastUpdate: "1" }, { askedAtMs: 200, answeredAtMs: 900 });
    assert.equal(unchangedMs(sighting), 50);
  });

  it("does not age a row by an answer that was asked for before the row was first seen", () => {
    const first = observe(undefined, { lastUpdate: "1" }, { askedAtMs: 0, answeredAtMs: 500 });
    const again = observe(first, { lastUpdate: "1" }, { askedAtMs: 100, answeredAtMs: 60_000 });
    assert.equal(unchangedMs(again), 0);
  });

  it("adds what others had witnessed when it first saw the value, and nothing of later", () => {
    const read = { askedAtMs: 100, answeredAtMs: 150 };
    let sighting = observe(undefined, { lastUpdate: "1", witnessedMs: 1_000 }, read);
    assert.equal(unchangedMs(sighting), 1_000);
    const later = { lastUpdate: "1", witnessedMs: 9_000 };
    sighting = observe(sighting, later, { askedAtMs: 200, answeredAtMs: 201 });
    assert.equal(unchangedMs(sighting), 1_050);
    sighting = observe(sighting, { lastUpdate: "2" }, { askedAtMs: 300, answeredAtMs: 301 });
    assert.equal(unchangedMs(sighting), 0);
  });

  it("starts anew with each new value, later or earlier", () => {
    const before = seen("5", 0, 9_000);
    for (const lastUpdate of ["6", "4"]) {
      const after = observe(before, { lastUpdate }, { askedAtMs: 9_100, answeredAtMs: 9_200 });
      assert.deepEqual(after, seen(lastUpdate, 9_200, 9_200, true));
    }
  });
});

describe("observeAll()", () => {
  it("forgets rows that are gone", () => {
    const read = { askedAtMs: 0, answeredAtMs: 1 };
    const before = observeAll(new Map(), [{ id: "a", lastUpdate: "1" }], read);
    assert.deepEqual([...observeAll(before, [{ id: "b", lastUpdate: "1" }], read).keys()], ["b"]);
  });
});

describe("isLiving()", () => {
  it("judges a row by its own time to live, to the millisecond", () => {
    const row = { lastUpdate: "1", maxAgeMs: 7_500 };
    assert.equal(isLiving(row, seen("1", 0, 7_499), NOW), true);
    assert.equal(isLiving(row, seen("1", 0, 7_500), NOW), false);
  });

  it("gives a Go client five of its shard checks", () => {
    assert.equal(GO_MAX_AGE_MS, 300_000);
    const row = { lastUpdate: ns(WALL_MS) };
    assert.equal(isLiving(row, seen(row.lastUpdate, 0, GO_MAX_AGE_MS - 1), NOW), true);
    assert.equal(isLiving(row, seen(row.lastUpdate, 0, GO_MAX_AGE_MS), NOW), false);
  });

  it("takes a Go client that is long gone for dead at first sight, but none within the skew", () => {
    const oldest = WALL_MS - GO_MAX_AGE_MS - SKEW_ALLOWANCE_MS;
    for (const [beatMs, expected] of [[oldest, true], [oldest - 1, false]] as const) {
      const lastUpdate = ns(beatMs);
      assert.equal(isLiving({ lastUpdate }, seen(lastUpdate, 0, 0, false), NOW), expected);
    }
  });

  it("never judges one of our own rows by the wall clock", () => {
    const week = ns(WALL_MS - 7 * 86_400_000);
    assert.equal(
      isLiving({ lastUpdate: week, maxAgeMs: 5 }, seen(week, 0, 0, false), NOW),
      true,
    );
  });

  it("keeps a client that beats alive, whatever its clock, the delays and the observer's pauses", () => {
    const looks = fc.array(
      fc.record({ waitMs: fc.nat(20_000), delayMs: fc.nat(20_000) }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(fc.property(looks, fc.integer({ min: -600_000, max: 600_000 }), (reads, skewMs) => {
      const maxAgeMs = 7_500;
      const beatIntervalMs = 1_500;
      let nowMs = 0;
      let sighting: Sighting | undefined;
      for (const { waitMs, delayMs } of reads) {
        const askedAtMs = nowMs + waitMs;
        // The client beats every 1.5 s; the table answers with what stands when it is asked.
        const beat = Math.floor(askedAtMs / beatIntervalMs) * beatIntervalMs;
        const lastUpdate = ns(WALL_MS + skewMs + beat);
        nowMs = askedAtMs + delayMs;
        sighting = observe(sighting, { lastUpdate }, { askedAtMs, answeredAtMs: nowMs });
        assert.equal(
          isLiving({ lastUpdate, maxAgeMs }, sighting, { ...NOW, wallNowMs: WALL_MS + nowMs }),
          true,
        );
      }
    }));
  });
});

describe("isLeaseValid()", () => {
  it("ends before any observer may take the client for dead", () => {
    const maxAgeMs = 7_500;
    const times = fc.nat(10_000);
    fc.assert(fc.property(times, times, times, (sentMs, transitMs, lookMs) => {
      // Sent at sentMs, landed after transitMs, first seen after lookMs; dead maxAgeMs later at best.
      const sinceMs = sentMs + transitMs + lookMs;
      const deadAtMs = sinceMs + maxAgeMs;
      assert.equal(
        isLiving({ lastUpdate: "1", maxAgeMs }, seen("1", sinceMs, deadAtMs), NOW),
        false,
      );
      assert.equal(isLeaseValid({ beatenAtMs: sentMs, maxAgeMs }, deadAtMs), false);
    }));
  });

  it("holds until the last millisecond", () => {
    assert.equal(isLeaseValid({ beatenAtMs: 10, maxAgeMs: 100 }, 109), true);
    assert.equal(isLeaseValid({ beatenAtMs: 10, maxAgeMs: 100 }, 110), false);
  });
});
