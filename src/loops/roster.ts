/**
 * Remembers what this client has seen of the others' beats: who is alive, by its own clock.
 *
 * @module
 */

import type { ClientRow } from "../model.ts";
import { goMaxAgeMs, isLiving, observe, type Sighting } from "../rules/liveness.ts";
import type { Clock } from "../runtime.ts";
import type { ClientsTable } from "../tables/clients_api.ts";
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
  /** After how long without a beat it counts as dead, in milliseconds. */
  readonly maxAgeMs: number;
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

  constructor(
    { clients, clock, options }: Pick<LoopContext, "clients" | "clock"> & {
      readonly options: Pick<LoopContext["options"], "goShardCheckIntervalMs">;
    },
  ) {
    this.#table = clients;
    this.#clock = clock;
    this.#goMaxAgeMs = goMaxAgeMs(options.goShardCheckIntervalMs);
  }

  /** Reads every row and tells the living from the dead. */
  async look(signal: AbortSignal): Promise<RosterView> {
    await this.readAll(signal);
    const living: ClientRow[] = [];
    const dead: ClientRow[] = [];
    for (const { row, isLiving } of this.seen) (isLiving ? living : dead).push(row);
    return { living, dead };
  }

  /** Reads every row: see {@linkcode Roster.seen}. */
  async readAll(signal: AbortSignal): Promise<void> {
    const askedAtMs = this.#clock.monotonicMs();
    const rows = await this.#table.list(signal);
    const read = { askedAtMs, answeredAtMs: this.#clock.monotonicMs() };
    const before = this.#sightings;
    this.#sightings = new Map(
      rows.map((row) => [row.clientId, observe(before.get(row.clientId), row, read)]),
    );
    this.#latest = [...rows].sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
  }

  /** The rows of the latest look, sorted by ID, and what is known of them. */
  get seen(): readonly SeenClient[] {
    return this.#latest.map((row) => this.#judge(row));
  }

  /** Reads one client's row; `undefined` where there is none. */
  async watch(clientId: string, signal: AbortSignal): Promise<SeenClient | undefined> {
    const askedAtMs = this.#clock.monotonicMs();
    const row = await this.#table.read(clientId, signal);
    if (row === undefined) return undefined;
    const read = { askedAtMs, answeredAtMs: this.#clock.monotonicMs() };
    this.#sightings.set(clientId, observe(this.#sightings.get(clientId), row, read));
    return this.#judge(row);
  }

  #judge(row: ClientRow): SeenClient {
    const sighting = this.#sightings.get(row.clientId)!;
    const goMaxAgeMs = this.#goMaxAgeMs;
    return {
      row,
      sighting,
      isLiving: isLiving(row, sighting, { wallNowMs: this.#clock.nowMs(), goMaxAgeMs }),
      maxAgeMs: row.maxAgeMs ?? goMaxAgeMs,
      hasBeaten: sighting.hasChanged,
    };
  }
}
