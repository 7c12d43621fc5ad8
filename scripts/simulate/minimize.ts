/**
 * Makes a failing scenario small: the fewest actions, clients and shards that still break the same
 * promise.
 *
 * @module
 */

import type { PromiseName } from "../../testing/simulation/account.ts";
import type { Scenario } from "../../testing/simulation/scenario.ts";
import { playSafely } from "./play_seed.ts";

/** The most scenarios that are tried. */
const MOST_TRIES = 200;

/** The smallest scenario found that still breaks the promise. */
export async function minimize(scenario: Scenario, promise: PromiseName): Promise<Scenario> {
  let smallest = scenario;
  let tries = 0;
  const breaks = async (candidate: Scenario): Promise<boolean> => {
    if (tries++ >= MOST_TRIES) return false;
    const { violations } = await playSafely(candidate.seed, candidate);
    return violations.some((violation) => violation.promise === promise);
  };
  for (let isSmaller = true; isSmaller && tries < MOST_TRIES;) {
    isSmaller = false;
    for (const candidate of smallerScenarios(smallest)) {
      if (!await breaks(candidate)) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

/** Scenarios one step smaller, the boldest steps first. */
function* smallerScenarios(scenario: Scenario): Generator<Scenario> {
  const { actions, clientCount, shardCount } = scenario;
  for (let size = Math.ceil(actions.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < actions.length; from += size) {
      yield { ...scenario, actions: [...actions.slice(0, from), ...actions.slice(from + size)] };
    }
  }
  if (clientCount > 1) yield { ...scenario, clientCount: clientCount - 1 };
  if (shardCount > 1) yield { ...scenario, shardCount: shardCount - 1 };
}
