/**
 * Provokes, in simulated worlds, all that a fleet can tell: it comes and goes, moves and loses
 * shards, is throttled, stands still, and has handlers that fail.
 *
 * @module
 */

import { type FailurePolicy, KinsumerError, type KinsumerRecord } from "../../mod.ts";
import { createSimulatedFleet, type SimulatedFleet } from "../../testing/simulation/fleet.ts";
import type { Observer } from "./observer.ts";

/** Something that is played while an observer watches. */
export interface Scenario {
  readonly name: string;
  play(observer: Observer): Promise<void>;
}

const FIRST = "shardId-000000000000";
const DAY_MS = 86_400_000;
/** What the scenarios count on, whatever the defaults are. */
const PACE = { commitIntervalMs: 1_000, throttleDelayMs: 250, idleDelayMs: 250 };
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

type Open = (shards: number) => SimulatedFleet;

function scenario(
  name: string,
  play: (open: Open, observer: Observer) => Promise<void>,
): Scenario {
  return {
    name,
    play: async (observer) => {
      const defaults = { ...PACE, ...observer.options };
      await play((shards) => createSimulatedFleet({ seed: 7, shards, defaults }), observer);
    },
  };
}

function refuse(operation: string, code: "Throttled" | "AccessDenied"): never {
  const retryable = code === "Throttled";
  throw new KinsumerError(code, `${operation}: no`, { operation, retryable });
}

const joinAndLeave = scenario("clients join, leave and die", async (open, observer) => {
  const fleet = open(2);
  fleet.put(4);
  const a = await fleet.start("a", {
    options: { extractContext: () => ({ traceparent: TRACEPARENT }) },
  });
  await fleet.clock.advance(10_000);
  const b = await fleet.start("b");
  await fleet.clock.advance(10_000);
  await observer.collect();
  await fleet.stop(b);
  await fleet.clock.advance(10_000);
  const c = await fleet.start("c");
  await fleet.clock.advance(10_000);
  c.crash();
  await fleet.clock.advance(30_000);
  await fleet.stop(a);
});

const reshard = scenario("a shard is split and finished", async (open) => {
  const fleet = open(1);
  fleet.put(4);
  const a = await fleet.start("a");
  await fleet.clock.advance(2_000);
  fleet.stream.split(FIRST);
  fleet.put(4);
  await fleet.clock.advance(30_000);
  await fleet.stop(a);
});

const batches = scenario("records are pulled in batches", async (open) => {
  const fleet = open(1);
  fleet.put(6);
  const a = await fleet.start("a", {
    consume: async (kinsumer) => {
      for await (const _ of kinsumer.batches());
    },
  });
  await fleet.clock.advance(5_000);
  await fleet.stop(a);
});

const expired = scenario("a shard leaves the stream before it is processed", async (open) => {
  const fleet = open(1);
  fleet.put(10, FIRST);
  const a = await fleet.start("a", { handlerMs: 60_000 });
  await fleet.clock.advance(70_000);
  fleet.stream.split(FIRST);
  await fleet.clock.advance(5_000);
  await fleet.stop(a);
  fleet.stream.forget(FIRST);
  const b = await fleet.start("b");
  await fleet.clock.advance(200_000);
  await fleet.stop(b);
});

const trimmed = scenario("a checkpoint is older than the stream's records", async (open) => {
  const fleet = open(1);
  fleet.put(2);
  const a = await fleet.start("a");
  await fleet.clock.advance(5_000);
  await fleet.stop(a);
  await fleet.clock.advance(2 * DAY_MS);
  fleet.put(1);
  const b = await fleet.start("b", { options: { onInvalidCheckpoint: "horizon" } });
  await fleet.clock.advance(5_000);
  await fleet.stop(b);
});

const throttled = scenario("reads are throttled, then the tables cannot be reached", async (
  open,
  observer,
) => {
  const fleet = open(1);
  let isThrottled = true;
  const a = await fleet.start("a", {
    kinesis: {
      intercept: (operation) => {
        if (operation === "GetRecords" && isThrottled) refuse(operation, "Throttled");
      },
    },
  });
  await fleet.clock.advance(2_000);
  isThrottled = false;
  await fleet.clock.advance(10_000);
  a.cut({ dynamodb: true });
  await fleet.clock.advance(20_000);
  await observer.collect();
  a.cut({ dynamodb: false });
  await fleet.stop(a);
});

const refused = scenario("the service refuses for good", async (open, observer) => {
  const fleet = open(1);
  fleet.put(2);
  let refusing = "";
  const intercept = (operation: string, args: unknown) => {
    const isCommit = operation === "UpdateItem" && JSON.stringify(args).includes("checkpoints");
    if (refusing === operation || (refusing === "commit" && isCommit)) {
      refuse(operation, "AccessDenied");
    }
  };
  const a = await fleet.start("a", { kinesis: { intercept }, dynamodb: { intercept } });
  await fleet.clock.advance(3_000);
  refusing = "GetRecords";
  await fleet.clock.advance(3_000);
  refusing = "commit";
  fleet.put(2);
  await fleet.clock.advance(3_000);
  await observer.collect();
  refusing = "";
  await fleet.stop(a);
});

const stalled = scenario("shards stand still", async (open, observer) => {
  const fleet = open(1);
  let mustHang = false;
  fleet.put(1);
  const a = await fleet.start("a", {
    kinesis: {
      intercept: (operation) =>
        operation === "GetRecords" && mustHang ? new Promise(() => {}) : undefined,
    },
  });
  await fleet.clock.advance(5_000);
  mustHang = true;
  await fleet.clock.advance(2_000);
  fleet.put(1);
  await fleet.clock.advance(60_000);
  mustHang = false;
  await fleet.clock.advance(30_000);
  await observer.collect();
  await fleet.stop(a);
});

const kept = scenario("a client keeps a shard that is another's", async (open) => {
  const fleet = open(2);
  let isRefused = false;
  const b = await fleet.start("b", {
    dynamodb: {
      intercept: (operation, args) => {
        const isCommit = operation === "UpdateItem" && JSON.stringify(args).includes("checkpoints");
        if (isRefused && isCommit) refuse(operation, "AccessDenied");
      },
    },
  });
  await fleet.clock.advance(5_000);
  isRefused = true;
  const a = await fleet.start("a");
  await fleet.clock.advance(90_000);
  isRefused = false;
  await fleet.clock.advance(20_000);
  await fleet.stop(a);
  await fleet.stop(b);
});

const abandoned = scenario("a stop gives up a read that is under way", async (open) => {
  const fleet = open(1);
  const a = await fleet.start("a", { kinesis: { latencyMs: 500 } });
  await fleet.clock.advance(5_300);
  await fleet.stop(a);
});

const FAILURES: readonly (readonly [string, FailurePolicy, { readonly batch?: true }])[] = [
  ["skipped", { attempts: 2, action: "skip" }, {}],
  ["a dead letter", { attempts: 1, deadLetter: () => {} }, {}],
  ["found by halving its batch", { attempts: 1, action: "skip" }, { batch: true }],
  ["paused at", { attempts: 1, action: "pauseShard", resumeAfterMs: 20_000 }, {}],
];

function handle(record: KinsumerRecord): void {
  if (record.text() === "3") throw new RangeError("no");
}

const failures = FAILURES.map(([what, onFailure, { batch }]) =>
  scenario(`a record is ${what}`, async (open, observer) => {
    const fleet = open(1);
    fleet.put(8);
    const a = await fleet.start("a", {
      consume: async (kinsumer) => {
        await (batch
          ? kinsumer.process((records) => records.forEach(handle), { batch, onFailure })
          : kinsumer.process(handle, { onFailure }));
      },
    });
    await fleet.clock.advance(10_000);
    await observer.collect();
    await fleet.clock.advance(20_000);
    await fleet.stop(a);
  })
);

/** What simulated worlds can show. */
export const SIMULATED: readonly Scenario[] = [
  joinAndLeave,
  reshard,
  batches,
  expired,
  trimmed,
  throttled,
  refused,
  stalled,
  kept,
  abandoned,
  ...failures,
];
