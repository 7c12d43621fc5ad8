/**
 * Draws a scenario from a seed: the size of the world, how its clients are configured, and what
 * happens to them when.
 *
 * @module
 */

import type { Random } from "../../src/runtime.ts";
import type { Handling } from "./handling.ts";
import { createSeededRandom } from "./random.ts";

/** Something that happens. Times are milliseconds from the start. */
export type Action =
  & { readonly atMs: number }
  & (
    | { readonly type: "put"; readonly count: number }
    | { readonly type: "join" }
    | { readonly type: "stop"; readonly which: number }
    | { readonly type: "deploy" }
    | { readonly type: "crash"; readonly which: number }
    | { readonly type: "crash-all" }
    | { readonly type: "pause"; readonly which: number; readonly forMs: number }
    | {
      readonly type: "cut";
      readonly which: number;
      readonly kinesis: boolean;
      readonly dynamodb: boolean;
      readonly forMs: number;
      readonly timeoutMs: number;
    }
    | { readonly type: "lossy"; readonly share: number; readonly forMs: number }
    | { readonly type: "throttle"; readonly share: number; readonly forMs: number }
    | { readonly type: "no-iterator"; readonly share: number; readonly forMs: number }
    | { readonly type: "latency"; readonly ms: number; readonly forMs: number }
    | { readonly type: "clock-jump"; readonly which: number; readonly offsetMs: number }
    | { readonly type: "slow"; readonly which: number; readonly handlerMs: number }
    | { readonly type: "split"; readonly which: number }
    | { readonly type: "merge"; readonly which: number }
    | {
      readonly type: "go-client";
      readonly forMs: number;
      /** How it leaves; `stay`: it is still there when the faults are over. */
      readonly end: "stop" | "kill" | "stay";
      readonly commitIntervalMs: number;
      readonly workMs: number;
    }
    | { readonly type: "no-table"; readonly forMs: number }
    | { readonly type: "no-credentials"; readonly forMs: number }
    | { readonly type: "no-list"; readonly forMs: number }
    | { readonly type: "empty"; readonly share: number; readonly forMs: number }
    | { readonly type: "storm" }
    | { readonly type: "cut-and-join"; readonly which: number; readonly forMs: number }
    | { readonly type: "trim" }
  );

/** A whole scenario. */
export interface Scenario {
  readonly seed: number;
  /** True when nothing in it excuses a record that is delivered twice. */
  readonly isCalm: boolean;
  readonly shardCount: number;
  readonly clientCount: number;
  readonly durationMs: number;
  /** How long nothing at all happens at the end. */
  readonly idleMs: number;
  readonly handlerMs: number;
  readonly namesChildShards: boolean;
  readonly iteratorTtlMs: number;
  readonly readsPerSecond: number;
  /** How many bytes a shard gives in a second, and five times as many in one answer; absent: no limit. */
  readonly bytesPerSecond: number | undefined;
  /** What each record stands for: bytes of payload; absent: a few. */
  readonly recordBytes: number | undefined;
  /** Between two looks of the Go clients, if there are any: milliseconds. */
  readonly goCheckIntervalMs: number;
  readonly startAt: "horizon" | "latest";
  readonly options: {
    readonly shardCheckIntervalMs: number;
    readonly clientRecordMaxAgeMs: number;
    readonly commitIntervalMs: number;
    readonly throttleDelayMs: number;
    readonly bufferSize: number;
    readonly maxBufferedBytes: number;
    readonly readLimit: number;
    readonly goShardCheckIntervalMs: number;
  };
  readonly actions: readonly Action[];
  /** Absent: the clients consume in a loop. */
  readonly handling?: Handling | undefined;
}

type ActionType = Action["type"];

const CALM: readonly (readonly [ActionType, number])[] = [
  ["put", 12],
  ["join", 2],
  ["stop", 2],
  ["deploy", 0.5],
  ["throttle", 1],
  ["no-iterator", 1],
  ["clock-jump", 1],
  ["slow", 1],
  ["split", 1.5],
  ["merge", 1],
];
const ROUGH: readonly (readonly [ActionType, number])[] = [
  ...CALM,
  ["crash", 2],
  ["crash-all", 0.3],
  ["pause", 2],
  ["cut", 2],
  ["lossy", 1.5],
  ["latency", 1],
  ["go-client", 0.2],
];

/** Faults that are drawn beside the others, from a chance of their own. */
const CALM_SECOND_DRAW: readonly (readonly [ActionType, number])[] = [
  ["empty", 1],
  ["storm", 0.5],
  ["trim", 2],
];
const ROUGH_SECOND_DRAW: readonly (readonly [ActionType, number])[] = [
  ...CALM_SECOND_DRAW,
  ["no-table", 1],
  ["no-credentials", 1],
  ["cut-and-join", 3],
];

const MEBIBYTE = 1_048_576;
const GO_CHECK_INTERVAL_MS = 60_000;
/** From less than any time to live to longer than an iterator lives. */
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 1_800_000;

/** Draws the scenario of a seed; the same seed gives the same scenario. */
export function drawScenario(seed: number): Scenario {
  return drawThird(drawSecond(drawFirst(seed)));
}

/** More faults, from a chance of their own. */
function drawSecond(first: Scenario): Scenario {
  const draw = new Draw(createSeededRandom(first.seed + 0x5ec0d));
  const count = draw.pick([0, 0, 1, 3]);
  const kinds = first.isCalm ? CALM_SECOND_DRAW : ROUGH_SECOND_DRAW;
  const second = Array.from({ length: count }, () => drawAction(draw, { ...first, kinds }));
  return {
    ...first,
    bytesPerSecond: draw.pick([undefined, undefined, 1_000]),
    actions: inOrder([...first.actions, ...second]),
  };
}

/**
 * Go clients, pauses that last, the service's own limits, lists that are refused: from a chance of
 * their own, too.
 */
function drawThird(second: Scenario): Scenario {
  const draw = new Draw(createSeededRandom(second.seed + 0x90));
  const withGo = draw.chance(0.3) ? drawGoClients(draw, second) : second;
  const withPauses = draw.chance(0.3) ? letPausesLast(withGo) : withGo;
  const withSizes = draw.chance(0.2) ? drawRealSizes(draw, withPauses) : withPauses;
  if (!draw.chance(0.15)) return withSizes;
  const { actions, durationMs } = withSizes;
  const unlisted = drawAction(draw, { durationMs, kinds: [["no-list", 1]] });
  return { ...withSizes, actions: inOrder([...actions, unlisted]) };
}

function drawGoClients(draw: Draw, scenario: Scenario): Scenario {
  const { actions, durationMs, isCalm, options } = scenario;
  const goCheckIntervalMs = draw.pick([1_000, 1_000, 2_000, 5_000, 60_000]);
  const count = draw.pick([1, 1, 2, 3]);
  const joining = Array.from({ length: count }, (): Action => ({
    type: "go-client",
    atMs: draw.pick([0, draw.between(0, durationMs)]),
    forMs: draw.between(2 * goCheckIntervalMs, 30_000 + 2 * goCheckIntervalMs),
    end: draw.pick(isCalm ? ["stop", "stay"] as const : ["stop", "kill", "stay"] as const),
    commitIntervalMs: draw.pick([200, 1_000, 5_000]),
    workMs: draw.pick([0, 2, 20]),
  }));
  return {
    ...scenario,
    goCheckIntervalMs,
    options: { ...options, goShardCheckIntervalMs: goCheckIntervalMs },
    actions: inOrder([...actions, ...joining]),
  };
}

/** No machine wakes before its time: the scenario goes on until the last one has. */
function letPausesLast(scenario: Scenario): Scenario {
  const ends = scenario.actions.map((action) =>
    action.type === "pause" ? action.atMs + action.forMs + 5_000 : 0
  );
  return { ...scenario, durationMs: Math.max(scenario.durationMs, ...ends) };
}

/** The service's own limits, and records of a size that meets them. */
function drawRealSizes(draw: Draw, scenario: Scenario): Scenario {
  return {
    ...scenario,
    bytesPerSecond: 2 * MEBIBYTE,
    recordBytes: draw.pick([50_000, 500_000, MEBIBYTE]),
    handlerMs: draw.pick([2, 20, 200]),
    options: {
      ...scenario.options,
      bufferSize: 20_000,
      maxBufferedBytes: draw.pick([1, 1, 4, 16]) * MEBIBYTE,
      readLimit: 10_000,
    },
  };
}

function inOrder(actions: readonly Action[]): readonly Action[] {
  return [...actions].sort((a, b) => a.atMs - b.atMs);
}

/** What was drawn from the beginning, without the faults that came later. */
export function drawFirst(seed: number): Scenario {
  const draw = new Draw(createSeededRandom(seed));
  const isCalm = draw.chance(0.35);
  const durationMs = draw.between(15_000, 60_000);
  const shardCheckIntervalMs = draw.pick([300, 500, 1_000, 1_500]);
  const actionCount = draw.between(6, 30);
  const actions = Array.from(
    { length: actionCount },
    () => drawAction(draw, { durationMs, kinds: isCalm ? CALM : ROUGH }),
  );
  return {
    seed,
    isCalm,
    durationMs,
    idleMs: draw.chance(0.04) ? 400_000 : 0,
    shardCount: draw.between(1, 5),
    clientCount: draw.between(1, 4),
    handlerMs: draw.pick([0, 0, 2, 20]),
    namesChildShards: draw.chance(0.5),
    iteratorTtlMs: draw.pick([300_000, 300_000, 3_000]),
    readsPerSecond: draw.pick([5, 5, 1_000]),
    bytesPerSecond: undefined,
    recordBytes: undefined,
    goCheckIntervalMs: GO_CHECK_INTERVAL_MS,
    startAt: draw.pick(["horizon", "latest"]),
    options: {
      shardCheckIntervalMs,
      clientRecordMaxAgeMs: shardCheckIntervalMs * draw.pick([3, 5]),
      commitIntervalMs: draw.pick([100, 1_000]),
      throttleDelayMs: draw.pick([250, 500, 1_000]),
      bufferSize: draw.pick([1, 10, 20_000]),
      maxBufferedBytes: 64 * MEBIBYTE,
      readLimit: draw.pick([1, 7, 10_000]),
      goShardCheckIntervalMs: GO_CHECK_INTERVAL_MS,
    },
    actions: inOrder(actions),
  };
}

function drawAction(
  draw: Draw,
  { durationMs, kinds }: {
    readonly durationMs: number;
    readonly kinds: readonly (readonly [ActionType, number])[];
  },
): Action {
  const atMs = draw.between(0, durationMs);
  const type = draw.weighted(kinds);
  const which = draw.between(0, 99);
  const forMs = draw.between(500, 15_000);
  const share = draw.pick([0.1, 0.3, 0.7]);
  switch (type) {
    case "put":
      return { atMs, type, count: draw.between(1, 60) };
    case "stop":
    case "crash":
    case "split":
    case "merge":
      return { atMs, type, which };
    case "pause":
      return { atMs, type, which, forMs: draw.logBetween(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS) };
    case "cut": {
      const kinesis = draw.chance(0.6);
      const timeoutMs = draw.pick([20, 2_000]);
      return {
        atMs,
        type,
        which,
        forMs,
        kinesis,
        dynamodb: !kinesis || draw.chance(0.5),
        timeoutMs,
      };
    }
    case "lossy":
    case "throttle":
    case "no-iterator":
    case "empty":
      return { atMs, type, share, forMs };
    case "latency":
      return { atMs, type, ms: draw.between(10, 400), forMs };
    case "clock-jump":
      return { atMs, type, which, offsetMs: draw.between(-600_000, 600_000) };
    case "slow":
      return { atMs, type, which, handlerMs: draw.pick([0, 100, 1_000, 5_000]) };
    case "cut-and-join":
      return { atMs, type, which, forMs: draw.between(2_000, 12_000) };
    case "go-client": {
      const end = which % 2 === 0 ? "stop" : "kill";
      return { atMs, type, forMs: 2 * forMs, end, commitIntervalMs: 1_000, workMs: 2 };
    }
    case "no-list":
    case "no-table":
    case "no-credentials":
      return { atMs, type, forMs };
    default:
      return { atMs, type };
  }
}

/** Draws from chance. */
class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.#random.next() * (max - min + 1));
  }

  /** A whole number from `min` to `max`: each order of magnitude is as likely as the next. */
  logBetween(min: number, max: number): number {
    return Math.round(min * (max / min) ** this.#random.next());
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)]!;
  }

  weighted<Item>(items: readonly (readonly [Item, number])[]): Item {
    let left = this.#random.next() * items.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return items[0]![0];
  }
}
