/**
 * Draws the visits of a scenario: clients that are here for one run, beside a fleet that stays, or
 * where nobody does.
 *
 * @module
 */

import { Draw } from "./draw.ts";
import { createSeededRandom } from "./random.ts";
import { type Action, inOrder, type Scenario, type Visit } from "./scenario.ts";

/** The share of the seeds that have visits. */
const SHARE = 0.15;
/** What is done to clients that stay. */
const OF_RESIDENTS: ReadonlySet<Action["type"]> = new Set<Action["type"]>([
  "join",
  "stop",
  "deploy",
  "crash",
  "crash-all",
  "pause",
  "cut",
  "clock-jump",
  "slow",
  "go-client",
  "cut-and-join",
]);

/** Some scenarios have visits beside their fleet; in some of those nobody stays. */
export function drawVisits(scenario: Scenario): Scenario {
  const draw = new Draw(createSeededRandom(scenario.seed + 0x715175));
  if (!draw.chance(SHARE)) return scenario;
  const isAlone = draw.chance(0.5);
  const visits = Array.from({ length: draw.between(1, isAlone ? 10 : 5) }, (): Action => ({
    type: "visit",
    atMs: draw.between(0, scenario.durationMs),
    ...drawVisit(draw, scenario),
  }));
  if (!isAlone) return { ...scenario, actions: inOrder([...scenario.actions, ...visits]) };
  const { hang: _, ...drawn } = drawVisit(draw, scenario);
  // "Latest" is a moment of the wall clock of whoever starts an application.
  const schedule = { ...drawn, maxRequests: draw.pick([100, 1_000_000]), wallOffsetMs: 0 };
  const others = scenario.actions.filter(({ type }) => !OF_RESIDENTS.has(type));
  return { ...scenario, clientCount: 0, schedule, actions: inOrder([...others, ...visits]) };
}

/** Some visits are runs of the door for isolates: from a chance of their own. */
export function drawDoors(scenario: Scenario): Scenario {
  const draw = new Draw(createSeededRandom(scenario.seed + 0xed9e));
  const withDoor = <Some extends Visit>(visit: Some): Some => {
    // It counts the requests that it makes by fetch, not those of ports of a user's own, as here.
    const mayBe = visit.limit === undefined && visit.maxRequests === 1_000_000;
    return mayBe && draw.chance(0.5) ? { ...visit, isAtEdge: true } : visit;
  };
  const { actions, schedule } = scenario;
  return {
    ...scenario,
    actions: actions.map((action) => action.type === "visit" ? withDoor(action) : action),
    ...(schedule !== undefined && { schedule: withDoor(schedule) }),
  };
}

function drawVisit(draw: Draw, { isCalm }: Pick<Scenario, "isCalm">): Visit {
  const hasHang = draw.chance(0.4);
  const afterMs = draw.between(100, 6_000);
  const isKilled = draw.chance(0.6);
  const frozenMs = draw.logBetween(500, 60_000);
  return {
    budgetMs: draw.pick([2_000, 5_000, 5_000, 20_000]),
    maxRequests: draw.pick([20, 50, 200, 1_000_000, 1_000_000]),
    untilCaughtUp: draw.chance(0.7),
    lagMs: draw.pick([0, 1_000]),
    // What is in hand when the time is up must be through before the run has to leave.
    handlerMs: draw.pick([0, 0, 5, 50]),
    limit: draw.pick([undefined, undefined, 1, 4]),
    wallOffsetMs: draw.between(-600_000, 600_000),
    ...(hasHang && !isCalm && { hang: { afterMs, ...(!isKilled && { forMs: frozenMs }) } }),
  };
}
