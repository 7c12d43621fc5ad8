/**
 * Draws a scenario from a seed: the size of the world, how its clients are configured, and what
 * happens to them when.
 *
 * @module
 */

import type { Random } from "../../src/runtime.ts";
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
    | { readonly type: "go-client"; readonly forMs: number }
    | { readonly type: "no-table"; readonly forMs: number }
    | { readonly type: "no-credentials"; readonly forMs: number }
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
  readonly startAt: "horizon" | "latest";
  readonly options: {
    readonly shardCheckIntervalMs: number;
    readonly clientRecordMaxAgeMs: number;
    readonly commitIntervalMs: number;
    readonly throttleDelayMs: number;
    readonly bufferSize: number;
    readonly readLimit: number;
  };
  readonly actions: readonly Action[];
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
export const SECOND_DRAW: readonly ActionType[] = [
  "no-table",
  "no-credentials",
  "empty",
  "storm",
  "trim",
  "cut-and-join",
];
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

/** Draws the scenario of a seed; the same seed gives the same scenario. */
export function drawScenario(seed: number): Scenario {
  const first = drawFirst(seed);
  const draw = new Draw(createSeededRandom(seed + 0x5ec0d));
  const count = draw.pick([0, 0, 1, 3]);
  const kinds = first.isCalm ? CALM_SECOND_DRAW : ROUGH_SECOND_DRAW;
  const second = Array.from({ length: count }, () => drawAction(draw, { ...first, kinds }));
  const actions = [...first.actions, ...second].sort((a, b) => a.atMs - b.atMs);
  return { ...first, bytesPerSecond: draw.pick([undefined, undefined, 1_000]), actions };
}

function drawFirst(seed: number): Scenario {
  const draw = new Draw(createSeededRandom(seed));
  const isCalm = draw.chance(0.35);
  const durationMs = draw.between(15_000, 60_000);
  const shardCheckIntervalMs = draw.pick([300, 500, 1_000, 1_500]);
  const actionCount = draw.between(6, 30);
  const actions = Array.from(
    { length: actionCount },
    () => drawAction(draw, { durationMs, kinds: isCalm ? CALM : ROUGH }),
  ).sort((a, b) => a.atMs - b.atMs);
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
    startAt: draw.pick(["horizon", "latest"]),
    options: {
      shardCheckIntervalMs,
      clientRecordMaxAgeMs: shardCheckIntervalMs * draw.pick([3, 5]),
      commitIntervalMs: draw.pick([100, 1_000]),
      throttleDelayMs: draw.pick([250, 500, 1_000]),
      bufferSize: draw.pick([1, 10, 20_000]),
      readLimit: draw.pick([1, 7, 10_000]),
    },
    actions,
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
      return { atMs, type, which, forMs: draw.between(500, 30_000) };
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
    case "go-client":
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
