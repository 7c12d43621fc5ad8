/**
 * Finds out by watching whether anybody in a fleet is alive, as the fleet itself does: a row that
 * changes is alive, one that stands still for its time to live is not. No clock is compared with
 * another's, save for rows of the Go library that are older than any allowance.
 *
 * @module
 */

import type { ClientRow } from "../model.ts";
import { goMaxAgeMs, isLiving, observeAll, type Sighting, unchangedMs } from "../rules/liveness.ts";
import type { Clock } from "../runtime.ts";

/** What watching needs. */
export interface Watching {
  readonly clock: Clock;
  /** Reads the rows in question. */
  readonly read: (signal: AbortSignal) => Promise<readonly ClientRow[]>;
  readonly signal: AbortSignal;
  /** Told what is waited for, in words. */
  readonly onWait: (words: string) => void;
}

const LOOK_INTERVAL_MS = 250;
const GO_MAX_AGE_MS = goMaxAgeMs(60_000);

/**
 * Watches until one client is known to be alive, or all are known not to be.
 *
 * @returns the first that is found alive; `undefined` where nobody is
 */
export async function findLiving(watching: Watching): Promise<ClientRow | undefined> {
  const { clock, signal, onWait } = watching;
  let sightings: ReadonlyMap<string, Sighting> = new Map();
  for (;;) {
    const askedAtMs = clock.monotonicMs();
    const rows = await watching.read(signal);
    const answeredAtMs = clock.monotonicMs();
    const beating = rows.map(({ clientId, lastUpdate }) => ({ id: clientId, lastUpdate }));
    const before = sightings;
    sightings = observeAll(before, beating, { askedAtMs, answeredAtMs });
    const isNew = ({ clientId }: ClientRow): boolean => before.size > 0 && !before.has(clientId);
    const alive = rows.find((row) => sightings.get(row.clientId)!.hasChanged || isNew(row));
    if (alive !== undefined) return alive;
    const wallNowMs = clock.nowMs();
    const undecided = rows.filter((row) =>
      isLiving(row, sightings.get(row.clientId)!, { wallNowMs, goMaxAgeMs: GO_MAX_AGE_MS })
    );
    const [first] = undecided;
    if (first === undefined) return undefined;
    const maxAgeMs = first.maxAgeMs ?? GO_MAX_AGE_MS;
    const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;
    onWait(
      `Watching whether client "${first.clientName ?? first.clientId}" is alive: no beat for ` +
        `${seconds(unchangedMs(sightings.get(first.clientId)!))} of ${seconds(maxAgeMs)} ...`,
    );
    await clock.sleep(LOOK_INTERVAL_MS, signal);
    signal.throwIfAborted();
  }
}
