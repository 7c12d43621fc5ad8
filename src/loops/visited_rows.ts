/**
 * Does for those that come later what a visit can do with the rows of others: removes those of the
 * dead, and writes down of the silent for how long it saw them so.
 *
 * @module
 */

import type { ClientRow } from "../model.ts";
import { requestsToLeave } from "../rules/visit.ts";
import type { Random } from "../runtime.ts";
import type { LoopContext } from "./context.ts";
import type { Roster } from "./roster.ts";

/** How many rows that did not beat a visit writes down. */
const MOST_WITNESSED = 3;

/** What a visit needs to write rows of others. */
type RowsContext =
  & Pick<LoopContext, "announcer" | "clients" | "clock" | "maySpend" | "random">
  & { readonly options: Pick<LoopContext["options"], "clientId"> };

/** The rows of others, in one visit. */
export class VisitedRows {
  readonly #context: RowsContext;
  readonly #roster: Roster;

  constructor(context: RowsContext, roster: Roster) {
    this.#context = context;
    this.#roster = roster;
  }

  /** Rows of the dead count as clients to whoever comes next. */
  async removeDead(signal: AbortSignal): Promise<void> {
    const { announcer, clients, maySpend } = this.#context;
    for (const { row, isLiving } of this.#roster.seen) {
      if (isLiving || row.maxAgeMs === undefined || signal.aborted) continue;
      if (maySpend?.() === false) return;
      const isRemoved = await clients.remove(row, signal).catch(() => false);
      const { clientId: otherClientId } = row;
      if (isRemoved) announcer.announce({ type: "client-left", otherClientId, reason: "dead" });
    }
  }

  /**
   * Writes down what was seen of owners that did not beat, for those that come later. Never rejects:
   * somebody else will see it too.
   */
  async witness(requestsLeft: () => number, signal: AbortSignal): Promise<void> {
    const { clients, clock, random } = this.#context;
    const { clientId } = this.#context.options;
    const silent = this.#roster.seen.filter(({ row, isLiving, hasBeaten }) =>
      isLiving && !hasBeaten && row.maxAgeMs !== undefined && row.clientId !== clientId
    );
    const owed = requestsToLeave(0);
    const chosen = new Set(
      shuffled(silent.map(({ row }) => row.clientId), random).slice(0, MOST_WITNESSED),
    );
    for (const { row, sighting } of silent.filter((each) => chosen.has(each.row.clientId))) {
      if (requestsLeft() <= owed) return;
      const seenMs = clock.monotonicMs() - sighting.sinceMs;
      const before: ClientRow = { ...row, witnessedMs: sighting.witnessedMs };
      const witnessedMs = (sighting.witnessedMs ?? 0) + seenMs;
      await clients.witness?.(before, witnessedMs, signal).catch(() => false);
    }
  }
}

/** In an order of one's own, so that those that come at the same time seldom want the same. */
function shuffled(ids: readonly string[], random: Random): readonly string[] {
  return ids.map((id) => ({ id, place: random.next() }))
    .sort((a, b) => a.place - b.place).map(({ id }) => id);
}
