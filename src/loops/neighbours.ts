/**
 * Looks at the other applications of the stream, by a table that all of them name: the leader writes
 * its application's row, every client counts the rows that live, tells what throttle delay suits so
 * many, and adopts it if it may.
 *
 * @module
 */

import { applicationId, applicationsOf, suggestedDelayMs } from "../rules/neighbours.ts";
import type { ClientsTable } from "../tables/clients_api.ts";
import type { LoopContext } from "./context.ts";
import { persist } from "./persist.ts";
import { Roster } from "./roster.ts";

/** How many looks of its own an application's row outlives. */
const LOOKS_TO_LIVE = 3;

/** The other applications of the stream. */
export class Neighbours {
  readonly #context: LoopContext;
  readonly #table: ClientsTable;
  readonly #roster: Roster;
  readonly #isLeader: () => boolean;
  #known = "";

  /** @param table the rows of the applications: they beat like clients */
  constructor(context: LoopContext, table: ClientsTable, isLeader: () => boolean) {
    this.#context = context;
    this.#table = table;
    this.#isLeader = isLeader;
    this.#roster = new Roster({ ...context, clients: table });
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, options: { coordination } } = this.#context;
    while (!signal.aborted) {
      const what = { operation: "look at the applications", signal };
      await persist(this.#context, what, () => this.#look(signal));
      await clock.sleep(coordination?.intervalMs ?? 0, signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { applicationName, coordination, streamArn, streamName } = this.#context.options;
    if (coordination === undefined) return;
    const stream = streamArn ?? streamName;
    if (this.#isLeader()) {
      await this.#table.register({
        clientId: applicationId(stream, applicationName),
        clientName: `reads every ${this.#context.pace.throttleDelayMs} ms`,
        maxAgeMs: LOOKS_TO_LIVE * coordination.intervalMs,
        incarnation: this.#context.options.clientId,
        isLeaving: false,
      }, signal);
    }
    const { living, dead } = await this.#roster.look(signal);
    const others = applicationsOf(stream, living.map((row) => row.clientId));
    this.#tell([...new Set([...others, applicationName])].sort());
    if (this.#isLeader()) { for (const row of dead) await this.#table.remove(row, signal); }
  }

  #tell(applications: readonly string[]): void {
    const { announcer, options, pace } = this.#context;
    const suggested = suggestedDelayMs(applications.length);
    if (options.coordination?.adopt) {
      pace.throttleDelayMs = Math.max(options.throttleDelayMs, suggested);
    }
    const known = applications.join("/");
    if (known === this.#known) return;
    this.#known = known;
    const { throttleDelayMs } = pace;
    announcer.announce({
      type: "applications-changed",
      applications,
      suggestedDelayMs: suggested,
      throttleDelayMs,
    });
  }
}
