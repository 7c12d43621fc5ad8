/**
 * Keeps the lead: takes the record, and renews it as seldom as may be. Among our own clients the
 * leader's heartbeats say that it leads, and so renew its lead; a Go client goes by the record alone.
 *
 * @module
 */

import type { LeaderRow } from "../model.ts";
import { mustRenewLead } from "../rules/leadership.ts";
import type { LoopContext } from "./context.ts";
import type { RosterView } from "./roster.ts";

/** One client's hold on the lead. */
export class LeadRecord {
  readonly #context: LoopContext;
  #row: LeaderRow | undefined;
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #keptAtMs = Number.NEGATIVE_INFINITY;
  #clientCount = 0;
  /** How often the lease had lapsed when the record was renewed. */
  #lapseCount = 0;
  /** Whether a heartbeat since then did not say that this client leads. */
  #wasSilent = false;

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** The record as this client last wrote it, while it leads. */
  get row(): LeaderRow | undefined {
    return this.#row;
  }

  /**
   * How many clients a heartbeat says that this one leads: none where it could not look at the fleet
   * for as long as it may be silent; another does better then.
   */
  sayInBeat(): number {
    if (this.#row === undefined) return 0;
    const { clock, options: { clientRecordMaxAgeMs } } = this.#context;
    const isActive = clock.monotonicMs() - this.#keptAtMs < clientRecordMaxAgeMs;
    if (!isActive) this.#wasSilent = true;
    return isActive ? this.#clientCount : 0;
  }

  /**
   * Takes or keeps the lead.
   *
   * @param observed the record that the decision to lead was made on
   * @param view the fleet, as this look has seen it
   * @returns whether this client leads
   */
  async keep(
    observed: LeaderRow | undefined,
    { living, dead }: RosterView,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { clock, lease, metadata, options } = this.#context;
    const askedAtMs = clock.monotonicMs();
    const isDue = this.#row === undefined || mustRenewLead({
      renewedMs: askedAtMs - this.#renewedAtMs,
      goShardCheckIntervalMs: options.goShardCheckIntervalMs,
      hasGo: [...living, ...dead].some((row) => row.maxAgeMs === undefined),
      isProven: lease.isValid && lease.lapseCount === this.#lapseCount && !this.#wasSilent,
    });
    if (isDue) {
      const { lapseCount } = lease;
      const { clientId, clientName, clientRecordMaxAgeMs: maxAgeMs } = options;
      this.#row = await metadata.lead({ clientId, clientName, maxAgeMs, observed }, signal);
      if (this.#row === undefined) return false;
      this.#renewedAtMs = askedAtMs;
      this.#lapseCount = lapseCount;
      this.#wasSilent = false;
    }
    this.#keptAtMs = askedAtMs;
    this.#clientCount = living.length;
    return true;
  }

  /** Leads no longer. */
  drop(): void {
    this.#row = undefined;
  }
}
