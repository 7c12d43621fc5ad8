/**
 * Draws a scenario from a seed. What came later is drawn from a chance of its own, so that the seeds
 * before it keep what they were.
 *
 * @module
 */

import { Draw } from "./draw.ts";
import { drawDoors, drawVisits } from "./draw_visits.ts";
import { createSeededRandom } from "./random.ts";
import { drawRoughPorts } from "./rough_ports.ts";
import { type Action, inOrder, type Scenario } from "./scenario.ts";

/** What is drawn by its type; visits are drawn elsewhere, rough ports below. */
type ActionType = Exclude<Action["type"], "visit" | "rough">;

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
  return drawDoors(drawVisits(drawFourth(drawThird(drawSecond(drawFirst(seed))))));
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

/** Ports that fail with whatever, hang, and answer without a shape: from a chance of their own. */
function drawFourth(third: Scenario): Scenario {
  const draw = new Draw(createSeededRandom(third.seed + 0x20c6));
  if (third.isCalm || !draw.chance(0.25)) return third;
  const rough = Array.from({ length: draw.pick([1, 1, 2]) }, (): Action => {
    // Their callers have no deadline of their own here, as the library's requests have.
    const ports = { ...drawRoughPorts(draw), hangMs: draw.pick([300, 2_500, 10_000]) };
    const atMs = draw.between(0, third.durationMs);
    return { atMs, type: "rough", ports, forMs: draw.between(2_000, 20_000) };
  });
  return { ...third, actions: inOrder([...third.actions, ...rough]) };
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
