/**
 * Remembers what several looks showed: the lag of each shard over time, and how fast it catches up.
 *
 * @module
 */

import { observeAll, type Sighting } from "../rules/liveness.ts";
import type { FleetFacts } from "./fleet_facts.ts";
import type { FleetView } from "./fleet_view.ts";

/** How a shard has been doing. */
export interface Trend {
  /** In milliseconds, the latest last; a look that did not learn it is `undefined`. */
  readonly lags: readonly (number | undefined)[];
  /** Seconds of the stream that are processed in a second: below 1 the lag grows. */
  readonly pace: number | undefined;
}

const MAX_LAGS = 400;
/** The pace is that of the last so many looks. */
const PACE_LOOKS = 4;

interface Sample {
  readonly atMs: number;
  readonly lagMs: number | undefined;
}

/** What was seen so far. */
export class History {
  #sightings: ReadonlyMap<string, Sighting> = new Map();
  readonly #samples = new Map<string, Sample[]>();

  /** Of the clients' rows. */
  get sightings(): ReadonlyMap<string, Sighting> {
    return this.#sightings;
  }

  /** Of the shards. */
  get trends(): ReadonlyMap<string, Trend> {
    return new Map([...this.#samples].map(([shardId, samples]) => [shardId, trendOf(samples)]));
  }

  /** Takes in the clients' rows of a look: before the view is made. */
  sight({ clients, askedAtMs, answeredAtMs }: FleetFacts): void {
    const rows = clients.map(({ clientId, lastUpdate }) => ({ id: clientId, lastUpdate }));
    this.#sightings = observeAll(this.#sightings, rows, { askedAtMs, answeredAtMs });
  }

  /** Takes in what a look showed of the shards. */
  add({ shards, atMs }: FleetView): void {
    for (const { shardId, lagMs } of shards) {
      const samples = this.#samples.get(shardId) ?? [];
      samples.push({ atMs, lagMs: lagMs ?? undefined });
      if (samples.length > MAX_LAGS) samples.shift();
      this.#samples.set(shardId, samples);
    }
  }
}

function trendOf(samples: readonly Sample[]): Trend {
  const lags = samples.map(({ lagMs }) => lagMs);
  const recent = samples.slice(-PACE_LOOKS);
  const [first, last] = [recent[0], recent.at(-1)];
  if (first?.lagMs === undefined || last?.lagMs === undefined || last.atMs <= first.atMs) {
    return { lags, pace: undefined };
  }
  const pace = 1 - (last.lagMs - first.lagMs) / (last.atMs - first.atMs);
  return { lags, pace: Math.max(0, pace) };
}
