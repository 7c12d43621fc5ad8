/**
 * Remembers what this client has seen of the others' beats: who is alive, by its own clock.
 *
 * @module
 */

import type { ClientRow } from "../model.ts";
import { goMaxAgeMs, isLiving, observe, type Sighting } from "../rules/liveness.ts";
import type { Clock } from "../runtime.ts";
import type { ClientsTable } from "../tables/clients.ts";
import type { LoopContext } from "./context.ts";

/** A look at the whole clients table. */
export interface RosterView {
  /** The rows of the clients that count as alive, sorted by ID. */
  readonly living: readonly ClientRow[];
  /** The other rows. */
  readonly dead: readonly ClientRow[];
}

/** What is known of one client. */
export interface SeenClient {
  readonly row: ClientRow;
  readonly sighting: Sighting;
  readonly isLiving: boolean;
  /** Whether it was seen to beat. */
  readonly hasBeaten: boolean;
}

/** What this client has seen of the others' beats. */
export class Roster {
  readonly #table: ClientsTable;
  readonly #clock: Clock;
  readonly #goMaxAgeMs: number;
  #sightings = new Map<string, Sighting>();
  #latest: readonly ClientRow[] = [];

  constructor({ clients, clock, options }: Pick<LoopContext, "clients" | "clock" | "options">) {
    this.#table = clients;
    this.#clock = clock;
    this.#goMaxAgeMs = goMaxAgeMs(options.goShardCheckIntervalMs);
  }

  /** Reads every row and tells the living from the dead. */
  async look(signal: AbortSignal): Promise<RosterView> {
    const askedAtMs = this.#clock.monotonicMs();
    const rows = await this.#table.list(signal);
    const read = { askedAtMs, answeredAtMs: this.#clock.monotonicMs() };
    const ids = new Set(rows.map((row) => row.clientId));
    for (const id of this.#sightings.keys()) if (!ids.has(id)) this.#sightings.delete(id);
    this.#latest = rows;
    const sorted = [...rows].sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
    const living: ClientRow[] = [];
    const dead: ClientRow[] = [];
    for (const row of sorted) (this.#see(row, read) ? living : dead).push(row);
    return { living, dead };
  }

  /** The rows of the latest look, and what is known of them. */
  get seen(): readonly SeenClient[] {
    return this.#latest.map((row) => {
      const sighting = this.#sightings.get(row.clientId)!;
      return {
        row,
        sighting,
        isLiving: this.#judge(row, sighting),
        hasBeaten: sighting.hasChanged,
      };
    });
  }

  /** Reads one client's row; `undefined` where there is none. */
  async watch(clientId: string, signal: AbortSignal): Promise<SeenClient | undefined> {
    const askedAtMs = this.#clock.monotonicMs();
    const row = await this.#table.read(clientId, signal);
    if (row === undefined) return undefined;
    const isAlive = this.#see(row, { askedAtMs, answeredAtMs: this.#clock.monotonicMs() });
    const sighting = this.#sightings.get(clientId)!;
    return { row, sighting, isLiving: isAlive, hasBeaten: sighting.hasChanged };
  }

  #see(row: ClientRow, read: { askedAtMs: number; answeredAtMs: number }): boolean {
    const sighting = observe(this.#sightings.get(row.clientId), row, read);
    this.#sightings.set(row.clientId, sighting);
    return this.#judge(row, sighting);
  }

  #judge(row: ClientRow, sighting: Sighting): boolean {
    return isLiving(row, sighting, {
      wallNowMs: this.#clock.nowMs(),
      goMaxAgeMs: this.#goMaxAgeMs,
    });
  }
}
